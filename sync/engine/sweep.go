package engine

import (
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// sweep is a walk over the folder that a person asked for.
type sweep struct {
	kind  sweepKind
	begun ID // Unsettle or Commit that has to end before the walk goes on
	pass  index.Dirty
	after string
	ended bool          // of a revert: all names have been looked at
	dirs  []plan.Action // of a revert: directories to be taken away, by name
}

type sweepKind uint8

const (
	sweepNone sweepKind = iota
	sweepOverride
	sweepRevert
	sweepAnnounce
)

func (s *sweep) active() bool { return s.kind != sweepNone }

func (s *sweep) committed(id ID) {
	if s.begun == id {
		s.begun = 0
	}
}

// beginSweep begins an override or a revert where the folder's direction has one.
func (e *Engine) beginSweep(kind sweepKind) {
	if e.sweep.active() || kind == sweepOverride && e.Direction != plan.SendOnly || kind == sweepRevert && e.Direction != plan.ReceiveOnly {
		return
	}
	e.sweep = sweep{kind: kind, pass: index.DirtyLive, begun: e.newID()}
	e.emit(Unsettle{ID: e.sweep.begun})
}

func (e *Engine) unsettled(ev Unsettled) {
	e.sweep.committed(ev.ID)
	e.cycle.again = true
}

// sweepNext goes on with the sweep, a page at a time.
func (e *Engine) sweepNext(ctx context.Context) error {
	for e.sweep.active() && e.sweep.begun == 0 && len(e.work.queue) < placeNames {
		var err error
		switch e.sweep.kind {
		case sweepOverride:
			err = e.overridePage(ctx)
		case sweepAnnounce:
			err = e.announcePage(ctx)
		default:
			if e.sweep.ended {
				return e.revertDirectories()
			}
			err = e.revertPage(ctx)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) overridePage(ctx context.Context) error {
	page, err := e.Index.Dirty(ctx, e.sweep.pass, e.sweep.after, pageNames)
	if err != nil {
		return err
	}
	known, err := e.listedPage(ctx, page)
	if err != nil {
		return err
	}
	commit := Commit{ID: e.newID()}
	for i := range page {
		e.sweep.after = page[i].Name
		if s := known[page[i].Name]; s.Dirty != index.Clean { // still
			c := plan.Override(s, e.author())
			complete(&c, s)
			commit.Changes = append(commit.Changes, c)
		}
	}
	if len(commit.Changes) > 0 {
		e.sweep.begun = commit.ID
		e.commit(commit)
	}
	if len(page) < pageNames {
		e.nextSweepPass()
	}
	return nil
}

func (e *Engine) nextSweepPass() {
	e.sweep.after = ""
	if e.sweep.pass == index.DirtyGoneDirectory {
		e.sweep = sweep{}
		return
	}
	e.sweep.pass++
}

func (e *Engine) revertPage(ctx context.Context) error {
	page, err := e.Index.Flagged(ctx, index.ReceiveOnlyChanged, e.sweep.after, pageNames)
	if err != nil {
		return err
	}
	var fetch []plan.Action
	for i := range page {
		e.sweep.after = page[i].Name
		if err := e.revert(ctx, e.decideRevert(&page[i]), &fetch); err != nil {
			return err
		}
	}
	e.fetch(fetch)
	e.sweep.ended = len(page) < pageNames
	return nil
}

// revertDirectories takes the directories away that were made here, or puts back
// what was there before, deepest first, once what was in them is gone.
func (e *Engine) revertDirectories() error {
	if !e.work.idle() {
		return nil
	}
	var fetch []plan.Action
	for _, a := range slices.Backward(e.sweep.dirs) {
		if a.Fetches() {
			e.work.begin(&a, fetching)
			fetch = append(fetch, a)
			continue
		}
		e.enqueue(&a)
	}
	e.fetch(fetch)
	e.sweep = sweep{}
	return nil
}

// announcePage records as versions of this device what was changed while the
// folder was receive-only, and is no more.
func (e *Engine) announcePage(ctx context.Context) error {
	page, err := e.Index.Flagged(ctx, index.ReceiveOnlyChanged, e.sweep.after, pageNames)
	if err != nil {
		return err
	}
	known, err := e.listedPage(ctx, page)
	if err != nil {
		return err
	}
	commit := Commit{ID: e.newID()}
	for i := range page {
		e.sweep.after = page[i].Name
		if s := known[page[i].Name]; s.Local.Flags&index.ReceiveOnlyChanged != 0 { // still
			c := plan.Announce(s, e.author())
			complete(&c, s)
			commit.Changes = append(commit.Changes, c)
		}
	}
	if len(commit.Changes) > 0 {
		e.sweep.begun = commit.ID
		e.commit(commit)
	}
	if len(page) < pageNames {
		e.sweep = sweep{}
	}
	return nil
}

func (e *Engine) decideRevert(s *index.State) plan.Action {
	f := e.facts(s)
	return plan.Revert(&f, e.author())
}

func (e *Engine) revert(ctx context.Context, a plan.Action, fetch *[]plan.Action) error {
	switch {
	case a.Op == plan.Settle || a.Op == plan.Wait || e.work.stages[a.Name] != 0 || e.work.records(a.Name):
	case a.Op == plan.Note:
		return e.revertNote(ctx, a.Name, fetch)
	case a.Op == plan.Rmdir, a.Op == plan.Retype && a.Have.Entry.Type == index.Directory:
		e.sweep.dirs = append(e.sweep.dirs, a)
	case a.Fetches():
		e.work.begin(&a, fetching)
		*fetch = append(*fetch, a)
	default:
		e.enqueue(&a)
	}
	return nil
}

// revertNote decides about a name once more, with the block lists that taking
// note of what was held before needs.
func (e *Engine) revertNote(ctx context.Context, name string, fetch *[]plan.Action) error {
	known, err := e.listed(ctx, []string{name})
	if err != nil {
		return err
	}
	a := e.decideRevert(known[name])
	if a.Op != plan.Note {
		return e.revert(ctx, a, fetch)
	}
	c := note(&a)
	complete(&c, known[name])
	e.commit(Commit{ID: e.newID(), Changes: []index.Change{c}})
	return nil
}
