package engine

import (
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// What is created has no intent: if the process dies before it is recorded, all
// that tells it from something made here is the head that it was made of. So that
// head must not be replaced in between. A create waits while something announced
// that may replace its head is being recorded, and with it all that goes into a
// directory whose create waits; and what is announced while it is being placed,
// and may replace that head, is recorded after it.

// arrival is what a RecordRemote under way says of a name.
type arrival struct {
	id    ID
	heads []index.Entry
}

// announces takes note of the names that a RecordRemote is about.
func (w *work) announces(id ID, updates []index.Update) {
	for i := range updates {
		if heads := updates[i].Heads; len(heads) > 0 {
			name := heads[0].Name
			w.arrivals[id] = append(w.arrivals[id], name)
			w.arriving[name] = append(w.arriving[name], arrival{id, heads})
		}
	}
}

// announced forgets a RecordRemote that has ended.
func (w *work) announced(id ID) {
	for _, name := range w.arrivals[id] {
		w.arriving[name] = slices.DeleteFunc(w.arriving[name], func(a arrival) bool { return a.id == id })
		if len(w.arriving[name]) == 0 {
			delete(w.arriving, name)
		}
	}
	delete(w.arrivals, id)
}

// mayReplace reports whether an action is a create of a head that may be gone once
// it is recorded what a device announces of the name. A head that it announces as
// well is not.
func mayReplace(heads []index.Entry, a *plan.Action) bool {
	return a.Op == plan.Create && slices.ContainsFunc(a.Heads, func(v index.Version) bool {
		return !slices.ContainsFunc(heads, func(h index.Entry) bool { return h.Version.Compare(v) == index.Equal })
	})
}

// mayBeReplaced reports whether something is being recorded that may replace the
// head of a create.
func (w *work) mayBeReplaced(a *plan.Action) bool {
	return slices.ContainsFunc(w.arriving[a.Name], func(at arrival) bool { return mayReplace(at.heads, a) })
}

// replaced returns the Place under way if updates may replace the head of
// something that it creates, else 0.
func (w *work) replaced(updates []index.Update) ID {
	for i := range updates {
		heads := updates[i].Heads
		if len(heads) == 0 || !w.placing(heads[0].Name) {
			continue
		}
		if a, ok := w.actions[heads[0].Name]; ok && mayReplace(heads, &a) {
			return w.place
		}
	}
	return 0
}
