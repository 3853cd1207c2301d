package pull

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// shutDown is a file system that stops in the middle of a group: from then on
// everything fails but the flush of directories, which does nothing.
type shutDown struct {
	folderfs.Writer
	down atomic.Bool
}

func (s *shutDown) SyncDir(name string) error {
	if s.down.Load() {
		return nil
	}
	return s.Writer.SyncDir(name)
}

func (s *shutDown) Lstat(name string) (folderfs.Info, error) {
	if s.down.Load() {
		return folderfs.Info{}, folderfs.NewError("lstat", name, "", syscall.EIO)
	}
	return s.Writer.Lstat(name)
}

func TestWhatADeadFileSystemSaysIsDurableIsNotRecorded(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	fs := &shutDown{Writer: w.fs}
	w.fs = fs
	w.announce(w.fileOf("a", []byte("theirs")))
	w.opt.Fault = func(point string) error {
		if point == "pull.placed" {
			fs.down.Store(true)
		}
		return nil
	}
	w.restart()
	for _, o := range w.pullAll(w.decide()) {
		if o.Status == plan.Done {
			t.Errorf("outcome %+v", o)
		}
	}
	held, err := w.idx.Local(t.Context(), "a")
	if err != nil || held != nil {
		t.Errorf("held %+v, %v", held, err)
	}
	if _, err := fs.Lstat("a"); !errors.Is(err, syscall.EIO) {
		t.Errorf("error is %v", err)
	}
}
