package pull

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// replaceDirectory puts a file or link in the place of an empty directory.
func (g *group) replaceDirectory(s *step) {
	if !g.isDirectory(s) {
		return
	}
	temp, source, err := g.source(s)
	if err != nil {
		s.undo(stale(s, err))
		return
	}
	if err := g.opt.Fault("pull.rmdir"); err != nil {
		s.stick(err)
		return
	}
	if !g.removeDirectory(s) {
		return
	}
	if err := g.opt.Fault("pull.removed"); err != nil {
		s.stick(err)
		return
	}
	err = g.inDir(s, s.path, func() error { return g.put(s, source, s.path) })
	switch {
	case errors.Is(err, fs.ErrExist):
		s.undo(unscanned(s.a.Name))
	case err != nil:
		if backErr := g.fs.Mkdir(s.path, s.held.Disk.Mode); backErr != nil {
			s.stick(errors.Join(err, backErr))
			return
		}
		s.undo(failed(s.a.Name, err))
	default:
		g.record(s, &temp)
	}
}

// isDirectory ends the step if something else stands where a directory is held.
func (g *group) isDirectory(s *step) bool {
	info, err := g.fs.Lstat(s.path)
	return g.asDirectory(s, info, err)
}

// asDirectory is isDirectory of facts that were read just now.
func (g *group) asDirectory(s *step, info folderfs.Info, err error) bool {
	switch {
	case isGone(err), err == nil && (info.Kind != folderfs.Directory || !g.isSpelled(s.path, info)):
		s.undo(unscanned(s.a.Name))
		return false
	case err != nil:
		s.undo(failed(s.a.Name, err))
		return false
	}
	return true
}

// removeDirectory removes the directory at the path if it is empty.
func (g *group) removeDirectory(s *step) bool {
	if g.touched[s.path] {
		// What was taken out of it must not come to be nowhere: a crash may keep
		// the removal of the directory and lose the rename before it.
		if err := g.syncDir(s.path); err != nil && !isGone(err) {
			s.undo(failed(s.a.Name, err))
			return false
		}
	}
	err := g.inDir(s, s.path, func() error { return g.fs.Rmdir(s.path) })
	switch {
	case err == nil:
		delete(g.dirs, s.a.Name)
		delete(g.anchored, s.path)
		delete(g.met, s.path)
		return true
	case errors.Is(err, folderfs.ErrNotEmpty):
		o := problem(s.a.Name, plan.Failed, plan.CodeNotEmpty, fmt.Sprintf(
			"the directory %q was removed on another device and holds something here that device did not know of; it stays until that is gone", s.a.Name))
		o.Rescan = []string{s.a.Name}
		s.undo(o)
	case isGone(err):
		s.undo(unscanned(s.a.Name))
	default:
		s.undo(failed(s.a.Name, err))
	}
	return false
}
