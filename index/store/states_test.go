package store_test

import (
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
)

// Names come from the disk too. JSON, in which they are asked for, holds no other
// than UTF-8, and has U+FFFD for what is none: that is another name.
func TestNothingIsKnownOfANameThatIsNotUTF8(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "index.db"))
	e := index.Entry{Name: "bad\ufffd", Type: index.Directory, Version: index.Version{{Replica: 1, Value: 1}}, ModifiedBy: 1}
	if _, err := s.Commit(t.Context(), []index.Change{{Entry: e}}, false); err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{{"bad\xff"}, {"a", "bad\xff"}, {"a", "bad\xff", e.Name, "bad\xff"}} {
		states, err := s.States(t.Context(), names, len(names) == 2)
		if err != nil || len(states) != len(names) {
			t.Fatalf("%d states, %v", len(states), err)
		}
		for i, name := range names {
			if states[i].Name != name || (states[i].Local != nil) != (name == e.Name) {
				t.Errorf("asked for %q, got the state of %q, held: %v", name, states[i].Name, states[i].Local)
			}
		}
	}
}
