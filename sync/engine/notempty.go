package engine

import (
	"context"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

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
