package pull

import (
	"context"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// What intents call their steps. The two of them that end in "-away" leave the
// name empty for a moment, where the file system cannot exchange.
const (
	opCreate      = "create"       // the temp to path; begun only when it is not known how it ended
	opReplace     = "replace"      // exchange of path and work
	opReplaceAway = "replace-away" // path to work, then the temp to path
	opDirectory   = "retype"       // rmdir path, then the temp to path
	opDelete      = "delete"       // path to work
	opRmdir       = "rmdir"
	opMeta        = "meta"
	opRename      = "rename"      // path to To
	opRenameFrom  = "rename-from" // beside it: the new state of the old name
)

// begin commits the intents of all steps that touch what exists.
func (g *group) begin() error {
	var intents []index.Intent
	var owners []*step
	for _, s := range g.steps {
		if s.end != open {
			continue
		}
		for _, it := range g.intentsOf(s) {
			intents, owners = append(intents, it), append(owners, s)
		}
	}
	if len(intents) == 0 {
		return g.keepHeads()
	}
	ids, err := g.idx.Begin(g.ctx, intents)
	if err != nil {
		return fmt.Errorf("begin %d steps: %w", len(intents), err)
	}
	for i, s := range owners {
		s.intents = append(s.intents, ids[i])
	}
	if err := g.opt.Fault("pull.begun"); err != nil {
		for _, s := range owners {
			s.stick(err)
		}
	}
	return nil
}

// keepHeads makes durable what is known of the heads before something is made
// of them on disk, as intents do by the way. A file that is found after a loss
// of power, while the head that it was made of is forgotten, would pass for one
// of this device's own making.
func (g *group) keepHeads() error {
	if !slices.ContainsFunc(g.steps, func(s *step) bool { return s.end == open && s.a.Op == plan.Create }) {
		return nil
	}
	if _, err := g.idx.Commit(g.ctx, nil, true); err != nil {
		return fmt.Errorf("keep the heads to be placed: %w", err)
	}
	return nil
}

// limbo commits an intent for each create of which it is not known whether it is
// durable: what stands there must not pass for something made here.
func (g *group) limbo() error {
	var intents []index.Intent
	for _, s := range g.steps {
		if s.end != stuck || s.a.Op != plan.Create {
			continue
		}
		it := index.Intent{Operation: opCreate, Path: s.a.Name, New: s.want, Heads: s.a.Heads}
		if s.held != nil {
			it.Expected = *s.held
		}
		if s.path != s.a.Name {
			it.Expected.Disk.Name = s.path
		}
		intents = append(intents, it)
	}
	if len(intents) == 0 {
		return nil
	}
	if _, err := g.idx.Begin(g.ctx, intents); err != nil {
		return fmt.Errorf("note %d files that may have been created: %w", len(intents), err)
	}
	return nil
}

func (g *group) intentsOf(s *step) []index.Intent {
	it := index.Intent{Path: s.a.Name, New: s.want, Heads: s.a.Heads}
	if s.held != nil {
		it.Expected = *s.held
	}
	switch s.a.Op {
	case plan.Replace, plan.Retype:
		it.Operation, it.Work = opReplace, s.work
		switch {
		case s.held.Entry.Type == index.Directory:
			it.Operation, it.Work = opDirectory, ""
		case !g.exchanges():
			it.Operation = opReplaceAway
		}
	case plan.Delete:
		it.Operation, it.Work = opDelete, s.work
	case plan.Rmdir:
		it.Operation = opRmdir
	case plan.Meta:
		it.Operation = opMeta
	case plan.Move:
		from := s.a.From
		it.Operation, it.Path, it.To, it.Expected = opRename, from.Entry.Name, s.a.Name, *from
		return []index.Intent{it, {
			Operation: opRenameFrom, Path: from.Entry.Name, To: s.a.Name,
			Expected: *from, New: s.a.FromWant, Heads: s.a.FromHeads,
		}}
	default:
		return nil
	}
	return []index.Intent{it}
}

// commit records what is durable on disk, and abandons the intents of steps
// that have left everything as it was.
func (g *group) commit() {
	var changes []index.Change
	var owners []*step
	var abandoned []index.IntentID
	for _, s := range g.steps {
		switch s.end {
		case placed:
			more, err := g.changes(s)
			if err != nil {
				s.stick(err)
				continue
			}
			for range more {
				owners = append(owners, s)
			}
			changes = append(changes, more...)
		case undone:
			abandoned = append(abandoned, s.intents...)
		}
	}
	// As soon as it is recorded, somebody may look for what was displaced: a
	// sibling is made of it.
	for _, s := range g.steps {
		if s.taken && s.end != stuck {
			g.noteWork(s.work, "")
		}
	}
	err := g.remember()
	var staleOnes []int
	if err == nil && len(changes) > 0 {
		staleOnes, err = g.idx.Commit(g.ctx, changes, true)
	}
	if err == nil && len(abandoned) > 0 {
		err = g.idx.Abandon(g.ctx, abandoned)
	}
	if err != nil {
		g.stickAll(fmt.Errorf("record what was placed: %w", err))
	}
	for _, i := range staleOnes {
		// The index went on while the disk did; the intent tells both apart.
		owners[i].finish(stuck, plan.Outcome{Name: owners[i].a.Name, Status: plan.Stale})
	}
	if err := g.limbo(); err != nil {
		g.opt.Log.Warn("not noted", "err", err)
	}
	g.report()
}

// changes are what a placed step records: first a save that it displaced, then
// what it placed, in one transaction.
func (g *group) changes(s *step) ([]index.Change, error) {
	c := index.Change{
		Base: s.a.Base(), Entry: s.want, Disk: s.disk, Flags: s.flags,
		Heads: s.a.Heads, Derived: s.a.Derived, Missing: s.a.Missing, Quiet: s.a.Quiet,
	}
	if len(s.intents) > 0 {
		c.Intent = s.intents[0]
	}
	var out []index.Change
	if s.saved {
		save, work, err := g.saveOf(g.ctx, s.a.Name, s.work, s.held, &s.want)
		if err != nil {
			return nil, err
		}
		s.work = work
		if save != nil {
			out = append(out, *save)
			c.Base = save.Entry.Version
			c.Derived = unreplaced(c.Derived, save.Entry.Version)
			s.held = &index.Held{Entry: save.Entry}
		}
	}
	out = append(out, c)
	if s.a.Op == plan.Move {
		out = append(out, index.Change{
			Base: s.a.From.Entry.Version, Entry: s.a.FromWant, Heads: s.a.FromHeads, Intent: s.intents[1],
		})
	}
	return out, nil
}

// saveOf makes a version of a save that was displaced before any scan saw it:
// the change that records it on top of what was held, nil in a receive-only
// folder, and the name its bytes have by now. Its version is another than that
// of what was placed, which may be of this device's making, too.
func (p *Puller) saveOf(ctx context.Context, name, work string, held *index.Held, placed *index.Entry) (*index.Change, string, error) {
	var previous *index.Entry
	var base index.Version
	if held != nil {
		previous, base = &held.Entry, held.Entry.Version
	}
	e, err := p.read(ctx, work, name, previous)
	if err != nil {
		return nil, work, fmt.Errorf("read a save that was displaced: %w", err)
	}
	work, err = p.renameWork(work, e.Hash)
	if err != nil {
		return nil, work, err
	}
	if p.opt.Direction == plan.ReceiveOnly {
		return nil, work, nil
	}
	state, _, err := p.idx.State(ctx, name)
	if err != nil {
		return nil, work, err
	}
	id, err := p.idx.Identity(ctx)
	if err != nil {
		return nil, work, err
	}
	state.Name = name
	if placed.ModifiedBy == id.Replica {
		state.Heads = append(state.Heads, index.Head{Entry: *placed})
	}
	change, ok := plan.Record(&state, &plan.Observation{Name: name, Base: base, Entry: e},
		plan.Author{Replica: id.Replica, Now: p.opt.Clock(), Names: p.opt.Author}, p.opt.Direction, Limits(p.fs.Capabilities()))
	if !ok {
		return nil, work, nil
	}
	change.Heads = nil // so that the plan looks at it next to what was placed
	change.Derived, err = p.derived(ctx, name, change.Derived, nil)
	return &change, work, err
}

// renameWork gives a displaced file the name of the content it turned out to have,
// so that it is found by it. The key stays: an intent finds it by that.
func (p *Puller) renameWork(work string, content index.Hash) (string, error) {
	w, ok := folderfs.ParseWork(work)
	if !ok || w.Hash == content {
		return work, nil
	}
	w.Hash = content
	if err := p.fs.RenameNoReplace(work, w.String()); err != nil {
		return work, err
	}
	p.noteWork(w.String(), work)
	return w.String(), p.syncDir(folderfs.DisplacedDir)
}

// report sets the final outcomes and tells of what was displaced.
func (g *group) report() {
	for _, s := range g.steps {
		switch s.end {
		case stuck:
			g.unsettled, s.out.Unsettled = true, true
		case placed:
			s.out.Status = plan.Done
		}
		if s.taken && s.end != stuck {
			g.opt.OnEvent(Event{Kind: Displaced, Name: s.a.Name, Work: s.work})
			if s.saved {
				g.opt.OnEvent(Event{Kind: Saved, Name: s.a.Name, Work: s.work})
			}
		}
		g.opt.Log.Debug("step", "op", s.a.Op, "name", s.a.Name, "status", s.out.Status, "end", s.end)
	}
	if err := g.opt.Fault("pull.committed"); err != nil {
		g.opt.Log.Debug("failpoint", "err", err)
	}
}
