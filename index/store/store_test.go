package store_test

import (
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/index/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) index.Store { return open(t, filepath.Join(t.TempDir(), "index.db")) })
}

// TestSameAsInMemory compares with index/memstore, which keeps the same rules
// in maps, over restarts of the database.
func TestSameAsInMemory(t *testing.T) {
	seeds, steps := 6, 100
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		path := filepath.Join(t.TempDir(), "index.db")
		memory, err := memstore.New(memstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for restart := range 3 {
			s := open(t, path)
			storetest.Compare(t, memory, s, uint64(seed*10+restart), steps)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
