package writelog

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/internal/testkit/mount"
)

func TestMain(m *testing.M) { os.Exit(mount.Private(m)) }

// shortDir is a directory with a path that leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lsw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A file that was synced is found again after a loss of power, one that was not
// need not be: it is not where nothing unflushed has survived.
func TestAFileSystemOnADeviceIsFoundAgain(t *testing.T) {
	typ := mount.Ext4()
	mount.Need(t, typ)
	if _, err := exec.LookPath(Program); err != nil {
		t.Skip(Program + " is not installed")
	}
	var l Log
	d := l.NewDevice(typ.Size)
	disk, err := d.Attach(shortDir(t))
	must(t, err)
	dir := t.TempDir()
	must(t, typ.Format(disk.Path()))
	must(t, typ.Mount(disk.Path(), dir))
	l.Begin()
	out, err := exec.Command("sh", "-c", "cd "+dir+" && echo durable >a && sync a && sync . && echo lost >b").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
	end := l.Len()
	must(t, errors.Join(mount.Unmount(dir), disk.Close()))

	r := NewReplay(&l)
	r.Advance(end)
	file, err := mount.Memory(d.Size())
	must(t, err)
	defer file.Close()
	must(t, r.Left(d, none).Store(file, d.Size()))
	loop, err := mount.Attach(file)
	must(t, err)
	defer loop.Close()
	must(t, typ.Mount(loop.Path(), dir))
	text, err := os.ReadFile(filepath.Join(dir, "a"))
	if err != nil || string(text) != "durable\n" {
		t.Errorf("found %q, %v", text, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "b")); err == nil && len(text) > 0 {
		t.Errorf("found %q, which nobody made durable", text)
	}
	must(t, mount.Unmount(dir))
}
