package pull

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// A file that its author did not make durable may be torn by a loss of power in
// the moment in which it is renamed here. It is suspect under the new name, as it
// would be under the old one: what was recorded comes back, and what was found is
// a head beside it that nobody made.
func TestWhatALossOfPowerLeftUnderTheNewNameOfARename(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opts  memfs.Options
		found func(u memfs.User, written int64) error
		torn  bool
		mine  string
	}{
		{"the file is cut", memfs.Options{}, func(u memfs.User, written int64) error {
			return inPlace(u, "by", written)
		}, true, ""},
		{"the file is full of zeros", memfs.Options{}, func(u memfs.User, written int64) error {
			return inPlace(u, "\x00\x00\x00\x00\x00", written)
		}, true, ""},
		{"the file is cut, and inodes mean nothing", without(func(c *folderfs.Capabilities) { c.StableInodes = false }), func(u memfs.User, written int64) error {
			return inPlace(u, "by", written)
		}, true, ""},
		{"somebody has written it since", memfs.Options{}, func(u memfs.User, _ int64) error {
			return u.Write("new", []byte("MINE, and longer"))
		}, false, "MINE, and longer"},
		{"somebody has put an older file in its place", memfs.Options{}, func(u memfs.User, written int64) error {
			if err := u.SaveByRename("new", []byte("MINE")); err != nil {
				return err
			}
			return u.Touch("new", written)
		}, false, "MINE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.opts)
			w.recover()
			if err := w.mem.User().Write("old", []byte("bytes")); err != nil {
				t.Fatal(err)
			}
			w.scan("old")
			held, err := w.idx.Local(t.Context(), "old")
			if err != nil {
				t.Fatal(err)
			}
			moved := w.fileOf("new", []byte("bytes"))
			moved.RenamedFrom, moved.Mtime = "old", held.Disk.Mtime
			w.announce(moved, w.goneOf("old", held.Entry))
			s, _, err := w.idx.State(t.Context(), "new")
			if err != nil {
				t.Fatal(err)
			}
			renamed := s.Heads[0].Entry.Version
			w.at("pull.placed", func() error { return errStop })
			w.pullAll(w.decide())
			if err := tt.found(w.mem.User(), held.Disk.Mtime); err != nil {
				t.Fatal(err)
			}
			w.opt.Fault = nil
			w.recover()
			w.scan("new")
			w.scan("old")
			if s, _, err = w.idx.State(t.Context(), "new"); err != nil {
				t.Fatal(err)
			}
			lost := s.Local != nil && len(s.Heads) == 2 && s.Local.Entry.Version.Compare(renamed) == index.Concurrent &&
				s.Local.Entry.Version[0].Replica == s.Local.Entry.ModifiedBy.Shadow()
			if lost != tt.torn {
				t.Errorf("held %+v, %d heads; want what power has lost: %v", s.Local, len(s.Heads), tt.torn)
			}
			w.want(w.sync(), plan.Done)
			all := everywhere(t, w.fs, "")
			if tt.torn && w.read("new") != "bytes" || !kept(all, "bytes") || !tt.torn && !kept(all, tt.mine) {
				t.Errorf("there is %q", all)
			}
		})
	}
}

// inPlace leaves other bytes in the file, under the time that it had.
func inPlace(u memfs.User, text string, mtime int64) error {
	if err := u.Write("new", []byte(text)); err != nil {
		return err
	}
	return u.Touch("new", mtime)
}
