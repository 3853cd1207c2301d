package sim

import (
	"path/filepath"
	"strings"
	"testing"
)

// testdata/seeds has a script for every failure that was found and mended. The
// first line of each says which invariant was broken, and why.
func TestMendedFailuresStayMended(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "seeds", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readScript(t, file)
			if len(s.Comment) == 0 {
				t.Error("no comment says what was broken")
			}
			for _, v := range play(t, s.Options()).Violations {
				t.Errorf("%v again; was: %s", v, strings.Join(s.Comment, " "))
			}
		})
	}
}
