package engine

import (
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// What is created has no intent: if the process dies before it is recorded, all
// that tells it from something made here is the head that it was made of. So that
// head must not be replaced in between. A create waits while something announced of
// its name is being recorded; and what is announced while it is being placed, and
// replaces that head, is recorded after it.

// announces takes note of the names that a RecordRemote is about.
func (w *work) announces(id ID, updates []index.Update) {
	for i := range updates {
		if heads := updates[i].Heads; len(heads) > 0 {
			w.arrivals[id] = append(w.arrivals[id], heads[0].Name)
			w.arriving[heads[0].Name]++
		}
	}
}

// announced forgets a RecordRemote that has ended.
func (w *work) announced(id ID) {
	for _, name := range w.arrivals[id] {
		if w.arriving[name]--; w.arriving[name] == 0 {
			delete(w.arriving, name)
		}
	}
	delete(w.arrivals, id)
}

// mayBeReplaced reports whether an action is a create of whose name something is
// being recorded.
func (w *work) mayBeReplaced(a *plan.Action) bool {
	return a.Op == plan.Create && w.arriving[a.Name] > 0
}

// replaced returns the Place under way if it creates something from a head that
// updates replace, else 0.
func (w *work) replaced(updates []index.Update) ID {
	for i := range updates {
		heads := updates[i].Heads
		if len(heads) == 0 || !w.placing(heads[0].Name) {
			continue
		}
		a, ok := w.actions[heads[0].Name]
		if ok && a.Op == plan.Create && slices.ContainsFunc(heads, func(h index.Entry) bool { return h.Version.Compare(a.Want.Version) == index.After }) {
			return w.place
		}
	}
	return 0
}
