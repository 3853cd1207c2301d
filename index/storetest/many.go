package storetest

import (
	"fmt"

	"github.com/labsync/labsync/index"
)

func testManyIntents(f *fixture) {
	const n = 263
	intents := make([]index.Intent, n)
	for i := range intents {
		intents[i] = index.Intent{Operation: "delete", Path: fmt.Sprint(i)}
	}
	ids, err := f.s.Begin(f.ctx, intents)
	f.must(err)
	want := map[index.IntentID]string{}
	var gone []index.IntentID
	for i, id := range ids {
		if i%7 == 0 || i > 100 && i < 180 {
			gone = append(gone, id)
		} else {
			want[id] = intents[i].Path
		}
	}
	f.must(f.s.Abandon(f.ctx, append(gone, gone...)))
	pending, err := f.s.Pending(f.ctx)
	f.must(err)
	equal(f, "intents pending", len(pending), len(want))
	for i := range pending {
		equal(f, "path of a pending intent", pending[i].Path, want[pending[i].ID])
		if i > 0 && pending[i].ID <= pending[i-1].ID {
			f.Errorf("intent %d comes after %d", pending[i].ID, pending[i-1].ID)
		}
	}
}

func testDerivedAndChanged(f *fixture) {
	var changes []index.Change
	for i := range 20 {
		changes = append(changes, index.Change{
			Entry:   file(fmt.Sprint("name", i), v(1, 0), "a"),
			Derived: []index.Entry{file(fmt.Sprint("name", i+1), v(0, 1), "b"), file("common", v(0, uint64(i+1)), "c")},
		})
	}
	f.commit(changes...)
	for i := range 20 {
		s := f.state(fmt.Sprint("name", i))
		if s.Local == nil || i > 0 && len(s.Heads) != 2 {
			f.Errorf("%s is %+v", s.Name, s)
		}
	}
	equal(f, "heads of what all derive", len(f.state("common").Heads), 1)
}
