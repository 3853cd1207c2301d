package pull

import (
	"errors"
	"slices"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// What somebody makes at the new name of a rename, in the moment after it, stays
// where they made it; what may be a save of the file that was renamed goes back
// to the name they know.
func TestWhatIsMadeAtTheNewNameOfARenameStaysThere(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(u memfs.User) error
		at    string // where it is afterwards
		shows string
	}{
		{"a directory", func(u memfs.User) error {
			if err := u.Remove("new"); err != nil {
				return err
			}
			return u.Mkdir("new")
		}, "new", "dir"},
		{"another file", func(u memfs.User) error { return u.SaveByRename("new", []byte("MINE")) }, "old", "MINE"},
		{"what is written into the file", func(u memfs.User) error { return u.Write("new", []byte("MINE")) }, "old", "MINE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			old := w.fileOf("old", []byte("bytes"))
			w.announce(old)
			w.sync()
			moved := w.fileOf("new", []byte("bytes"))
			moved.RenamedFrom = "old"
			w.announce(moved, w.goneOf("old", old))
			w.at("pull.moved", func() error { return tt.do(w.mem.User()) })
			w.pullAll(w.decide())
			if got := w.read(tt.at); got != tt.shows {
				t.Errorf("%q shows %q, want %q; everywhere: %q", tt.at, got, tt.shows, everywhere(t, w.fs, ""))
			}
		})
	}
}

// A link is made on the spot: it has no facts from before, by which another one
// in its place would be noticed.
func TestAnotherLinkInThePlaceOfOneThatWasMadeIsLookedAt(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.linkOf("a", "theirs"))
	made, done := false, false
	w.mem.SetHook(func(op memfs.Op, name string) error {
		made = made || op == memfs.OpSymlink && name == "a"
		if op != memfs.OpLstat || name != "a" || done || !made {
			return nil
		}
		done = true
		u := w.mem.User()
		return errors.Join(u.Remove("a"), u.Symlink("mine", "a"))
	})
	outs := w.pullAll(w.decide())
	w.mem.SetHook(nil)
	held, err := w.idx.Local(t.Context(), "a")
	if err != nil || !done {
		t.Fatal(err, done)
	}
	if held.Flags&index.MustRescan == 0 || !slices.Contains(outs[0].Rescan, "a") {
		t.Errorf("held %+v, outcome %+v; want it looked at again", held, outs)
	}
}
