package engine

import (
	"slices"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// fetch groups files to be assembled: big ones go alone, small ones together.
func (e *Engine) fetch(actions []plan.Action) {
	w := &e.work
	var group []plan.Action
	var size int64
	flush := func() {
		if len(group) > 0 {
			w.unfetched = append(w.unfetched, group)
		}
		group, size = nil, 0
	}
	for _, a := range actions {
		if isBig(&a) {
			w.bigs = append(w.bigs, a)
			w.long[a.Name] = true
			continue
		}
		if len(group) == groupFiles || size+a.Want.Size > groupBytes {
			flush()
		}
		group, size = append(group, a), size+a.Want.Size
	}
	flush()
}

func isBig(a *plan.Action) bool { return a.Want.Size >= bigFile }

// fetchNext begins to assemble as many groups as may be under way.
func (e *Engine) fetchNext() {
	w := &e.work
	for len(w.bigs) > 0 && w.big < maxBig && w.rest.IsZero() {
		w.big++
		e.beginFetch(w.bigs[:1:1])
		w.bigs = w.bigs[1:]
	}
	for len(w.unfetched) > 0 && w.fetches < maxGroups && w.rest.IsZero() {
		w.fetches++
		e.beginFetch(w.unfetched[0])
		w.unfetched = w.unfetched[1:]
	}
}

func (e *Engine) beginFetch(group []plan.Action) {
	f := Fetch{ID: e.newID(), Actions: group}
	e.work.groups[f.ID] = names(group)
	e.emit(f)
}

func names(actions []plan.Action) []string {
	out := make([]string, len(actions))
	for i := range actions {
		out[i] = actions[i].Name
	}
	return out
}

// enqueue lets an action wait for its turn to be placed.
func (e *Engine) enqueue(a *plan.Action) {
	e.work.begin(a, queued)
	e.work.queue = append(e.work.queue, *a)
}

// atOnce returns how many of the queue are placed together.
func (w *work) atOnce() int {
	var bytes int64
	for i := range w.queue {
		if i == placeNames || i > 0 && bytes > placeBytes {
			return i
		}
		a := &w.queue[i]
		bytes += a.Want.Size
		if a.Have != nil {
			bytes += a.Have.Entry.Size
		}
	}
	return len(w.queue)
}

// placeNext places the next group.
func (e *Engine) placeNext() {
	w := &e.work
	if w.place != 0 || len(w.queue) == 0 || !w.rest.IsZero() {
		return
	}
	n := w.atOnce()
	var current []plan.Action
	for i := range w.queue[:n] {
		a := &w.queue[i]
		if w.records(a.Name) || a.Op == plan.Move && w.records(a.From.Entry.Name) {
			w.end(a.Name) // a scan has found something since
			e.cycle.again = true
			continue
		}
		current = append(current, *a)
	}
	group, later := w.split(current)
	w.queue = w.queue[n:]
	if len(later) > 0 {
		w.queue = append(later, w.queue...)
	}
	if len(group) == 0 {
		return
	}
	w.place, w.hasPlaced = e.newID(), true
	for i := range group {
		w.begin(&group[i], placing)
	}
	w.groups[w.place] = names(group)
	e.emit(Place{ID: w.place, Actions: group})
}

// split takes out of a group what has to wait: creates whose head may be replaced
// just now, all that goes into a directory whose create waits, and what is hashed,
// unless there is nothing else: it may take long, and others wait for creates.
func (w *work) split(actions []plan.Action) (group, later []plan.Action) {
	var waiting []string // directories
	into := func(name string) bool {
		return slices.ContainsFunc(waiting, func(dir string) bool { return strings.HasPrefix(name, dir+"/") })
	}
	var hashed []plan.Action
	for i := range actions {
		a := &actions[i]
		switch {
		case w.mayBeReplaced(a) || into(a.Name):
			if a.Want.Type == index.Directory {
				waiting = append(waiting, a.Name)
			}
			later = append(later, *a)
		case a.Op == plan.Compare:
			hashed = append(hashed, *a)
		default:
			group = append(group, *a)
		}
	}
	if len(group) == 0 {
		return hashed, later
	}
	return group, append(hashed, later...)
}
