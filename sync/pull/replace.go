package pull

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// expected looks at what stands at a path before it is touched. A change that
// is seen here costs nothing; what comes in the moment after is found by the
// check of what was displaced. It ends the step if the path cannot be touched.
func (g *group) expected(s *step, at string, held *index.Held) bool {
	info, err := g.fs.Lstat(at)
	return g.asExpected(s, at, held, info, err)
}

// asExpected is expected of facts that were read just now.
func (g *group) asExpected(s *step, at string, held *index.Held, info folderfs.Info, err error) bool {
	if isGone(err) {
		s.undo(unscanned(s.a.Name, held.Entry.Name))
		return false
	}
	if err != nil {
		s.undo(failed(s.a.Name, err))
		return false
	}
	caps := g.fs.Capabilities()
	same, _ := g.unchanged(&held.Disk, held.Flags, info)
	if !same || !g.isSpelled(at, info) || caps.Modes && info.Mode != held.Disk.Mode ||
		caps.Ctime && held.Disk.Ctime != 0 && info.Kind == folderfs.File && info.Ctime != held.Disk.Ctime {
		s.undo(unscanned(s.a.Name, held.Entry.Name))
		return false
	}
	if info.Kind == folderfs.File {
		if info.Links > 1 {
			g.rescanLinks(s, held, info)
		}
		if busy, err := g.fs.Busy(at); err == nil && busy {
			s.undo(inUse(s.a.Name))
			return false
		}
	}
	return true
}

// rescanLinks asks for a look at the other names of a file with several: what
// becomes of this one parts them.
func (g *group) rescanLinks(s *step, held *index.Held, info folderfs.Info) {
	others, err := g.idx.ByInode(g.ctx, info.Device, info.Inode)
	if err != nil {
		return // the next full scan sees them
	}
	for i := range others {
		if others[i].Entry.Name != held.Entry.Name {
			s.out.Rescan = append(s.out.Rescan, others[i].Entry.Name)
		}
	}
}

// replace puts a file, link or directory in the place of a file or link.
func (g *group) replace(s *step) {
	if !g.expected(s, s.path, s.held) {
		return
	}
	temp, source, err := g.source(s)
	if err != nil {
		s.undo(stale(s, err))
		return
	}
	if !g.exchanges() {
		g.replaceInTwo(s, temp, source)
		return
	}
	// What is wanted goes to the very name that what stands there is to have
	// afterwards, so that the exchange leaves both where they belong.
	if err := g.put(s, source, s.work); err != nil {
		s.undo(failed(s.a.Name, err))
		return
	}
	s.touch(s.work)
	if err := g.opt.Fault("pull.exchange"); err != nil {
		s.stick(err)
		return
	}
	err = g.inDir(s, s.path, func() error { return g.fs.Exchange(s.path, s.work) })
	if err != nil {
		g.takeBack(s, source)
		if isGone(err) {
			s.undo(unscanned(s.a.Name))
		} else {
			s.undo(failed(s.a.Name, err))
		}
		return
	}
	s.taken = true
	if err := g.opt.Fault("pull.exchanged"); err != nil {
		s.stick(err)
		return
	}
	g.checkTaken(s, temp, source)
}

func (g *group) exchanges() bool { return g.fs.Capabilities().Exchange }

// takeBack clears the work name of what was to be placed.
func (g *group) takeBack(s *step, source string) {
	var err error
	switch s.want.Type {
	case index.File:
		if err = g.fs.RenameNoReplace(s.work, source); err == nil {
			g.noteWork(source, s.work)
		}
	case index.Symlink:
		err = g.fs.Remove(s.work)
	case index.Directory:
		err = g.fs.Rmdir(s.work)
	}
	if err != nil { // it stays among the displaced files, where it does no harm
		g.opt.Log.Warn("taking back failed", "name", s.a.Name, "work", s.work, "err", err)
	}
}

// checkTaken compares what was displaced with what was expected there.
func (g *group) checkTaken(s *step, temp folderfs.Info, source string) {
	info, err := g.fs.Lstat(s.work)
	if err != nil {
		s.stick(err)
		return
	}
	if info.Kind != folderfs.File && info.Kind != folderfs.Symlink {
		g.exchangeBack(s, temp, source)
		return
	}
	s.was = info
	same, err := g.asHeld(g.ctx, s.work, info, s.held)
	if err != nil {
		s.stick(err)
		return
	}
	s.saved = !same
	if s.want.Type == index.Directory {
		g.born(s.path)
		g.dirs[s.a.Name] = s.path
		now, err := g.fs.Lstat(s.path)
		if err != nil {
			s.stick(err)
			return
		}
		g.settleDirectory(s, now)
		return
	}
	g.record(s, &temp)
}

// exchangeBack returns what no version can be made of: a directory, or
// something that is never synchronised, has taken the name in this moment.
func (g *group) exchangeBack(s *step, temp folderfs.Info, source string) {
	if err := g.fs.Exchange(s.path, s.work); err != nil {
		s.stick(err)
		return
	}
	s.taken = false
	now, err := g.fs.Lstat(s.work)
	if err == nil && (s.want.Type != index.File || sameFile(temp, now, g.fs.Capabilities())) {
		g.takeBack(s, source)
	} else if err == nil { // somebody has saved over the wanted while it stood there
		s.stray = true
		now.Size, now.Mtime = 0, 0 // not known to be quiet
		s.was = now
	}
	s.undo(unscanned(s.a.Name))
}

// replaceInTwo is replace where the file system cannot exchange: the name is
// missing for a moment. A crash in it is repaired from the intent.
func (g *group) replaceInTwo(s *step, temp folderfs.Info, source string) {
	if err := g.opt.Fault("pull.exchange"); err != nil {
		s.stick(err)
		return
	}
	if !g.takeAway(s) {
		return
	}
	err := g.inDir(s, s.path, func() error { return g.put(s, source, s.path) })
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrExist):
		// Somebody has saved it in that moment: a scan makes that a version. What
		// stood there before stays among the displaced files.
		s.undo(unscanned(s.a.Name))
		return
	default:
		if backErr := g.fs.RenameNoReplace(s.work, s.path); backErr != nil {
			s.stick(errors.Join(err, backErr))
			return
		}
		s.taken = false
		s.undo(failed(s.a.Name, err))
		return
	}
	if err := g.opt.Fault("pull.exchanged"); err != nil {
		s.stick(err)
		return
	}
	if s.want.Type == index.Directory {
		now, err := g.fs.Lstat(s.path)
		if err != nil {
			s.stick(err)
			return
		}
		g.born(s.path)
		g.dirs[s.a.Name] = s.path
		g.settleDirectory(s, now)
		return
	}
	g.record(s, &temp)
}

// takeAway renames what stands at the path to the work name and checks it. A
// save that nobody had scanned goes back, or becomes a head if the name was
// taken again by then. It reports whether the step goes on.
func (g *group) takeAway(s *step) bool {
	err := g.inDir(s, s.path, func() error { return g.fs.RenameNoReplace(s.path, s.work) })
	if err != nil {
		if isGone(err) {
			s.undo(unscanned(s.a.Name))
		} else {
			s.undo(failed(s.a.Name, err))
		}
		return false
	}
	s.touch(s.work)
	s.taken = true
	if err := g.opt.Fault("pull.taken"); err != nil {
		s.stick(err)
		return false
	}
	info, err := g.fs.Lstat(s.work)
	if err != nil {
		s.stick(err)
		return false
	}
	s.was = info
	same, err := g.asHeld(g.ctx, s.work, info, s.held)
	if err != nil {
		s.stick(err)
		return false
	}
	if same {
		return true
	}
	err = g.inDir(s, s.path, func() error { return g.fs.RenameNoReplace(s.work, s.path) })
	switch {
	case err == nil:
		s.taken = false
		s.undo(unscanned(s.a.Name))
		return false
	case errors.Is(err, fs.ErrExist) && (info.Kind == folderfs.File || info.Kind == folderfs.Symlink):
		s.saved = true
		s.out.Rescan = append(s.out.Rescan, s.a.Name)
		return true
	default:
		s.stick(fmt.Errorf("put back: %w", err))
		return false
	}
}
