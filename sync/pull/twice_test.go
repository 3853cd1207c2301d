package pull

import (
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// On btrfs a loss of power between the flushes of two directories leaves a file
// that was being renamed at both of its names.
func TestARenameThatIsHalfDurableIsFinished(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.recover()
	w.announce(w.fileOf("a", []byte("content")))
	w.sync()
	moved := w.fileOf("b", []byte("content"))
	moved.RenamedFrom = "a"
	w.announce(moved, w.goneOf("a", moved))
	w.opt.Fault = func(point string) error {
		if point == "pull.move" {
			return errStop
		}
		return nil
	}
	w.restart()
	w.pullAll(w.decide())
	w.opt.Fault = nil
	if err := w.mem.User().Link("a", "b"); err != nil {
		t.Fatal(err)
	}
	if rep := w.recover(); rep.Finished != 1 || rep.TakenBack != 0 {
		t.Errorf("report %+v", rep)
	}
	if w.read("a") != "" || w.read("b") != "content" {
		t.Errorf("a holds %q, b %q", w.read("a"), w.read("b"))
	}
	held, err := w.idx.Local(t.Context(), "a")
	if err != nil || !held.Entry.Deleted || held.Entry.ModifiedBy != farReplica {
		t.Errorf("held at a is %+v, %v", held, err)
	}
	w.scan("a")
	w.scan("b")
	w.sync()
	w.atRest()
	if w.versions("a") != 1 || w.versions("b") != 1 {
		t.Errorf("%d and %d heads", w.versions("a"), w.versions("b"))
	}
}
