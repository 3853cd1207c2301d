package engine

import (
	"fmt"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

func TestAsManyArePlacedTogetherAsMemoryAllows(t *testing.T) {
	sized := func(n int, size int64) (queue []plan.Action) {
		for range n {
			queue = append(queue, plan.Action{Have: &index.Held{Entry: index.Entry{Size: size / 2}}, Want: index.Entry{Size: size / 2}})
		}
		return queue
	}
	for _, c := range []struct {
		name  string
		queue []plan.Action
		want  int
	}{
		{"nothing", nil, 0},
		{"small files", sized(placeNames-1, 1000), placeNames - 1},
		{"more small files", sized(placeNames+1, 1000), placeNames},
		{"large files", sized(100, 1<<30), 65},
		{"a file beyond the bound", sized(3, placeBytes+2), 1},
	} {
		w := work{queue: c.queue}
		if got := w.atOnce(); got != c.want {
			t.Errorf("%s: %d of %d are placed together, want %d", c.name, got, len(c.queue), c.want)
		}
	}
}

// Where two devices that have the same files meet, every name is noted and
// nothing is done on disk. What was decided must not pile up before the index.
func TestOnlySoMuchIsDecidedAheadOfTheIndex(t *testing.T) {
	r := started(t, nil)
	const names = (maxNotes + 4) * pageNames
	var both []index.Entry
	for i := range names {
		name := fmt.Sprintf("f%06d", i)
		r.have(file(name, "same", r.me, c(r.me, 1)))
		both = append(both, file(name, "same", byAlice, c(byAlice, 1)))
	}
	var updates []index.Update
	for i := range both {
		updates = append(updates, index.Update{Sequence: int64(i + 1), Heads: both[i : i+1]})
	}
	r.step(PeerUp{Device: alice})
	r.must(r.store.RecordRemote(t.Context(), alice, updates))
	r.hold = true
	r.step(RemoteRecorded{Device: alice})
	commits := all[Commit](r)
	if n := len(commits); n == 0 || n > maxNotes {
		t.Fatalf("%d commits under way, want at most %d", n, maxNotes)
	}
	r.release()
	for _, x := range commits {
		r.write(x)
	}
	page, err := r.store.Dirty(t.Context(), index.DirtyLive, "", 1)
	r.must(err)
	if len(page) > 0 {
		t.Errorf("%q still waits", page[0].Name)
	}
}
