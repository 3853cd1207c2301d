package memfs_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

func TestHookFailsOperationsWithTheirMeaning(t *testing.T) {
	f := prepared(t, memfs.Options{})
	for _, one := range []struct{ fault, meaning error }{
		{syscall.ENOSPC, folderfs.ErrNoSpace},
		{syscall.EACCES, fs.ErrPermission},
		{syscall.ENAMETOOLONG, folderfs.ErrTooLong},
		{syscall.EIO, syscall.EIO},
	} {
		f.SetHook(func(op memfs.Op, name string) error {
			if op == memfs.OpMkdir && name == "d" {
				return one.fault
			}
			return nil
		})
		if err := f.Mkdir("d", 0o755); !errors.Is(err, one.meaning) || !errors.Is(err, one.fault) {
			t.Errorf("error is %v, want %v", err, one.meaning)
		}
	}
	f.SetHook(nil)
	if _, err := f.Lstat("d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed operation did something: %v", err)
	}
}

func TestShortWriteWritesAPart(t *testing.T) {
	f := prepared(t, memfs.Options{Hook: func(op memfs.Op, _ string) error {
		if op == memfs.OpWrite {
			return &memfs.ShortWrite{N: 3, Err: syscall.ENOSPC}
		}
		return nil
	}})
	file, err := f.Create(folderfs.TempDir + "/x")
	must(t, err)
	n, err := file.WriteAt([]byte("012345"), 0)
	if n != 3 || !errors.Is(err, folderfs.ErrNoSpace) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if got := read(f.User(), folderfs.TempDir+"/x"); got != "012" {
		t.Errorf("content is %q", got)
	}
}

func TestTheHookSeesEachOperationBeforeItHappens(t *testing.T) {
	var seen []memfs.Op
	f := prepared(t, memfs.Options{})
	f.SetHook(func(op memfs.Op, name string) error {
		seen = append(seen, op)
		if op == memfs.OpRename { // a save between the check and the rename
			return f.User().Write("f", []byte("saved"))
		}
		return nil
	})
	file, err := f.Create(folderfs.TempDir + "/x")
	must(t, err)
	must(t, file.Close())
	if err := f.RenameNoReplace(folderfs.TempDir+"/x", "f"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v", err)
	}
	if got := read(f.User(), "f"); got != "saved" {
		t.Errorf("content is %q", got)
	}
	if len(seen) != 3 {
		t.Errorf("seen are %v", seen)
	}
}

func TestAFullDiskTakesWhatFits(t *testing.T) {
	f := prepared(t, memfs.Options{Capacity: 10})
	must(t, f.User().Write("f", []byte("12345678")))
	if err := f.User().Write("g", []byte("abcd")); !errors.Is(err, folderfs.ErrNoSpace) {
		t.Errorf("error is %v", err)
	}
	if got := read(f.User(), "g"); got != "ab" {
		t.Errorf("content is %q", got)
	}
	must(t, f.User().Remove("f"))
	if free, err := f.Free(); err != nil || free != 8 {
		t.Errorf("%d bytes are free, %v", free, err)
	}
}

func TestRestartClosesFilesAndKeepsWhatWasWritten(t *testing.T) {
	f := prepared(t, memfs.Options{})
	file := temp(t, f, "x", "content")
	must(t, f.Close())
	if _, err := f.Lstat(""); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("error is %v", err)
	}
	f.Restart()
	if _, err := file.WriteAt([]byte("late"), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a file of the old process writes: %v", err)
	}
	if busy, err := f.Busy(folderfs.TempDir + "/x"); busy || err != nil {
		t.Errorf("busy %v, %v", busy, err)
	}
	if got := read(f.User(), folderfs.TempDir+"/x"); got != "content" {
		t.Errorf("content is %q", got)
	}
}

func TestAMountIsAnotherFileSystem(t *testing.T) {
	f := prepared(t, memfs.Options{})
	u := f.User()
	must(t, u.Mkdir("m"))
	must(t, u.Write("f", []byte("x")))
	must(t, u.Mount("m"))
	must(t, u.Write("m/inside", []byte("y")))
	if err := f.RenameNoReplace("f", "m/f"); !errors.Is(err, folderfs.ErrCrossDevice) {
		t.Errorf("error is %v", err)
	}
	info, err := f.Lstat("m/inside")
	must(t, err)
	if info.Device == f.Root().Device {
		t.Error("it lies on the root's device")
	}
	must(t, u.Unmount("m"))
	if list, err := f.ReadDir("m"); err != nil || len(list) != 0 {
		t.Errorf("unmounted it holds %v, %v", list, err)
	}
	must(t, u.Mount("m"))
	if got := read(u, "m/inside"); got != "y" {
		t.Errorf("mounted again it holds %q", got)
	}
}

func TestUsersSave(t *testing.T) {
	f := prepared(t, memfs.Options{})
	u := f.User()
	must(t, u.Write("f", []byte("one")))
	must(t, u.Chmod("f", 0o600))
	before, err := u.Lstat("f")
	must(t, err)
	must(t, u.SaveByRename("f", []byte("two")))
	after, err := u.Lstat("f")
	must(t, err)
	if after.Inode == before.Inode || after.Mode != 0o600 || read(u, "f") != "two" {
		t.Errorf("saved by rename: %+v, %q", after, read(u, "f"))
	}
	must(t, u.SaveWithBackup("f", []byte("three")))
	if read(u, "f~") != "two" || read(u, "f") != "three" {
		t.Errorf("saved with backup: %q, %q", read(u, "f~"), read(u, "f"))
	}
	before, err = u.Lstat("f")
	must(t, err)
	must(t, u.WriteMapped("f", []byte("THR"), 0))
	after, err = u.Lstat("f")
	must(t, err)
	if after != before || read(u, "f") != "THRee" {
		t.Errorf("a mapped write changed %+v to %+v, content %q", before, after, read(u, "f"))
	}
	must(t, u.RemoveAll(""))
	if items, err := u.Tree(""); err != nil || len(items) != 0 {
		t.Errorf("%d names are left, %v", len(items), err)
	}
}

func TestCaseIsKeptButNotToldApart(t *testing.T) {
	f := prepared(t, memfs.Options{Capabilities: memfs.MacOS()})
	u := f.User()
	must(t, u.Write("Caf\u00e9", []byte("x")))
	info, err := f.Lstat("CAFE\u0301")
	must(t, err)
	if info.Name != "Cafe\u0301" {
		t.Errorf("it is spelled %q", info.Name)
	}
	must(t, u.Rename("Caf\u00e9", "caf\u00e9"))
	if info, err = f.Lstat("CAF\u00c9"); err != nil || info.Name != "cafe\u0301" {
		t.Errorf("renamed it is spelled %q, %v", info.Name, err)
	}
	if err := f.Mkdir("CAF\u00c9", 0o755); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error is %v", err)
	}
}

func TestReservedNamesAreRefused(t *testing.T) {
	f := prepared(t, memfs.Options{Capabilities: memfs.Windows(), ReservedNames: true})
	for _, name := range []string{"CON", "aux.txt", "a:b", "x.", "x ", "lpt1", "com¹.c", "d?"} {
		if err := f.Mkdir(name, 0o755); !errors.Is(err, folderfs.ErrName) {
			t.Errorf("%q: error is %v", name, err)
		}
	}
	must(t, f.Mkdir("console", 0o755))
}

func BenchmarkPlace(b *testing.B) {
	f := prepared(b, memfs.Options{})
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(f.User().Write("f", []byte("old")))
	for b.Loop() {
		file, err := f.Create(folderfs.TempDir + "/x")
		must(err)
		_, err = file.WriteAt([]byte("new"), 0)
		must(err)
		must(file.Sync())
		must(file.Close())
		must(f.Exchange(folderfs.TempDir+"/x", "f"))
		must(f.SyncDir(""))
		must(f.SyncDir(folderfs.TempDir))
		must(f.Remove(folderfs.TempDir + "/x"))
	}
}
