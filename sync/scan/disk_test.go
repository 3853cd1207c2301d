package scan

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/folderfs"
)

// parallel is the executor a daemon uses.
func parallel(n int, work func(int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

type fixture struct {
	disk *folderfs.Disk
	idx  *memstore.Store
	opt  Options
}

func newFixture(tb testing.TB, root string) *fixture {
	tb.Helper()
	disk, err := folderfs.Open(root, folderfs.Options{Prepare: true})
	if err != nil {
		if errors.Is(err, folderfs.ErrUnsupported) {
			tb.Skipf("this system's folderfs cannot open a folder: %v", err)
		}
		tb.Fatal(err)
	}
	tb.Cleanup(func() { disk.Close() })
	idx, err := memstore.New(memstore.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return &fixture{disk: disk, idx: idx, opt: Options{Parallel: parallel, Spawn: func(f func()) { go f() }}}
}

func (x *fixture) scan(tb testing.TB, record bool) []Found {
	tb.Helper()
	var all []Found
	err := New(x.disk.Reader(), x.idx, x.opt).Scan(context.Background(), []Scope{{Recursive: true}}, func(found []Found) error {
		all = append(all, found...)
		if !record {
			return nil
		}
		var changes []index.Change
		for _, f := range found {
			f.Entry.Version, f.Entry.ModifiedBy = f.Base.Bump(7, 0), 7
			f.Disk.Seen += 1e12 // long enough ago to prove something
			changes = append(changes, index.Change{Base: f.Base, Entry: f.Entry, Disk: f.Disk, Flags: f.Flags})
		}
		_, err := x.idx.Commit(context.Background(), changes, false)
		return err
	}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func TestAScanOfADiskFindsWhatTheSystemHolds(t *testing.T) {
	root := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Join(root, "a", "b"), 0o755))
	must(os.WriteFile(filepath.Join(root, "a", "b", "run"), []byte("#!"), 0o755))
	must(os.WriteFile(filepath.Join(root, "big"), make([]byte, 3<<20), 0o600))
	must(os.Symlink("../outside", filepath.Join(root, "a", "link")))
	x := newFixture(t, root)
	w := &world{t: t}
	w.expect("first", x.scan(t, true), "a changed", "a/b changed", "a/b/run changed", "a/link changed", "big changed")
	w.expect("second", x.scan(t, true))
	must(os.Rename(filepath.Join(root, "big"), filepath.Join(root, "a", "big")))
	must(os.Chmod(filepath.Join(root, "a", "b", "run"), 0o644))
	w.expect("after a rename and a chmod", x.scan(t, true), "a/b/run meta-changed", "a/big changed from big", "big removed")
}
