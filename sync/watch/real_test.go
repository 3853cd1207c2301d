package watch

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
)

// TestRealEvents makes changes in a directory of the system and waits for each
// to be reported, itself or as part of a subtree.
func TestRealEvents(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	disk, err := folderfs.Open(root, folderfs.Options{Prepare: true})
	if err != nil {
		t.Skipf("this system's folderfs cannot open a folder: %v", err)
	}
	defer disk.Close()
	path := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(path("old/deep"), 0o755))

	ctx, cancel := context.WithCancel(context.Background())
	batches, ended := make(chan Batch), make(chan error, 1)
	go func() {
		ended <- New(root, Options{FS: disk.Reader()}).Run(ctx, func(b Batch) error {
			select {
			case batches <- b:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	defer func() {
		cancel()
		<-ended
	}()
	await := func(what, name string) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case b := <-batches:
				for _, dir := range b.Subtrees {
					if within(name, dir) {
						return
					}
				}
				for _, n := range b.Names {
					if n == name {
						return
					}
				}
			case <-deadline:
				t.Fatalf("%s: %q was never reported", what, name)
			}
		}
	}
	await("the start", "")
	must(os.WriteFile(path("old/deep/f"), []byte("1"), 0o644))
	await("a save", "old/deep/f")
	must(os.Mkdir(path("new"), 0o755))
	must(os.WriteFile(path("new/at-once"), nil, 0o644))
	await("a file made with its directory", "new/at-once")
	must(os.WriteFile(path("new/later"), nil, 0o644))
	await("a file made later", "new/later")
	must(os.Rename(path("old"), path("new/moved")))
	await("the old name of a moved directory", "old")
	must(os.WriteFile(path("new/moved/deep/f"), []byte("22"), 0o644))
	await("a save below a moved directory", "new/moved/deep/f")
	must(os.Mkdir(path("old"), 0o755))
	must(os.Mkdir(path("old/deep"), 0o755))
	await("a directory that takes the old name", "old/deep")
	must(os.WriteFile(path("old/deep/f"), nil, 0o644))
	await("a file in it", "old/deep/f")
	must(os.Chmod(path("new/moved/deep/f"), 0o755))
	await("other permissions", "new/moved/deep/f")
	must(os.RemoveAll(path("new")))
	await("a removal", "new")
}
