//go:build linux || darwin

package folderfs_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

// TestNothingEscapesWhileDirectoriesTurnIntoLinks lets a local process swap a
// directory and a link out of the folder while files are placed below it.
func TestNothingEscapesWhileDirectoriesTurnIntoLinks(t *testing.T) {
	for _, walk := range []bool{false, true} {
		d, outside := openDisk(t, folderfs.Options{}), t.TempDir()
		if walk {
			d.Walk()
		}
		in := func(name string) string { return filepath.Join(d.Path(), name) }
		must(t, os.Mkdir(in("real"), 0o755))
		must(t, os.Mkdir(in("d"), 0o755))
		must(t, os.Symlink(outside, in("link")))

		var swapper sync.WaitGroup
		stop := make(chan struct{})
		swapper.Go(func() {
			for {
				select {
				case <-stop:
					return
				default: // whatever fails is tried again
					_ = os.Rename(in("d"), in("real"))
					_ = os.Rename(in("link"), in("d"))
					_ = os.Rename(in("d"), in("link"))
					_ = os.Rename(in("real"), in("d"))
				}
			}
		})
		placed := placeMany(t, d, 3000)
		close(stop)
		swapper.Wait()
		list, err := os.ReadDir(outside)
		must(t, err)
		if len(list) != 0 {
			t.Errorf("%d of %d files escaped", len(list), placed)
		}
	}
}

// placeMany tries to place a file below d and take it back; it returns how
// often both were done.
func placeMany(t *testing.T, d *folderfs.Disk, tries int) int {
	const temp = folderfs.TempDir + "/x"
	f, err := d.Create(temp)
	must(t, err)
	must(t, f.Close())
	placed := 0
	for range tries {
		if d.RenameNoReplace(temp, "d/x") != nil {
			continue
		}
		placed++
		for d.RenameNoReplace("d/x", temp) != nil && d.RenameNoReplace("real/x", temp) != nil {
			continue
		}
	}
	return placed
}
