package folderfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSubdirectoriesAreTheDirectoriesOfReadDir(t *testing.T) {
	root := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range 600 { // more than one call returns
		name := filepath.Join(root, "d", strings.Repeat("x", i%200)+string(rune('a'+i%26))+strings.Repeat("y", i/20))
		if i%3 == 0 {
			must(os.MkdirAll(name, 0o755))
		} else {
			must(os.MkdirAll(filepath.Dir(name), 0o755))
			must(os.WriteFile(name, nil, 0o600))
		}
	}
	must(os.Symlink(".", filepath.Join(root, "d", "link to a directory")))
	must(unix.Mkfifo(filepath.Join(root, "d", "fifo"), 0o600))
	must(os.Mkdir(filepath.Join(root, "empty"), 0o755))
	d, err := Open(root, Options{Prepare: true})
	must(err)
	defer d.Close()
	for _, r := range []Reader{d, d.Reader()} {
		for _, dir := range []string{"", "d", "empty", WorkDir} {
			infos, err := r.ReadDir(dir)
			must(err)
			var want []string
			for _, in := range infos {
				if in.Kind == Directory {
					want = append(want, in.Name)
				}
			}
			got, err := Subdirectories(r, dir)
			must(err)
			if !slices.Equal(got, want) {
				t.Errorf("%q: got %d names, want %d", dir, len(got), len(want))
			}
		}
		if _, err := Subdirectories(r, "none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a directory that does not exist: %v", err)
		}
		if _, err := Subdirectories(r, "d/link to a directory"); !errors.Is(err, ErrNotDirectory) {
			t.Errorf("through a link: %v", err)
		}
		if _, err := Subdirectories(r, "../d"); !errors.Is(err, ErrName) {
			t.Errorf("out of the root: %v", err)
		}
	}
}
