package store

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
)

// A content is found, and forgotten, whichever of the two tables it lies in,
// and after a move and another start too.
func TestContentsAreFoundBeforeAndAfterTheyMove(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.db")
	s := reopen(t, nil, path)
	file := func(name string, content byte) index.Entry {
		b := []index.Block{{Size: 3, Hash: index.Hash{content}}}
		return index.Entry{Name: name, Size: 3, Blocks: b, Hash: index.HashBlocks(b), Version: index.Version{{Replica: 1, Value: 1}}}
	}
	commit := func(base index.Version, e index.Entry) {
		t.Helper()
		if stale, err := s.Commit(t.Context(), []index.Change{{Base: base, Entry: e}}, true); err != nil || len(stale) > 0 {
			t.Fatal(stale, err)
		}
	}
	found := func(content byte, want int) {
		t.Helper()
		held, err := s.Holding(t.Context(), file("", content).Hash, 10)
		if err != nil || len(held) != want {
			t.Fatalf("content %d is held by %d names, want %d: %v", content, len(held), want, err)
		}
	}
	moved := func(want int) {
		t.Helper()
		var n int
		err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM contents").Scan(&n)
		if err != nil || n != want {
			t.Fatalf("%d contents have moved, want %d: %v", n, want, err)
		}
	}
	commit(nil, file("a", 1))
	commit(nil, file("b", 1))
	found(1, 2)
	moved(0)
	s.newContents = manyNewContents // as if as many had come
	commit(nil, file("c", 2))
	moved(3)
	found(1, 2)
	found(2, 1)

	commit(nil, file("d", 1)) // one of each table
	found(1, 3)
	s = reopen(t, s, path)
	if s.newContents != 1 {
		t.Fatalf("%d new contents after a start, want 1", s.newContents)
	}
	for i, name := range []string{"a", "d"} {
		gone := file(name, 1)
		gone.Deleted, gone.Blocks, gone.Size, gone.Version = true, nil, 0, index.Version{{Replica: 1, Value: 2}}
		commit(index.Version{{Replica: 1, Value: 1}}, gone)
		found(1, 2-i)
	}
	if s.newContents != 0 {
		t.Fatalf("%d new contents are left, want 0", s.newContents)
	}
}

// A write that fails takes the count of new contents back with it.
func TestAFailedWriteCountsNoContents(t *testing.T) {
	s := reopen(t, nil, filepath.Join(t.TempDir(), "index.db"))
	failed := fmt.Errorf("on purpose")
	err := s.write(t.Context(), "failing", true, func(tx *transaction) error {
		tx.newContents += 5
		return failed
	})
	if err == nil || s.newContents != 0 {
		t.Fatalf("error %v, %d new contents", err, s.newContents)
	}
}

func reopen(t *testing.T, s *Store, path string) *Store {
	t.Helper()
	if s != nil {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
