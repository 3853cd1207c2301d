package pull

import (
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// What somebody makes at the new name of a rename, in the moment after it, stays
// where they made it; what they write into the file that was renamed goes back
// with it to the name they know.
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
		{"another file", func(u memfs.User) error { return u.SaveByRename("new", []byte("MINE")) }, "new", "MINE"},
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
