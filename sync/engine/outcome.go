package engine

import (
	"context"
	"maps"
	"slices"
	"time"

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

func (s *scanning) busy() bool { return len(s.running) > 0 || len(s.pending) > 0 }
