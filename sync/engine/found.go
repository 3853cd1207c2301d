package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// scanned records what a scan found.
func (e *Engine) scanned(ctx context.Context, ev Scanned) error {
	for _, name := range ev.Again {
		e.lookAgain(name, settleAgain)
	}
	for _, p := range ev.Problems {
		e.problems[p.Name] = p
	}
	known, err := e.statesSeen(ctx, ev.Seen)
	if err != nil {
		return err
	}
	seen := ev.Seen
	if i := slices.IndexFunc(e.scanning.running, func(r run) bool { return r.id == ev.ID }); i >= 0 {
		seen = e.hold(&e.scanning.running[i], seen, known)
	}
	return e.recordSeen(ctx, ev.ID, seen, known)
}

// hold keeps back some of what is gone until the scan is done. What was in a
// directory is announced before it is: another device would take what it still
// holds there for something the deleter did not know of. What a loss of power
// may have taken may be found under another name, see otherHalf.
func (e *Engine) hold(r *run, seen []plan.Observation, known map[string]*index.State) []plan.Observation {
	var rest []plan.Observation
	for i := range seen {
		o := &seen[i]
		if s := known[o.Name]; o.Removed && isHeld(s) && (s.Local.Entry.Type == index.Directory || s.Local.Flags&index.Suspect != 0) {
			r.gone = append(r.gone, *o)
		} else {
			rest = append(rest, *o)
		}
	}
	return rest
}

// recordSeen records a batch of what a scan has seen.
func (e *Engine) recordSeen(ctx context.Context, scan ID, seen []plan.Observation, known map[string]*index.State) error {
	commit := Commit{ID: e.newID(), Scan: scan}
	changed, present := map[string]bool{}, map[string]bool{}
	for i := range seen {
		present[seen[i].Name] = !seen[i].Removed
	}
	for i := range seen {
		o := &seen[i]
		if changed[o.Name] || !e.counts(scan, o.Name) {
			continue // the old name of a rename, or not to be relied on
		}
		if err := e.noteImplied(ctx, known[o.Name], o); err != nil {
			return err
		}
		c, ok := e.record(known[o.Name], o)
		if !ok {
			continue
		}
		commit.Changes, changed[o.Name] = append(commit.Changes, c), true
		from := c.Entry.RenamedFrom
		if isHeld(known[o.Name]) || present[from] || changed[from] {
			continue // the rename is an old one, or the old name is a file's again
		}
		if half, ok := e.otherHalf(scan, known[from], o, &c); ok {
			commit.Changes, changed[from] = append(commit.Changes, half), true
		}
	}
	var err error
	commit.Changes, err = e.completed(ctx, commit.Changes, func(name string) { e.scanning.add(Scope{Name: name}) })
	if err == nil {
		e.commit(commit)
	}
	return err
}

// noteImplied finds out whether a new directory was made for what is placed in it,
// or was to be: by a run before this one, perhaps.
func (e *Engine) noteImplied(ctx context.Context, s *index.State, o *plan.Observation) error {
	if !e.work.hasPlaced || o.Removed || o.Entry.Type != index.Directory || isHeld(s) {
		return nil
	}
	if o.Implied = e.work.isBelow(o.Name); o.Implied {
		return nil
	}
	held, err := e.Index.Locals(ctx, o.Name, "", 1)
	if err != nil {
		return err
	}
	waiting, err := e.Index.Dirty(ctx, index.DirtyLive, o.Name+"/", 1)
	o.Implied = len(held) > 0 || len(waiting) > 0 && strings.HasPrefix(waiting[0].Name, o.Name+"/")
	return err
}

// isHeld reports whether something stands at a name as far as the index knows.
func isHeld(s *index.State) bool { return s.Local != nil && !s.Local.Entry.Deleted }

// statesSeen returns the states of what was seen, and of its former names.
func (e *Engine) statesSeen(ctx context.Context, seen []plan.Observation) (map[string]*index.State, error) {
	names := make([]string, 0, len(seen))
	for i := range seen {
		names = append(names, seen[i].Name)
		if from := seen[i].Entry.RenamedFrom; from != "" {
			names = append(names, from)
		}
	}
	return e.states(ctx, names)
}

// states returns the states of names, by name.
func (e *Engine) states(ctx context.Context, names []string) (map[string]*index.State, error) {
	return e.read(ctx, names, false)
}

func (e *Engine) read(ctx context.Context, names []string, blocks bool) (map[string]*index.State, error) {
	if len(names) == 0 {
		return nil, nil
	}
	states, err := e.Index.States(ctx, names, blocks)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*index.State, len(states))
	for i := range states {
		known[states[i].Name] = &states[i]
	}
	return known, nil
}

func (e *Engine) record(s *index.State, o *plan.Observation) (index.Change, bool) {
	if o.Compared(s) {
		return plan.Record(s, o, e.author(), e.Direction, e.Limits)
	}
	e.scanning.add(Scope{Name: o.Name}) // another version is held by now
	return index.Change{}, false
}

// otherHalf records along with the new name of a rename that the old one, of
// which s is the state, is gone: together they are announced, so that other
// devices rename as they come. The scan saw nothing there; and what is held
// there is the very file that was found under the new name.
func (e *Engine) otherHalf(scan ID, s *index.State, o *plan.Observation, c *index.Change) (index.Change, bool) {
	from := c.Entry.RenamedFrom
	if from == "" || o.Removed || o.Entry.RenamedFrom != from || o.Disk.Inode == 0 || e.work.records(from) || !e.counts(scan, from) {
		return index.Change{}, false
	}
	if !isHeld(s) || s.Local.Disk.Inode != o.Disk.Inode || s.Local.Disk.Device != o.Disk.Device {
		return index.Change{}, false
	}
	return plan.Record(s, &plan.Observation{Name: from, Base: s.Local.Entry.Version, Removed: true, Moved: true}, e.author(), e.Direction, e.Limits)
}
