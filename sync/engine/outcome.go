package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// committed ends a commit. What was stale is compared with the disk again, and
// a sweep goes on.
func (e *Engine) committed(ev Committed) {
	for _, name := range ev.Stale {
		e.scanning.add(Scope{Name: name})
	}
	e.work.committed(ev.ID)
	e.cycle.again = true
	e.sweep.committed(ev.ID)
}

// fetched decides again about each name that was assembled: only if the same
// still has to be done it is placed.
func (e *Engine) fetched(ctx context.Context, ev Fetched) error {
	w := &e.work
	members, ok := w.groups[ev.ID]
	if !ok {
		return nil
	}
	delete(w.groups, ev.ID)
	if first := w.actions[members[0]]; isBig(&first) {
		w.big--
		delete(w.long, members[0])
	} else {
		w.fetches--
	}
	known, err := e.states(ctx, members)
	if err != nil {
		return err
	}
	for i := range ev.Outcomes {
		o := &ev.Outcomes[i]
		was := w.end(o.Name)
		if o.Status != plan.Done {
			if err := e.ended(ctx, &was, o); err != nil {
				return err
			}
			continue
		}
		a, err := e.decideAgain(ctx, known[o.Name], &was)
		if err != nil {
			return err
		}
		if !a.Same(&was) || e.work.stages[a.Name] != 0 || e.work.records(a.Name) {
			e.cycle.again = true
			continue
		}
		e.enqueue(&a)
	}
	return nil
}

// decideAgain decides about a name in the way it was decided before.
func (e *Engine) decideAgain(ctx context.Context, s *index.State, was *plan.Action) (plan.Action, error) {
	if was.Revert {
		return e.decideRevert(s), nil
	}
	from, err := e.formerNames(ctx, []index.State{*s})
	if err != nil {
		return plan.Action{}, err
	}
	return e.decide(s, from), nil
}

// placed ends a placement.
func (e *Engine) placed(ctx context.Context, ev Placed) error {
	w := &e.work
	if ev.ID != w.place {
		return nil
	}
	delete(w.groups, ev.ID)
	w.place = 0
	if !slices.ContainsFunc(ev.Outcomes, func(o plan.Outcome) bool { return o.Unsettled }) {
		e.settled()
	}
	for i := range ev.Outcomes {
		o := &ev.Outcomes[i]
		was := w.end(o.Name)
		names := touches(&was)
		e.touched(names...)
		for _, name := range names {
			if o.Unsettled {
				w.unsettled[name] = true
			}
		}
		if o.Status == plan.Failed && hasCode(o, plan.CodeNotEmpty) && !was.Revert && was.Have != nil && was.Have.Entry.Type == index.Directory {
			if err := e.notEmpty(ctx, &was, o); err != nil {
				return err
			}
			continue
		}
		if err := e.ended(ctx, &was, o); err != nil {
			return err
		}
	}
	e.recheck = earliest(e.recheck, e.now.Add(recheckAfter))
	return nil
}

// settled looks again at names of which it was not known what stands there: now
// the index is right about them but for what users have done since.
func (e *Engine) settled() {
	for _, name := range slices.Sorted(maps.Keys(e.work.unsettled)) {
		e.touched(name)
		e.scanning.add(Scope{Name: name, Recursive: true})
	}
	clear(e.work.unsettled)
}

// recheckAfter is how long after a placement displaced files are looked at.
const recheckAfter = 3 * time.Second

// ended takes note of how the work on one name went. A directory that has to
// be compared again may be another one than the one held, made anew after
// somebody took that away: what was in it is looked at too.
func (e *Engine) ended(ctx context.Context, was *plan.Action, o *plan.Outcome) error {
	for _, name := range o.Rescan {
		e.scanning.add(Scope{Name: name, Recursive: true})
	}
	if hasCode(o, plan.CodeNoSource) {
		return e.noSource(ctx, was, o)
	}
	switch o.Status {
	case plan.Done:
		e.work.succeed(o.Name)
		e.cycle.progress, e.cycle.again = true, true
		if was.Op == plan.Rmdir {
			return e.removed(ctx, o.Name)
		}
	case plan.Stale:
		e.tooLate(o.Name)
	case plan.Unscanned:
		e.scanning.add(Scope{Name: o.Name})
		e.work.waitForScan(e.now, was, onScan)
	case plan.Postponed:
		if hasCode(o, plan.CodeUnheld) && e.work.failures[o.Name].tries >= waitForWay {
			e.work.fail(e.now, o.Name, o.Problem)
			return e.enclosed(ctx, o.Name)
		}
		e.work.postpone(e.now, o.Name, o.Problem)
	case plan.Differs:
		e.work.differs[o.Name] = append(e.work.differs[o.Name], was.Along)
		e.cycle.again = true
	case plan.Failed:
		e.work.fail(e.now, o.Name, o.Problem)
		if hasCode(o, plan.CodeNoSpace) {
			e.work.rest = e.now.Add(diskFull)
		}
	}
	return nil
}

// removed looks below a directory that is gone: if something is still held
// there, somebody took the directory away as a whole before we came to it.
func (e *Engine) removed(ctx context.Context, dir string) error {
	held, err := e.Index.Locals(ctx, dir, dir, 1)
	if err == nil && len(held) > 0 {
		e.scanning.add(Scope{Name: dir, Recursive: true})
	}
	return err
}

func hasCode(o *plan.Outcome, code string) bool { return o.Problem != nil && o.Problem.Code == code }

// noSource leaves a name alone that no connected device could send. Another
// device, or news of the name, lets it be tried again before its time.
//
// A sibling that nobody announces was derived here from a head that may have
// been superseded before anyone placed it: its bytes may be nowhere any more.
// So may those of a head that everybody has put aside for another, if a loss of
// power took them from its author. Such heads do not count until somebody
// announces the name, which is what every device does that has them.
func (e *Engine) noSource(ctx context.Context, was *plan.Action, o *plan.Outcome) error {
	s, _, err := e.Index.State(ctx, o.Name)
	if err != nil {
		return err
	}
	switch {
	case e.receiving == 0 && e.unheld(&s, was.Want.Hash): // else it may be announced just now
		e.work.succeed(o.Name)
		e.nowhere[o.Name] = append(e.nowhere[o.Name], was.Want.Hash)
		e.cycle.again = true
	case len(e.peers) == 0:
		e.work.wait(e.now, o.Name, onTime, nil) // nobody to ask is no problem of this file
	default:
		e.work.fail(e.now, o.Name, o.Problem)
	}
	return nil
}

// asideTries is how often a content is asked for that all who know of it have
// put aside: it may be on its way under another name. About four minutes.
const asideTries = 8

// unheld reports whether there is no hope for a content that could not be had.
func (e *Engine) unheld(s *index.State, content index.Hash) bool {
	aside, derived := plan.Unheld(s, content)
	return derived || aside && len(e.peers) > 0 && e.work.failures[s.Name].tries >= asideTries
}

// announced reports whether some content that could not be had is announced by
// now, under whatever name, and counts it in again.
func (e *Engine) announced(heads []index.Entry) (again bool) {
	if len(e.nowhere) == 0 {
		return false
	}
	for name, contents := range e.nowhere {
		if slices.ContainsFunc(heads, func(h index.Entry) bool { return h.Name == name || slices.Contains(contents, h.Hash) }) {
			delete(e.nowhere, name)
			again = true
		}
	}
	return again
}

// notEmpty decides about a directory that is to go, or to give way to a file,
// and holds something. What the index does not know yet is scanned first. A
// live entry in it means that its deleter did not know of that: the directory
// stays and everybody learns so. With nothing but ignored names in it, it stays
// here only.
func (e *Engine) notEmpty(ctx context.Context, was *plan.Action, o *plan.Outcome) error {
	if e.work.failures[o.Name].on != onScanBelow {
		e.scanning.add(Scope{Name: o.Name, Recursive: true})
		e.work.waitForScan(e.now, was, onScanBelow)
		return nil
	}
	known, err := e.listed(ctx, []string{o.Name})
	if err != nil {
		return err
	}
	s := known[o.Name]
	if s.Local == nil || s.Local.Entry.Deleted || s.Local.Entry.Type != index.Directory {
		e.cycle.again = true
		return nil
	}
	live, pending, err := e.below(ctx, o.Name)
	if err != nil {
		return err
	}
	switch {
	case live && (e.receiving > 0 || e.now.Before(e.heard.Add(patience))):
		e.work.postpone(e.now, o.Name, o.Problem) // its deletion may be on its way
	case live:
		e.revive(s)
	case pending || e.scanning.busy():
		e.work.postpone(e.now, o.Name, o.Problem)
	case was.Op == plan.Rmdir:
		e.commit(Commit{ID: e.newID(), Changes: []index.Change{plan.Keep(s, was)}})
		e.work.succeed(o.Name)
	default: // a file cannot stand where ignored names are
		e.work.fail(e.now, o.Name, o.Problem)
	}
	return nil
}

// revive keeps a directory that the heads take away. The state has block lists.
func (e *Engine) revive(s *index.State) {
	f := e.facts(s)
	c := plan.Revive(&f, e.author())
	complete(&c, s)
	e.commit(Commit{ID: e.newID(), Changes: []index.Change{c}})
	e.work.succeed(s.Name)
}

// below looks at what is held below a directory: whether something there is to
// stay, and whether something is still to go.
func (e *Engine) below(ctx context.Context, dir string) (live, pending bool, err error) {
	held, err := e.Index.Locals(ctx, dir, dir, pageNames)
	if err != nil {
		return false, false, err
	}
	for i := range held {
		if held[i].Flags&index.Ignored != 0 {
			continue
		}
		s, _, err := e.Index.State(ctx, held[i].Entry.Name)
		if err != nil {
			return false, false, err
		}
		if s.Dirty != index.Clean && len(s.Heads) > 0 && conflict.Resolve(s.Entries()).Winner.Deleted {
			pending = true
			continue
		}
		return true, pending, nil
	}
	return false, pending, nil
}

func (s *scanning) busy() bool { return len(s.running) > 0 || len(s.pending) > 0 }
