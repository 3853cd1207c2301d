package scan

import (
	"errors"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// During a scan what another device did is placed and recorded. The listing is
// older than that, what is asked of the index newer: a finding made of both
// would undo it in the name of this device.
func TestWhatIsPlacedDuringAScanIsNoFinding(t *testing.T) {
	for _, x := range []struct {
		name   string
		before func(u memfs.User) error // what stands at "z"
		place  func(u memfs.User) error
		want   []string
	}{
		{"a directory is taken away", mkdir, func(u memfs.User) error { return u.Remove("z") }, []string{"z unsettled"}},
		{"a directory becomes a link", mkdir, func(u memfs.User) error { return errors.Join(u.Remove("z"), u.Symlink("target", "z")) }, []string{"z unsettled"}},
		{"a directory gets other permissions", mkdir, func(u memfs.User) error { return u.Chmod("z", 0o700) }, nil},
		{"a directory is made anew", mkdir, func(u memfs.User) error { return errors.Join(u.Remove("z"), u.Mkdir("z")) }, nil},
		{"a link becomes a directory", link, func(u memfs.User) error { return errors.Join(u.Remove("z"), u.Mkdir("z")) }, []string{"z unsettled"}},
		{"a link gets another target", link, func(u memfs.User) error { return errors.Join(u.Remove("z"), u.Symlink("target", "z")) }, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, memfs.Linux())
			w.opt.Page = 2
			w.must(w.user.Mkdir("a"))
			for _, name := range []string{"a/1", "a/2", "a/3"} {
				w.must(w.user.Write(name, []byte("x")))
			}
			w.must(x.before(w.user))
			w.settle()
			placed := false
			w.opt.Ignore = func(name string, _ bool) bool {
				if name == "a/1" && !placed { // the root is listed, the page with "z" is not read
					placed = true
					w.must(x.place(w.user))
					w.placed("z")
					w.rest()
				}
				return false
			}
			w.expect("scan", w.scan(), x.want...)
			w.expect("the next scan", w.scan())
		})
	}
}

func mkdir(u memfs.User) error { return u.Mkdir("z") }
func link(u memfs.User) error  { return u.Symlink("old", "z") }

// placed records what stands at a name as another device's version.
func (w *world) placed(name string) {
	w.t.Helper()
	held, err := w.idx.Local(w.t.Context(), name)
	w.must(err)
	base := held.Entry.Version
	e := index.Entry{Name: name, Type: held.Entry.Type, Deleted: true}
	var disk index.Disk
	in, err := w.fs.Lstat(name)
	if !absent(err) {
		w.must(err)
		e.Deleted, e.Type, e.Mode = false, typeOf(in.Kind), in.Mode
		if in.Kind == folderfs.Symlink {
			e.Mode = 0
			e.Target, err = w.fs.ReadLink(name)
			w.must(err)
			e.Hash = hashText(e.Target)
		}
		disk = diskOf(&child{name: name, spelled: name, seen: w.tick()}, in)
	}
	e.ModifiedBy, e.Version = 7, base.Bump(7, 1)
	stale, err := w.idx.Commit(w.t.Context(), []index.Change{{Base: base, Entry: e, Disk: disk}}, true)
	w.must(err)
	if len(stale) > 0 {
		w.t.Fatal("stale")
	}
}
