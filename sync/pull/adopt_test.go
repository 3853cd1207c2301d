package pull

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// A create that was not recorded must be before its head is replaced by
// another: what stands there would pass for something made here, in conflict
// with that.
func TestWhatWasCreatedAndNotRecordedIsRecordedAtTheStart(t *testing.T) {
	theirs := []byte("theirs")
	tests := []struct {
		name string
		make func(w *world) index.Entry
		// user, if set, does something between the stop and the start.
		user func(w *world) error
		want bool // that the head is what is held
	}{
		{"a file", func(w *world) index.Entry { return w.fileOf("a", theirs) }, nil, true},
		{"a link", func(w *world) index.Entry { return w.linkOf("a", "to") }, nil, true},
		{"a directory", func(w *world) index.Entry { return w.dirOf("a") }, nil, true},
		{"where there was something before", func(w *world) index.Entry {
			w.announce(w.fileOf("a", []byte("once")))
			w.sync()
			w.announce(w.goneOf("a", w.fileOf("a", []byte("once"))))
			w.sync()
			return w.fileOf("a", theirs)
		}, nil, true},
		{"a file saved since", func(w *world) index.Entry { return w.fileOf("a", theirs) },
			func(w *world) error { return w.mem.User().Write("a", []byte("mine")) }, false},
		{"a file that got other permissions since", func(w *world) index.Entry { return w.fileOf("a", theirs) },
			func(w *world) error { return w.mem.User().Chmod("a", 0o600) }, false},
		{"a file removed since", func(w *world) index.Entry { return w.fileOf("a", theirs) },
			func(w *world) error { return w.mem.User().Remove("a") }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			w.recover()
			w.announce(tt.make(w))
			s, _, err := w.idx.State(t.Context(), "a")
			if err != nil || len(s.Heads) != 1 {
				t.Fatalf("heads %+v, %v", s.Heads, err)
			}
			head := s.Heads[0].Entry.Version
			w.opt.Fault = func(point string) error {
				if point == "pull.placed" {
					return errStop
				}
				return nil
			}
			w.restart()
			w.pullAll(w.decide())
			w.opt.Fault = nil
			w.forgetIntents() // a process that dies here has not noted that it does not know
			if tt.user != nil {
				if err := tt.user(w); err != nil {
					t.Fatal(err)
				}
			}
			w.recover()
			held, err := w.idx.Local(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			if got := holdsVersion(held, head); got != tt.want {
				t.Fatalf("held %+v", held)
			}
			if !tt.want {
				return
			}
			w.announce(w.fileOf("a", []byte("theirs, later")))
			w.want(w.sync(), plan.Done)
			w.atRest()
			if w.read("a") != "theirs, later" || w.versions("a") != 1 {
				t.Errorf("a holds %q, %d heads", w.read("a"), w.versions("a"))
			}
		})
	}
}

// An edit beats a deletion that it does not know, and is created over it. Its
// blocks may be cut otherwise than a scan here would cut them.
func TestSoIsWhatWasCreatedOverADeletionMadeHere(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.recover()
	if err := w.mem.User().Write("a", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	w.scan("a")
	if err := w.mem.User().Remove("a"); err != nil {
		t.Fatal(err)
	}
	w.scan("a")
	e := w.fileOf("a", []byte("theirs"))
	e.Version, e.ModifiedBy = index.Version{}.Bump(farReplica, w.clock.Now().Unix()), farReplica
	if err := w.idx.RecordRemote(t.Context(), device.ID{1}, []index.Update{{Sequence: 1, Heads: []index.Entry{e}}}); err != nil {
		t.Fatal(err)
	}
	w.at("pull.placed", func() error { return errStop })
	w.pullAll(w.decide())
	w.opt.Fault = nil
	w.forgetIntents()
	w.recover()
	s, _, err := w.idx.State(t.Context(), "a")
	if err != nil || s.Local == nil || s.Local.Entry.Deleted || !s.Local.Entry.SameContent(&e) {
		t.Fatalf("held %+v, %v", s.Local, err)
	}
	if len(s.Heads) != 2 {
		t.Errorf("heads %+v; want the deletion still beside the edit", s.Heads)
	}
}

func (w *world) forgetIntents() {
	w.t.Helper()
	pending, err := w.idx.Pending(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []index.IntentID
	for i := range pending {
		ids = append(ids, pending[i].ID)
	}
	if err := w.idx.Abandon(w.t.Context(), ids); err != nil {
		w.t.Fatal(err)
	}
}
