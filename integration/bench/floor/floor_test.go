package floor

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/integration/bench/corpus"
	"github.com/labsync/labsync/integration/bench/observe"
	"github.com/labsync/labsync/sync/chunk"
)

func TestACopyHoldsWhatItsSourceHolds(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	if err := corpus.Source(from, 600, 500_000, 1); err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	want, err := observe.Read(from)
	if err != nil {
		t.Fatal(err)
	}
	got, err := observe.Read(to)
	if err != nil {
		t.Fatal(err)
	}
	if d := observe.Difference(want, got.Without(".work")); d != "" {
		t.Error(d)
	}
	sums := [2]map[string][sha256.Size]byte{}
	for i, dir := range []string{from, to} {
		if sums[i], err = observe.Sums(t.Context(), dir, want); err != nil {
			t.Fatal(err)
		}
	}
	for name, sum := range sums[0] {
		if sums[1][name] != sum {
			t.Errorf("%s has other bytes", name)
		}
	}
}

func TestASingleFileIsCopiedToo(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	if err := corpus.File(from, 10_000, 1); err != nil {
		t.Fatal(err)
	}
	if err := Copy(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(to, "from")); err != nil || st.Size() != 10_000 {
		t.Errorf("the copy is %v, %v", st, err)
	}
}

func TestWhatIsMissingIsAnErrorOfEveryKindOfWork(t *testing.T) {
	missing := []string{filepath.Join(t.TempDir(), "missing")}
	for name, err := range map[string]error{
		"copy":    Copy(t.Context(), missing[0], t.TempDir()),
		"content": Chunk(t.Context(), chunk.Content, missing),
		"fixed":   Chunk(t.Context(), chunk.Fixed, missing),
		"hash":    Hash(t.Context(), missing),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
