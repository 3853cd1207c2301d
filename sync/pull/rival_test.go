package pull

import (
	"errors"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// rivals returns a world with a file of its own, against which another one has
// come from elsewhere that wins.
func rivals(t *testing.T) *world {
	w := newWorld(t, memfs.Options{})
	if err := w.mem.User().Write("a", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	w.scan("a")
	e := w.fileOf("a", []byte("theirs"))
	e.Version, e.ModifiedBy, e.Mtime = index.Version{}.Bump(farReplica, w.clock.Now().Unix()+1000), farReplica, 1
	if err := w.idx.RecordRemote(t.Context(), device.ID{1}, []index.Update{{Sequence: 1, Heads: []index.Entry{e}}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// at calls f when a failpoint is come to for the first time.
func (w *world) at(point string, f func() error) {
	done := false
	w.opt.Fault = func(p string) error {
		if p != point || done {
			return nil
		}
		done = true
		return f()
	}
	w.restart()
}

// inTree reports whether a content is at a path.
func (w *world) inTree(content string) bool {
	for name, found := range everywhere(w.t, w.fs, "") {
		if found == content && !folderfs.InWorkDir(name) {
			return true
		}
	}
	return false
}

// TestALoserIsKeptWhenItsPlacementWasCutShort: somebody edits what was placed
// before anything else is done about the name. The edit is a version of the
// replica that made the loser, so it is on top of that too.
func TestALoserIsKeptWhenItsPlacementWasCutShort(t *testing.T) {
	for _, point := range []string{"pull.exchanged", "pull.placed", "pull.durable"} {
		w := rivals(t)
		w.at(point, func() error { return errors.New("cut short") })
		w.pullAll(w.decide())
		w.recover()
		if err := w.mem.User().Write("a", []byte("theirs, edited")); err != nil {
			t.Fatal(err)
		}
		w.scan("a")
		w.sync()
		if !w.inTree("mine") || !w.inTree("theirs, edited") {
			t.Errorf("cut short at %s: the tree holds %q", point, everywhere(t, w.fs, ""))
		}
	}
}

// TestNobodyWaitsForALoserThatItsAuthorHasReplaced: the bytes of a sibling that
// is asked for would be nowhere.
func TestNobodyWaitsForALoserThatItsAuthorHasReplaced(t *testing.T) {
	for _, cutShort := range []bool{false, true} {
		w := rivals(t)
		w.at("pull.exchange", func() error { return w.mem.User().Write("a", []byte("mine, saved over")) })
		if cutShort {
			save := w.opt.Fault
			w.at("pull.placed", func() error { return errors.New("cut short") })
			cut := w.opt.Fault
			w.opt.Fault = func(p string) error { return errors.Join(save(p), cut(p)) }
			w.restart()
		}
		w.pullAll(w.decide())
		w.recover()
		w.sync()
		w.sync()
		if !w.inTree("mine, saved over") || !w.inTree("theirs") {
			t.Errorf("the tree holds %q", everywhere(t, w.fs, ""))
		}
		if c, err := w.idx.Counts(t.Context()); err != nil || c.NeedFiles > 0 {
			states, _ := w.idx.Dirty(t.Context(), index.DirtyLive, "", 10)
			t.Errorf("waits for %d files that nobody has: %v, %v", c.NeedFiles, states, err)
		}
		for name := range everywhere(t, w.fs, "") {
			if strings.Contains(name, "conflict") && w.read(name) == "mine" {
				t.Errorf("%s keeps what its author has replaced", name)
			}
		}
	}
}
