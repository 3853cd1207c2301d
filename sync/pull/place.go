package pull

import (
	"context"
	"errors"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// Place carries actions out, new directories first and else in their order, as
// one group: durable on disk before they stand in the index, and in the index
// before they are Done.
// Whatever an action with Fetches wants was fetched before. The outcomes are in
// the order of the actions. Two actions of a group must not concern one name,
// the old name of a Move included.
//
// When the context ends, what has been begun is still completed.
func (p *Puller) Place(ctx context.Context, actions []plan.Action) []plan.Outcome {
	p.placing.Lock()
	defer p.placing.Unlock()
	outs := make([]plan.Outcome, len(actions))
	g := &group{Puller: p, ctx: ctx, dirs: map[string]string{}, made: map[string]bool{}, met: map[string]uint64{}, touched: map[string]bool{}}
	for i := range actions {
		outs[i].Name = actions[i].Name
		s := &step{a: &actions[i], out: &outs[i], want: actions[i].Want}
		g.steps = append(g.steps, s)
	}
	if err := g.run(); err != nil {
		for _, s := range g.steps {
			if s.end == open {
				s.finish(over, failed(s.a.Name, err))
			}
			s.out.Unsettled = p.unsettled
		}
	}
	return outs
}

func (g *group) run() error {
	if g.unsettled {
		rep, err := g.settle(g.ctx)
		if err != nil {
			return err
		}
		g.steps[0].out.Rescan = append(g.steps[0].out.Rescan, rep.Rescan...)
	}
	var err error
	if g.known, err = g.whatIsKnown(g.ctx, g.actions()); err != nil {
		return err
	}
	for _, s := range g.steps {
		if err := g.prepare(s); err != nil {
			s.finish(over, failed(s.a.Name, err))
		}
	}
	if err := g.begin(); err != nil {
		return err
	}
	caller := g.ctx
	g.ctx = context.WithoutCancel(caller)
	for _, s := range g.inOrder() {
		switch {
		case s.end != open:
		case caller.Err() != nil:
			s.undo(plan.Outcome{Name: s.a.Name, Status: plan.Postponed})
		default:
			g.act(s)
			for _, dir := range s.dirs {
				g.touched[dir] = true
			}
		}
	}
	lentErr := g.giveBack(g.ctx)
	if err := g.opt.Fault("pull.placed"); err != nil {
		g.stickAll(err)
	}
	g.barrier()
	if err := g.opt.Fault("pull.durable"); err != nil {
		g.stickAll(err)
	}
	g.commit()
	return lentErr
}

// inOrder returns the steps as they are carried out: new directories first, so
// that those into which something moves are made durable together.
func (g *group) inOrder() []*step {
	directories := make([]*step, 0, len(g.steps))
	var others []*step
	for _, s := range g.steps {
		if (s.a.Op == plan.Create || s.a.Op == plan.Retype) && s.want.Type == index.Directory {
			directories = append(directories, s)
		} else {
			others = append(others, s)
		}
	}
	return append(directories, others...)
}

func (g *group) stickAll(err error) {
	for _, s := range g.steps {
		if s.end == placed || s.end == undone && len(s.intents) > 0 {
			s.stick(err)
		}
	}
}

// act carries out one step.
func (g *group) act(s *step) {
	switch s.a.Op {
	case plan.Create:
		g.create(s)
	case plan.Replace:
		g.replace(s)
	case plan.Retype:
		if s.held.Entry.Type == index.Directory {
			g.replaceDirectory(s)
		} else {
			g.replace(s)
		}
	case plan.Meta:
		g.meta(s)
	case plan.Move:
		g.move(s)
	case plan.Delete:
		g.delete(s)
	case plan.Rmdir:
		g.rmdir(s)
	case plan.Compare:
		g.compare(s)
	case plan.Note:
		g.note(s)
	case plan.Settle:
		err := g.idx.Settle(g.ctx, []index.Settled{{Name: s.a.Name, Heads: s.a.Heads}})
		if err != nil {
			s.finish(over, failed(s.a.Name, err))
			return
		}
		s.finish(over, plan.Outcome{Name: s.a.Name})
	default:
		s.finish(over, plan.Outcome{Name: s.a.Name, Status: plan.Postponed})
	}
}

// note records what needs nothing on disk.
func (g *group) note(s *step) {
	if s.held != nil {
		s.disk, s.flags = s.held.Disk, s.held.Flags&^index.ReceiveOnlyChanged
	}
	s.end = placed
}

// compare hashes what is held along another block list.
func (g *group) compare(s *step) {
	other, err := g.idx.Head(g.ctx, s.a.Name, s.a.Along)
	if errors.Is(err, index.ErrNoVersion) || err == nil && !s.expects() {
		s.undo(plan.Outcome{Name: s.a.Name, Status: plan.Stale})
		return
	}
	if err != nil {
		s.undo(failed(s.a.Name, err))
		return
	}
	disk, info, err := g.look(s.path, s.a.Name)
	if err != nil {
		s.undo(unscanned(s.a.Name))
		return
	}
	if same, _ := g.unchanged(&s.held.Disk, s.held.Flags, info); !same {
		s.undo(unscanned(s.a.Name))
		return
	}
	equal, err := g.holds(g.ctx, s.path, info, &other)
	switch {
	case err != nil:
		s.undo(failed(s.a.Name, err))
	case !equal:
		s.undo(plan.Outcome{Name: s.a.Name, Status: plan.Differs})
	case s.want.SameMeta(&s.held.Entry):
		s.disk, s.end = disk, placed
	default:
		g.setMeta(s, info)
	}
}

// barrier makes the touched directories durable, and fails the steps of those
// that cannot be.
func (g *group) barrier() {
	var dirs []string
	for _, s := range g.steps {
		if s.end == placed || s.end == undone {
			dirs = append(dirs, s.dirs...)
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	errs := make([]error, len(dirs))
	g.opt.Parallel(len(dirs), func(i int) {
		errs[i] = g.syncDir(dirs[i])
		if isGone(errs[i]) {
			errs[i] = nil // removed since, and that is in the directory above
		}
	})
	for at, inode := range g.met {
		if i, ok := slices.BinarySearch(dirs, parent(at)); ok && errs[i] == nil {
			g.anchored[at] = inode
		}
	}
	for _, s := range g.steps {
		if s.end != placed && s.end != undone {
			continue
		}
		for _, dir := range s.dirs {
			if err := failedAbove(dir, dirs, errs); err != nil && s.end != stuck {
				s.stick(err)
			}
		}
	}
}

// failedAbove returns the error of a directory or of one above it, which may hold
// the only name of one that was made in this group.
func failedAbove(dir string, dirs []string, errs []error) error {
	for {
		if i, ok := slices.BinarySearch(dirs, dir); ok && errs[i] != nil {
			return errs[i]
		}
		if dir == "" {
			return nil
		}
		dir = parent(dir)
	}
}
