package pull

import (
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// Permissions without the time that belongs to them would pass for a person's.
func TestAttributesAreSetTogetherOrNot(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	e := w.fileOf("a", []byte("theirs"))
	w.announce(e)
	w.want(w.sync(), plan.Done)
	before, err := w.mem.Lstat("a")
	if err != nil {
		t.Fatal(err)
	}
	e.Mode, e.Mtime, e.Version = 0o600, e.Mtime+1e9, e.Version.Bump(e.ModifiedBy, 0)
	w.announce(e)
	w.mem.SetHook(func(op memfs.Op, _ string) error {
		if op == memfs.OpChtimes {
			return syscall.EIO
		}
		return nil
	})
	w.want(w.pullAll(w.decide()), plan.Failed)
	w.mem.SetHook(nil)
	after, err := w.mem.Lstat("a")
	if err != nil || after.Mode != before.Mode || after.Mtime != before.Mtime {
		t.Errorf("it was %+v and is %+v, %v", before, after, err)
	}
}
