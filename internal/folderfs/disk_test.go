package folderfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

func TestOpenMakesNothingUnlessAsked(t *testing.T) {
	path := t.TempDir()
	d, err := folderfs.Open(path, folderfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := d.ReadDir(""); err != nil || len(list) != 0 {
		t.Errorf("the folder holds %v, %v", list, err)
	}
	if c := d.Capabilities(); c.MaxName == 0 {
		t.Errorf("nothing is assumed: %+v", c)
	}
	if err := d.Prepare(); err != nil {
		t.Fatal(err)
	}
	list, err := d.ReadDir(folderfs.WorkDir)
	if err != nil || len(list) != 4 {
		t.Errorf("the work directory holds %+v, %v; want its three parts and the identity alone", list, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenRefusesWhatIsNoDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if _, err := folderfs.Open(path, folderfs.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := folderfs.Open(path, folderfs.Options{}); !errors.Is(err, folderfs.ErrNotDirectory) {
		t.Errorf("a file: %v", err)
	}
}

func TestPrepareRefusesAWorkDirectoryThatIsSomethingElse(t *testing.T) {
	path, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(path, folderfs.WorkDir)); err != nil {
		t.Skip("no symlinks here: ", err)
	}
	if _, err := folderfs.Open(path, folderfs.Options{Prepare: true}); !errors.Is(err, folderfs.ErrNotDirectory) {
		t.Errorf("error is %v", err)
	}
	if list, err := os.ReadDir(elsewhere); err != nil || len(list) != 0 {
		t.Errorf("elsewhere now holds %v, %v", list, err)
	}
}

func TestARootThatWentAwayIsNoticed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root")
	for range 2 { // once missing, once another
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		d, err := folderfs.Open(path, folderfs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.CheckRoot(); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path, path+"-moved"); err != nil {
			t.Skip("an open directory does not move here: ", err)
		}
		if err := d.CheckRoot(); !errors.Is(err, folderfs.ErrRootGone) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("missing: %v", err)
		}
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := d.CheckRoot(); !errors.Is(err, folderfs.ErrRootGone) {
			t.Errorf("another one: %v", err)
		}
		if err := errors.Join(d.Close(), os.Remove(path), os.Remove(path+"-moved")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestErrorsKeepMeaningAndNumber(t *testing.T) {
	for _, one := range []struct {
		err  error
		text string
	}{
		{folderfs.NewError("rename", "a", "b", fs.ErrExist), `rename "a" to "b": file already exists`},
		{folderfs.NewError("read directory", "", "", folderfs.ErrKind), `read directory folder root: not a regular file`},
		{folderfs.NewError("open", "a", "", &fs.PathError{Op: "openat", Path: "x", Err: fs.ErrPermission}), `open "a": permission denied`},
		{folderfs.NewError("copy", "a", "", folderfs.NewError("open", "b", "", fs.ErrExist)), `copy "a": file already exists`},
	} {
		if one.err.Error() != one.text {
			t.Errorf("text is %s, want %s", one.err, one.text)
		}
	}
	if folderfs.NewError("open", "a", "", nil) != nil {
		t.Error("no error became one")
	}
}

func TestNamesWindowsReserves(t *testing.T) {
	for _, name := range []string{"CON", "con.txt", "Aux", "nul .x", "COM1", "lpt9.c", "COM²", "a:b", "a\\b", "x.", "x ", "a\x01", "?"} {
		if !folderfs.ReservedOnWindows(name) {
			t.Errorf("%q is let through", name)
		}
	}
	for _, name := range []string{"CONTACT", "com", "com10", "lpt", ".profile", "a b", "nul1", "é"} {
		if folderfs.ReservedOnWindows(name) {
			t.Errorf("%q is refused", name)
		}
	}
}

// benchFolder has 1,000 files at depth 4.
func benchFolder(b *testing.B) *folderfs.Disk {
	b.Helper()
	path := b.TempDir()
	if err := os.MkdirAll(filepath.Join(path, "a/b/c"), 0o755); err != nil {
		b.Fatal(err)
	}
	for n := range 1000 {
		if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("a/b/c/f%03d", n)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	d, err := folderfs.Open(path, folderfs.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = d.Close() }) // nothing was written
	return d
}

func BenchmarkLstat(b *testing.B) {
	d := benchFolder(b)
	for b.Loop() {
		if _, err := d.Lstat("a/b/c/f500"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	d := benchFolder(b)
	for b.Loop() {
		f, err := d.Open("a/b/c/f500")
		if err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadDirOf1000(b *testing.B) {
	d := benchFolder(b)
	for b.Loop() {
		if _, err := d.ReadDir("a/b/c"); err != nil {
			b.Fatal(err)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
