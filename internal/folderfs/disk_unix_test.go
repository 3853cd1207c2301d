//go:build linux || darwin

package folderfs_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/fstest"
)

// user acts on a folder through the operating system.
type user struct{ root string }

func (u user) path(name string) string { return filepath.Join(u.root, name) }

func (u user) Write(name string, content []byte) error {
	return os.WriteFile(u.path(name), content, 0o644)
}

func (u user) Read(name string) ([]byte, error)     { return os.ReadFile(u.path(name)) }
func (u user) Mkdir(name string) error              { return os.MkdirAll(u.path(name), 0o755) }
func (u user) Link(old, new string) error           { return os.Link(u.path(old), u.path(new)) }
func (u user) Chmod(name string, mode uint32) error { return os.Chmod(u.path(name), os.FileMode(mode)) }

func (u user) Symlink(text, name string) error {
	return unlessImpossible(os.Symlink(text, u.path(name)))
}

func (u user) Fifo(name string) error {
	return unlessImpossible(unix.Mkfifo(u.path(name), 0o600), unix.EIO) // which exfat-fuse says
}

// unlessImpossible turns the errors of a file system that has no means for
// something into the one that the suite knows.
func unlessImpossible(err error, more ...error) error {
	for _, one := range append(more, unix.ENOSYS, unix.EPERM, unix.EOPNOTSUPP) {
		if errors.Is(err, one) {
			return folderfs.ErrUnsupported
		}
	}
	return err
}

func (u user) Hold(name string) (io.WriteCloser, error) {
	return os.OpenFile(u.path(name), os.O_WRONLY|os.O_APPEND, 0)
}

// openDisk opens a new folder on the disk the tests run on.
func openDisk(t testing.TB, opts folderfs.Options) *folderfs.Disk {
	t.Helper()
	opts.Prepare = true
	d, err := folderfs.Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return d
}

// lacks are file systems that cannot do what this one can.
var lacks = []struct {
	says string
	lack folderfs.Capabilities
}{
	{"as it is", folderfs.Capabilities{}},
	{"without exchange", folderfs.Capabilities{Exchange: true}},
	{"without noreplace", folderfs.Capabilities{NoReplace: true}},
	{"without noreplace and hard links", folderfs.Capabilities{NoReplace: true, HardLinks: true}},
	{"without stable inodes and ctime", folderfs.Capabilities{StableInodes: true, Ctime: true}},
	{"without symlinks", folderfs.Capabilities{Symlinks: true}},
	{"without modes", folderfs.Capabilities{Modes: true}},
	{"without reflink and watch", folderfs.Capabilities{Reflink: true, Watchable: true}},
	{"without case and exact names", folderfs.Capabilities{CaseSensitive: true, UnicodeExact: true}},
	{"with times in steps of 2 s", folderfs.Capabilities{MtimeGranularity: 2 * time.Second}},
	{"with names of 143 bytes", folderfs.Capabilities{MaxName: 143}},
}

func TestDisk(t *testing.T) {
	for _, one := range lacks {
		t.Run(one.says, func(t *testing.T) {
			t.Parallel()
			fstest.Run(t, func(t *testing.T) fstest.Fixture {
				d := openDisk(t, folderfs.Options{Without: one.lack})
				return fstest.Fixture{Writer: d, User: user{d.Path()}}
			})
		})
	}
	t.Run("without openat2", func(t *testing.T) {
		t.Parallel()
		fstest.Run(t, func(t *testing.T) fstest.Fixture {
			d := openDisk(t, folderfs.Options{})
			d.Walk()
			return fstest.Fixture{Writer: d, User: user{d.Path()}}
		})
	})
}
