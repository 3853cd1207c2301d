package pull

import (
	"errors"
	"slices"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// recheckAll looks at displaced files until none is left to look at, and
// returns how many heads were made.
func (w *world) recheckAll() (heads int) {
	w.t.Helper()
	for next, calls := w.clock.Now(), 0; !next.IsZero(); calls++ {
		w.clock.skip(w.pull.opt.Quiet)
		var n int
		var err error
		if next, n, err = w.pull.Recheck(w.t.Context(), w.clock.Now()); err != nil || calls == 100 {
			w.t.Fatal(calls, err)
		}
		heads += n
	}
	return heads
}

// Without exchange: somebody saves just before the old file is taken away, and
// again just after. The name has the second save; the first lies among the
// displaced files, and is looked at before any scan came by: one of the whole
// folder may be under way, for which that of the name waits.
func TestASaveThatWasTakenAwayAndSavedOverBecomesAHead(t *testing.T) {
	const first, second = "first save", "second save"
	tests := []struct {
		name  string
		old   func(w *world)
		save  func(u memfs.User) error
		over  string // the name of the second save
		at    string // the step fails here, and is settled
		shows string // what is left of the first save
	}{
		{"a file", nil, func(u memfs.User) error { return u.SaveByRename("f", []byte(first)) }, "f", "", first},
		{"a link", nil, func(u memfs.User) error { return errors.Join(u.Remove("f"), u.Symlink(first, "f")) }, "f", "", "-> " + first},
		{
			"a file in the place of a link", func(w *world) { w.announce(w.linkOf("f", "old")) },
			func(u memfs.User) error { return u.SaveByRename("f", []byte(first)) }, "f", "", first,
		},
		{
			"a file, and the step is settled afterwards", nil,
			func(u memfs.User) error { return u.SaveByRename("f", []byte(first)) }, "f", "pull.taken", first,
		},
		{
			"a file, saved over in another case, and the step is settled afterwards", nil,
			func(u memfs.User) error { return u.SaveByRename("f", []byte(first)) }, "F", "pull.taken", first,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, without(func(c *folderfs.Capabilities) { c.Exchange, c.CaseSensitive = false, tt.over == "f" }))
			if tt.old == nil {
				w.announce(w.fileOf("f", []byte("old")))
			} else {
				tt.old(w)
			}
			w.want(w.sync(), plan.Done)
			w.clock.skip(1e12)
			w.announce(w.fileOf("f", []byte("new")))
			w.opt.Fault = func(point string) error {
				var err error
				switch point {
				case "pull.exchange":
					err = tt.save(w.mem.User())
				case "pull.taken":
					err = w.mem.User().Write(tt.over, []byte(second))
				}
				if err != nil {
					t.Error(err)
				}
				if point == tt.at {
					return errStop
				}
				return nil
			}
			w.restart()
			w.pullAll(w.decide()) // and no scan yet
			w.opt.Fault = nil
			if tt.at != "" {
				w.restart()
				w.pull.unsettled = true
			}
			if heads := w.recheckAll(); heads != 1 {
				t.Errorf("%d heads", heads)
			}
			w.scan(tt.over)
			w.sync()
			w.sync()
			for _, content := range []string{tt.shows, second, "new"} {
				if !w.inTree(content) {
					t.Errorf("%q is not in the tree: %q", content, everywhere(t, w.fs, ""))
				}
			}
		})
	}
}

// The file has the name of its content before there is a version with that, and
// is on the list after there is one.
func TestALateSaveOutlivesACrashWhileItIsRecorded(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("f", []byte("old")))
	w.want(w.sync(), plan.Done)
	w.clock.skip(1e12)
	w.announce(w.fileOf("f", []byte("new")))
	w.want(w.sync(), plan.Done)
	listed := slices.Clone(w.pull.watch.batches[w.pull.watch.next-1])
	if err := w.mem.User().Write(listed[0].Work, []byte("late")); err != nil {
		t.Fatal(err)
	}
	died := false
	w.opt.Fault = func(point string) error {
		if point == "pull.late" {
			died = true
			return errStop
		}
		return nil
	}
	w.restart()
	for range 2 { // it is seen to change first
		w.clock.skip(w.pull.opt.Quiet)
		if _, heads, err := w.pull.Recheck(t.Context(), w.clock.Now()); heads > 0 || err != nil {
			t.Fatal(heads, err)
		}
	}
	if !died {
		t.Fatal("nothing was found")
	}
	w.opt.Fault = nil
	w.restart()
	if heads := w.recheckAll(); heads != 1 {
		t.Errorf("%d heads after the crash", heads)
	}
	if err := w.pull.addWatched(t.Context(), listed); err != nil {
		t.Fatal(err)
	}
	if heads := w.recheckAll(); heads != 0 {
		t.Errorf("%d more heads of what is recorded", heads)
	}
	w.sync()
	w.sync()
	if !w.inTree("late") || !w.inTree("new") {
		t.Errorf("in the tree is %q", everywhere(t, w.fs, ""))
	}
}

// What fails for one file is no reason to make heads of the others again.
func TestAFileThatCannotBeLookedAtIsInNobodysWay(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	names := []string{"a", "b", "c"}
	var tree, next []index.Entry
	for _, name := range names {
		tree = append(tree, w.fileOf(name, []byte("old "+name)))
	}
	w.announce(tree...)
	w.want(w.sync(), plan.Done)
	w.clock.skip(1e12)
	for _, name := range names {
		next = append(next, w.fileOf(name, []byte("new "+name)))
	}
	w.announce(next...)
	w.want(w.sync(), plan.Done)
	for _, l := range w.pull.watch.batches[w.pull.watch.next-1] {
		if err := w.mem.User().Write(l.Work, []byte("late "+l.Name)); err != nil {
			t.Fatal(err)
		}
	}
	broken := true
	w.mem.SetHook(func(op memfs.Op, name string) error {
		if f, ok := folderfs.ParseWork(name); broken && ok && op == memfs.OpOpen && f.Hash == tree[1].Hash {
			return errStop
		}
		return nil
	})
	heads := 0
	for range 5 {
		w.clock.skip(w.pull.opt.Quiet)
		_, n, err := w.pull.Recheck(t.Context(), w.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		heads += n
		w.restart()
	}
	if heads != 2 {
		t.Errorf("%d heads, want those of the others", heads)
	}
	broken = false
	if heads := w.recheckAll(); heads != 1 {
		t.Errorf("%d heads, want the one that could not be looked at", heads)
	}
}
