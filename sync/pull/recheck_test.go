package pull

import (
	"fmt"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// A placement waits while displaced files are hashed, so that is done in parts.
func TestManyDisplacedFilesAreCheckedInParts(t *testing.T) {
	const files = 2*recheckFiles + 10
	w := newWorld(t, memfs.Options{})
	var tree, gone []index.Entry
	for i := range files {
		tree = append(tree, w.fileOf(fmt.Sprintf("f%04d", i), []byte(fmt.Sprint(i))))
	}
	w.announce(tree...)
	w.want(w.sync(), plan.Done)
	for _, e := range tree {
		gone = append(gone, w.goneOf(e.Name, e))
	}
	w.announce(gone...)
	w.want(w.sync(), plan.Done)
	w.clock.skip(w.pull.opt.Quiet)
	if err := w.mem.User().Write(w.pull.watch.batches[w.pull.watch.next-1][files-1].Work, []byte("late")); err != nil {
		t.Fatal(err)
	}
	w.clock.skip(w.pull.opt.Quiet)
	calls, late := 0, 0
	for next := w.clock.Now(); !next.IsZero(); calls++ {
		var heads int
		var err error
		w.clock.skip(w.pull.opt.Quiet)
		next, heads, err = w.pull.Recheck(t.Context(), w.clock.Now())
		if err != nil || calls > 10 {
			t.Fatal(calls, err)
		}
		late += heads
		if calls == 1 {
			w.restart() // what was done of a part is done again
		}
	}
	if calls < 3 || late != 1 {
		t.Errorf("%d calls found %d late saves, want at least 3 and 1", calls, late)
	}
	if text, err := w.idx.Setting(t.Context(), batchKey(w.pull.watch.first)); err != nil || text != nil {
		t.Errorf("still on the list: %q, %v", text, err)
	}
}

// A clock that was years ahead when a file was displaced is set right.
func TestAClockThatIsSetBackHidesNoLateSave(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	e := w.fileOf("f", []byte("known"))
	w.announce(e)
	w.want(w.sync(), plan.Done)
	w.announce(w.goneOf("f", e))
	w.want(w.sync(), plan.Done)
	for i := range w.pull.watch.batches[w.pull.watch.next-1] {
		w.pull.watch.batches[w.pull.watch.next-1][i].At += (10 * 365 * 24 * time.Hour).Nanoseconds()
	}
	next, _, err := w.pull.Recheck(t.Context(), w.clock.Now())
	if err != nil || next.After(w.clock.Now().Add(w.pull.opt.Quiet)) {
		t.Errorf("the next look is at %v, %v; it is %v", next, err, w.clock.Now())
	}
}
