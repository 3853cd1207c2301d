package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// Place carries actions out, new directories first and else in their order, as
// one group: durable on disk
// before they stand in the index, and in the index before they are Done.
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
	lentErr := g.giveBack()
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

// create places something where nothing is expected. What is there
// nevertheless stays: if it is just what is wanted it is adopted (a crash may
// have come between placing and recording it), else a scan has to see it first.
func (g *group) create(s *step) {
	if err := g.parents(s); err != nil {
		s.undo(g.blocked(s, err))
		return
	}
	if s.want.Type == index.Directory {
		g.createDirectory(s)
		return
	}
	temp, source, err := g.source(s)
	if err != nil {
		s.undo(stale(s, err))
		return
	}
	err = g.opt.Fault("pull.create")
	if err == nil {
		err = g.inDir(s, s.path, func() error { return g.put(s, source, s.path) })
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		g.adopt(s)
	case err != nil:
		s.undo(failed(s.a.Name, err))
	default:
		g.record(s, &temp)
	}
}

// blocked is the outcome of a step whose directory cannot be had.
func (g *group) blocked(s *step, err error) plan.Outcome {
	if twin, ok := errors.AsType[*twinError](err); ok {
		return problem(s.a.Name, plan.Failed, plan.CodeNameTwin, fmt.Sprintf("%q waits: %v; rename one of them", s.a.Name, twin))
	}
	if isGone(err) {
		return problem(s.a.Name, plan.Postponed, plan.CodeUnheld,
			fmt.Sprintf("%q cannot be placed while something that is no directory stands in its path; move that away, or wait until it is synchronised", s.a.Name))
	}
	return failed(s.a.Name, err)
}

// stale is the outcome of a step whose fetched content is not there.
func stale(s *step, err error) plan.Outcome {
	if isGone(err) {
		return plan.Outcome{Name: s.a.Name, Status: plan.Stale}
	}
	return failed(s.a.Name, err)
}

// source returns where a fetched file lies, and its facts; links and
// directories are made on the spot.
func (g *group) source(s *step) (folderfs.Info, string, error) {
	if s.want.Type != index.File {
		return folderfs.Info{}, "", nil
	}
	name := tempOf(&s.want, folderfs.Partial)
	if s.a.Op != plan.Create || !g.isReady(name) {
		name = tempOf(&s.want, folderfs.Complete)
	}
	info, err := g.fs.Lstat(name)
	if err == nil && (info.Kind != folderfs.File || info.Size != s.want.Size) {
		err = fmt.Errorf("%q: %w", name, fs.ErrNotExist)
	}
	return info, name, err
}

// put makes what is wanted stand at a name where nothing stands.
func (g *group) put(s *step, source, name string) error {
	switch s.want.Type {
	case index.Symlink:
		return g.fs.Symlink(s.want.Target, name)
	case index.Directory:
		return g.makeDirectory(name, s.want.Mode&0o777)
	}
	if err := g.fs.RenameNoReplace(source, name); err != nil {
		return err
	}
	s.touch(source)
	g.noteWork(name, source)
	return nil
}

// makeDirectory makes a directory with just these permissions.
func (g *group) makeDirectory(name string, mode uint32) error {
	if err := g.fs.Mkdir(name, mode); err != nil || !g.fs.Capabilities().Modes {
		return err
	}
	if info, err := g.fs.Lstat(name); err != nil || info.Mode == mode {
		return err
	}
	return g.fs.Chmod(name, mode) // the process's mask had taken some away
}

func (g *group) createDirectory(s *step) {
	s.touch(s.path) // it may be made, and then fail
	err := g.opt.Fault("pull.create")
	if err == nil {
		err = g.inDir(s, s.path, func() error { return g.put(s, "", s.path) })
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		s.undo(failed(s.a.Name, err))
		return
	}
	info, statErr := g.fs.Lstat(s.path)
	if statErr != nil || info.Kind != folderfs.Directory || norm.NFC.String(info.Name) != norm.NFC.String(path.Base(s.path)) {
		g.adopt(s) // says what is in the way
		return
	}
	g.dirs[s.a.Name] = s.path
	if err == nil {
		g.made[s.path] = true
	}
	g.settleDirectory(s, info)
}

// settleDirectory gives a directory its permissions and records it.
func (g *group) settleDirectory(s *step, info folderfs.Info) {
	if g.fs.Capabilities().Modes && info.Mode != s.want.Mode&0o777 {
		if err := g.fs.Chmod(s.path, s.want.Mode&0o777); err != nil {
			s.undo(failed(s.a.Name, err))
			return
		}
		s.dirs = append(s.dirs, s.path) // its own facts are to be durable too
	}
	g.record(s, nil)
}

// adopt records what already stands where something was to be created, if it
// is the same to the byte and has the same attributes.
func (g *group) adopt(s *step) {
	info, err := g.fs.Lstat(s.path)
	if err != nil {
		s.undo(unscanned(s.a.Name))
		return
	}
	if norm.NFC.String(info.Name) != norm.NFC.String(path.Base(s.path)) {
		s.undo(problem(s.a.Name, plan.Failed, plan.CodeNameTwin, fmt.Sprintf(
			"%q cannot stand beside %q on this file system, which does not tell the two apart; rename one of them", s.a.Name, spelled(s.path, info))))
		return
	}
	same, err := g.holds(g.ctx, s.path, info, &s.want)
	if err != nil || !same || !g.hasMeta(info, &s.want) {
		s.undo(unscanned(s.a.Name))
		return
	}
	s.touch(s.path)
	g.record(s, &info)
}

// hasMeta reports whether a file has the attributes of an entry, as far as the
// file system holds them.
func (p *Puller) hasMeta(info folderfs.Info, e *index.Entry) bool {
	shown := index.Entry{Mode: info.Mode, Mtime: info.Mtime}
	wanted := *e
	wanted.Mode &= 0o777
	return Limits(p.fs.Capabilities()).SameMeta(&wanted, &shown)
}

// Limits are what a folder's file system cannot do.
func Limits(caps folderfs.Capabilities) plan.Limits {
	return plan.Limits{
		NoSymlinks: !caps.Symlinks, MaxName: caps.MaxName, NoModes: !caps.Modes, TimeStep: int64(caps.MtimeGranularity),
	}
}

// record notes the facts of what was placed. If they are not those of the file
// that was put there, somebody has changed it since: a scan must look, so the
// facts must not hide it.
func (g *group) record(s *step, put *folderfs.Info) {
	disk, info, err := g.look(s.path, s.a.Name)
	s.disk, s.flags = disk, 0
	if err != nil || !g.isPut(s, put, info) {
		s.disk = index.Disk{Type: s.want.Type}
		if s.path != s.a.Name {
			s.disk.Name = s.path
		}
		s.flags = index.MustRescan
		s.out.Rescan = append(s.out.Rescan, s.a.Name)
	}
	s.end = placed
	s.out.Status = plan.Done
}

// isPut reports whether what was found at a step's path is what was put there.
func (g *group) isPut(s *step, put *folderfs.Info, found folderfs.Info) bool {
	switch {
	case found.Kind != kindOf(s.want.Type) || !g.hasMeta(found, &s.want):
		return false
	case s.want.Type == index.Symlink:
		target, err := g.fs.ReadLink(s.path) // it was made on the spot, and has no facts from before
		return err == nil && target == s.want.Target
	}
	return put == nil || s.want.Type != index.File || sameFile(*put, found, g.fs.Capabilities())
}

func sameFile(a, b folderfs.Info, caps folderfs.Capabilities) bool {
	return a.Kind == b.Kind && a.Size == b.Size && a.Mtime == b.Mtime && (!caps.StableInodes || a.Inode == b.Inode)
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
			if i, _ := slices.BinarySearch(dirs, dir); errs[i] != nil && s.end != stuck {
				s.stick(errs[i])
			}
		}
	}
}
