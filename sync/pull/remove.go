package pull

import (
	"errors"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// delete takes a file or link away. It is renamed, never unlinked.
func (g *group) delete(s *step) {
	info, err := g.fs.Lstat(s.path)
	if isGone(err) {
		s.end = placed // gone already: the deletion everyone has agreed on
		return
	}
	if !g.asExpected(s, s.path, s.held, info, err) {
		return
	}
	if err := g.opt.Fault("pull.delete"); err != nil {
		s.stick(err)
		return
	}
	if g.takeAway(s) {
		s.end = placed
	}
}

// rmdir removes a directory if it is empty.
func (g *group) rmdir(s *step) {
	info, err := g.fs.Lstat(s.path)
	if isGone(err) {
		s.end = placed
		return
	}
	if !g.asDirectory(s, info, err) {
		return
	}
	if err := g.opt.Fault("pull.rmdir"); err != nil {
		s.stick(err)
		return
	}
	if g.removeDirectory(s) {
		s.end = placed
	}
}

// move renames what is held at the old name to the new one, then checks that
// it was what is wanted there.
func (g *group) move(s *step) {
	old := pathOf(s.a.From)
	if !g.expected(s, old, s.a.From) {
		return
	}
	if err := g.parents(s); err != nil {
		s.undo(g.blocked(s, err))
		return
	}
	// A user's file must not move into a directory that a crash could undo.
	if err := g.keepDirectory(parent(s.path)); err != nil {
		s.undo(failed(s.a.Name, err))
		return
	}
	if err := g.opt.Fault("pull.move"); err != nil {
		s.stick(err)
		return
	}
	err := g.inDir(s, s.path, func() error {
		return g.inDir(s, old, func() error { return g.fs.RenameNoReplace(old, s.path) })
	})
	switch {
	case err == nil:
	case isGone(err), errors.Is(err, fs.ErrExist):
		s.undo(unscanned(s.a.Name, s.a.From.Entry.Name))
		return
	default:
		s.undo(failed(s.a.Name, err))
		return
	}
	if err := g.opt.Fault("pull.moved"); err != nil {
		s.stick(err)
		return
	}
	g.checkMoved(s, old)
}

func (g *group) checkMoved(s *step, old string) {
	disk, info, err := g.look(s.path, s.a.Name)
	if err != nil {
		s.stick(err)
		return
	}
	same, err := g.asHeld(g.ctx, s.path, info, s.a.From)
	if err != nil {
		s.stick(err)
		return
	}
	if !same && info.Kind == folderfs.Directory {
		s.undo(unscanned(s.a.Name, s.a.From.Entry.Name)) // no save: somebody made it here since
		return
	}
	if !same {
		// A newer save, of which nobody can tell whether it came before or after
		// the rename. Under either name a scan finds it; the old one is where its
		// author looks for it.
		if err := g.fs.RenameNoReplace(s.path, old); err != nil && !errors.Is(err, fs.ErrExist) {
			s.stick(err)
			return
		}
		s.undo(unscanned(s.a.Name, s.a.From.Entry.Name))
		return
	}
	if g.hasMeta(info, &s.want) {
		s.disk, s.flags, s.end = disk, 0, placed
		return
	}
	g.setMeta(s, info)
}

// keepDirectory makes a directory durable that was made in this group, or
// perhaps shortly before, and those above it.
func (g *group) keepDirectory(dir string) error {
	for ; dir != ""; dir = parent(dir) {
		if _, met := g.met[dir]; !met && !g.made[dir] {
			continue
		}
		if err := g.syncDir(parent(dir)); err != nil {
			return err
		}
		g.kept(parent(dir))
	}
	return nil
}

// kept notes that the directories in one that was made durable are, too.
func (g *group) kept(in string) {
	for dir, inode := range g.met {
		if parent(dir) == in {
			g.anchored[dir] = inode
			delete(g.met, dir)
		}
	}
	for dir := range g.made {
		if parent(dir) == in {
			delete(g.made, dir)
		}
	}
}

// meta sets permissions and times of what is in place already.
func (g *group) meta(s *step) {
	info, err := g.fs.Lstat(s.path)
	if s.want.Type == index.Directory {
		if g.asDirectory(s, info, err) {
			g.settleDirectory(s, info)
		}
		return
	}
	if g.asExpected(s, s.path, s.held, info, err) {
		g.setMeta(s, info)
	}
}

// setMeta gives a file its attributes. A save in this very moment would lose
// its modification time, and with it be invisible: when the time was set the
// content is read again, and not trusted if it is another.
func (g *group) setMeta(s *step, before folderfs.Info) {
	if err := g.opt.Fault("pull.meta"); err != nil {
		s.stick(err)
		return
	}
	caps := g.fs.Capabilities()
	if caps.Modes && before.Mode != s.want.Mode&0o777 {
		if err := g.fs.Chmod(s.path, s.want.Mode&0o777); err != nil {
			g.metaFailed(s, err)
			return
		}
	}
	if s.want.Type == index.File && before.Mtime != s.want.Mtime {
		if err := g.fs.Chtimes(s.path, s.want.Mtime); err != nil {
			g.restoreMode(s, before, err)
			return
		}
	}
	g.record(s, nil)
	if s.flags&index.MustRescan != 0 {
		return
	}
	intact := s.disk.Size == before.Size && (!caps.StableInodes || s.disk.Inode == before.Inode)
	if intact && before.Mtime != s.want.Mtime && s.want.Type == index.File {
		info, err := g.fs.Lstat(s.path)
		if err == nil {
			intact, err = g.holds(g.ctx, s.path, info, g.contentOf(s))
		}
		intact = intact && err == nil
	}
	if !intact {
		s.flags |= index.MustRescan
		s.out.Rescan = append(s.out.Rescan, s.a.Name)
	}
	if err := g.fs.SyncFile(s.path); err != nil && !errors.Is(err, fs.ErrPermission) {
		s.stick(err)
	}
}

// restoreMode ends a step that could not set the time. The new permissions alone
// would look like a person's.
func (g *group) restoreMode(s *step, before folderfs.Info, err error) {
	if g.fs.Capabilities().Modes && before.Mode != s.want.Mode&0o777 {
		if backErr := g.fs.Chmod(s.path, before.Mode); backErr != nil {
			s.stick(errors.Join(err, backErr))
			return
		}
	}
	g.metaFailed(s, err)
}

// contentOf is the entry along whose blocks the file in place is read: what is
// held, or wanted if that was cut otherwise.
func (g *group) contentOf(s *step) *index.Entry {
	if s.a.Op == plan.Move {
		return &s.a.From.Entry
	}
	return &s.held.Entry
}

// metaFailed ends a step whose file keeps the attributes it had. A file that
// was moved already stays to be sorted out from the intent.
func (g *group) metaFailed(s *step, err error) {
	if s.a.Op == plan.Move {
		s.stick(err)
		return
	}
	s.undo(failed(s.a.Name, err))
}
