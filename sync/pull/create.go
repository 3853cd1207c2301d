package pull

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

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
		return g.fs.Mkdir(name, s.want.Mode&0o777)
	}
	if err := g.fs.RenameNoReplace(source, name); err != nil {
		return err
	}
	s.touch(source)
	g.noteWork(name, source)
	return nil
}

// unmake removes a directory that was made here for a step that fails. It would
// pass for somebody's, should its head be replaced before the next try. One that
// cannot be removed is somebody's by now: there is something in it.
func (g *group) unmake(name string) { _ = g.fs.Rmdir(name) }

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
	if statErr != nil && err == nil {
		g.unmake(s.path)
	}
	if statErr != nil || info.Kind != folderfs.Directory || norm.NFC.String(info.Name) != norm.NFC.String(path.Base(s.path)) {
		g.adopt(s) // says what is in the way
		return
	}
	g.dirs[s.a.Name] = s.path
	if err == nil {
		g.born(s.path)
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
