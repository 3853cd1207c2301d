package memfs_test

import (
	"errors"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

func TestACopyHasAllThatIsSeenAndGoesItsOwnWay(t *testing.T) {
	f := prepared(t, memfs.Options{})
	u := f.User()
	must(t, u.Mkdir("d"))
	must(t, u.Write("d/a", []byte("old")))
	must(t, u.Write("d/a", []byte("new")))
	c := f.Copy()
	must(t, u.WriteAt("d/a", []byte("later"), 0))
	must(t, c.User().Write("b", []byte("elsewhere")))
	for seed := range 20 {
		if got := read(c.Crash(rng(seed), memfs.Weak).User(), "d/a"); got != "new" {
			t.Fatalf("the copy has %q", got)
		}
	}
	if read(u, "b") != "-" || read(u, "d/a") != "later" {
		t.Error("the copy is the folder itself")
	}
}

func TestWhatIsSyncedByNameSurvives(t *testing.T) {
	f := prepared(t, memfs.Options{})
	u := f.User()
	must(t, u.Mkdir("d/e"))
	must(t, u.Write("d/e/a", []byte("kept")))
	must(t, u.Write("d/e/b", []byte("gone")))
	must(t, u.Sync("d/e"))
	must(t, u.Remove("d/e/b"))
	must(t, u.Sync("d/e/b"))
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) {
		if read(after, "d/e/a") != "kept" || read(after, "d/e/b") != "-" {
			t.Fatalf("a is %q, b %q", read(after, "d/e/a"), read(after, "d/e/b"))
		}
	})
}

func TestACapacityBelowWhatIsUsedIsAFullDisk(t *testing.T) {
	f := prepared(t, memfs.Options{})
	must(t, f.User().Write("a", []byte("four")))
	f.SetCapacity(1)
	if err := f.User().Write("b", []byte("x")); !errors.Is(err, folderfs.ErrNoSpace) {
		t.Errorf("wrote to a full disk: %v", err)
	}
	f.SetCapacity(0)
	must(t, f.User().Write("b", []byte("x")))
}
