package pull

import (
	"errors"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// replace settles an exchange, or what stands for one, by what lies at both
// names. The rule of all cases: what is at the work name and is neither the
// wanted nor the expected is a save, and what is at the path and is neither was
// saved after the step.
func (r *repair) replace() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	away, _, err := r.at(r.work)
	if err != nil {
		return err
	}
	inTwo := r.it.Operation == opReplaceAway
	switch {
	case away == missing && there == theNew, away == theNew && there == theNew:
		return r.placed(there, info, away)
	case away == missing:
		r.lookAgain(there != theOld)
		return nil
	case away == theNew: // the exchange has not happened
		r.lookAgain(there != theOld)
		return r.clearWork()
	case inTwo && there == missing:
		return r.secondHalf(away)
	case there == theOld, inTwo && there == theOther:
		r.lookAgain(there == theOther)
		return nil // what is displaced stays there
	}
	return r.placed(there, info, away)
}

// secondHalf finishes a replace in two steps that was interrupted between them,
// or takes it back when what was to be placed is not there.
func (r *repair) secondHalf(away finding) error {
	r.touch(r.path, r.work)
	temp := tempOf(&r.it.New, folderfs.Complete)
	if away == theOld && r.it.New.Type == index.File {
		found, _, err := r.at(temp)
		if err != nil {
			return err
		}
		if found == theNew {
			if err := r.fs.RenameNoReplace(temp, r.path); isGone(err) {
				r.lookAgain(true) // somebody has taken the directory away: what stood there stays displaced
				return nil
			} else if err != nil {
				return err
			}
			r.noteWork(r.path, temp)
			r.touch(temp)
			there, info, err := r.at(r.path)
			if err != nil {
				return err
			}
			return r.placed(there, info, away)
		}
	}
	r.lookAgain(away != theOld)
	return r.putBack()
}

// putBack returns what was displaced to its name. If its directory is gone by
// now it is kept for a person to find: no index knows these bytes.
func (r *repair) putBack() error {
	err := r.fs.RenameNoReplace(r.work, r.path)
	switch {
	case isGone(err):
		r.lookAgain(true)
		_, err = r.rescue(r.work)
	case err == nil:
		r.noteWork(r.path, r.work)
	}
	return err
}

// clearWork takes what was to be placed out of the displaced files.
func (r *repair) clearWork() error {
	r.touch(r.work)
	switch r.it.New.Type {
	case index.Symlink:
		return r.fs.Remove(r.work)
	case index.Directory:
		err := r.fs.Rmdir(r.work)
		if errors.Is(err, folderfs.ErrNotEmpty) {
			return nil
		}
		return err
	}
	temp := tempOf(&r.it.New, folderfs.Complete)
	err := r.fs.RenameNoReplace(r.work, temp)
	if errors.Is(err, fs.ErrExist) {
		return nil // a second copy: it does no harm where it is
	}
	r.noteWork(temp, r.work)
	r.touch(temp)
	return err
}

// placed records that the step has happened. A path that shows anything but
// what was placed was changed since: a scan finds that on top of it.
func (r *repair) placed(there finding, info folderfs.Info, away finding) error {
	r.finished = true
	held, err := r.idx.Local(r.ctx, r.it.Path)
	if err != nil {
		return err
	}
	c := index.Change{Entry: r.it.New, Intent: r.it.ID}
	if held != nil {
		c.Base = held.Entry.Version
	}
	if away == theOther && held != nil { // or the index has gone on, and knows it
		known, err := r.holdsWork(held)
		if err != nil {
			return err
		}
		if !known {
			if err := r.save(held, &c); err != nil {
				return err
			}
		}
	}
	if r.it.New.Deleted {
		r.lookAgain(there != missing)
	} else {
		r.facts(&c, r.path, there, info)
	}
	r.touch(r.path)
	if c.Derived, err = r.siblings(r.it.Path); err != nil {
		return err
	}
	if len(r.changes) > 0 {
		c.Derived = unreplaced(c.Derived, r.changes[0].Entry.Version)
	}
	r.changes = append(r.changes, c)
	if away == theOld && r.old.Type == index.File && len(r.old.Blocks) > 0 {
		if w, ok := r.watched(r.it.Path, r.work, &r.old, r.opt.Now().UnixNano()); ok {
			r.watch = append(r.watch, w)
		}
	}
	return nil
}

// save records what lies at the work name as a version of its own.
func (r *repair) save(held *index.Held, c *index.Change) error {
	info, err := r.fs.Lstat(r.work)
	if err != nil {
		return err
	}
	if info.Kind != folderfs.File && info.Kind != folderfs.Symlink {
		_, err := r.rescue(r.work)
		return err
	}
	save, work, err := r.saveOf(r.ctx, r.it.Path, r.work, held, &r.it.New)
	if err != nil {
		return err
	}
	r.work = work
	r.touch(work)
	r.opt.OnEvent(Event{Kind: Saved, Name: r.it.Path, Work: work})
	if save == nil {
		return nil
	}
	c.Base = save.Entry.Version
	r.changes = append(r.changes, *save)
	if save.Entry.Type == index.File {
		if w, ok := r.watched(r.it.Path, work, &save.Entry, r.opt.Now().UnixNano()); ok {
			r.watch = append(r.watch, w)
		}
	}
	return nil
}

func (r *repair) holdsWork(held *index.Held) (bool, error) {
	info, err := r.fs.Lstat(r.work)
	if err != nil {
		return false, err
	}
	return r.holds(r.ctx, r.work, info, &held.Entry)
}

// facts records what stands at a path, or that a scan has to find out.
func (r *repair) facts(c *index.Change, path string, there finding, info folderfs.Info) {
	if there == theNew && r.hasMeta(info, &r.it.New) {
		c.Disk = diskOf(info, path, c.Entry.Name, r.opt.Now().UnixNano())
		// Seen is after the facts here, so that they must not pass for proof.
		c.Disk.Seen = min(c.Disk.Seen, c.Disk.Mtime)
		return
	}
	c.Disk = index.Disk{Type: c.Entry.Type}
	if path != c.Entry.Name {
		c.Disk.Name = path
	}
	c.Flags = index.MustRescan
	r.lookAgain(true)
}

func (r *repair) lookAgain(yes bool) {
	if yes {
		r.rescan = append(r.rescan, r.it.Path)
		if r.it.To != "" {
			r.rescan = append(r.rescan, r.it.To)
		}
	}
}

func (r *repair) touch(names ...string) {
	for _, name := range names {
		r.dirs = append(r.dirs, parent(name))
	}
}

// create settles what was put at a free name.
func (r *repair) create() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	if there == theNew {
		return r.placed(there, info, missing)
	}
	r.lookAgain(there != missing)
	return nil
}

// directory settles the retype of a directory to a file or link.
func (r *repair) directory() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	switch there {
	case theNew:
		return r.placed(there, info, missing)
	case missing: // taken back: the directory was empty
		if err := r.fs.Mkdir(r.path, r.it.Expected.Disk.Mode); !isGone(err) {
			r.touch(r.path)
			return err
		}
		r.lookAgain(true)
		return nil
	}
	r.lookAgain(there == theOther)
	return nil
}

func (r *repair) delete() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	away, _, err := r.at(r.work)
	if err != nil {
		return err
	}
	switch {
	case away == missing:
		r.lookAgain(there != theOld)
		return nil
	case away == theOther && there == missing:
		r.touch(r.path, r.work)
		r.lookAgain(true)
		return r.putBack()
	case away == theOld && there == theOld:
		return nil
	}
	return r.placed(there, info, away)
}

func (r *repair) rmdir() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	if there != missing {
		r.lookAgain(there == theOther)
		return nil
	}
	return r.placed(there, info, missing)
}

// rename settles a move. Either name shows its state by itself: bytes only
// ever move between the two.
func (r *repair) rename() error {
	before, was, err := r.at(r.path)
	if err != nil {
		return err
	}
	to := r.it.To
	after, info, err := r.at(to)
	if err != nil {
		return err
	}
	if r.beside != 0 && before != missing && after != theOther && r.isOneFile(was, info) {
		if err := r.takeOldName(); err != nil {
			return err
		}
		before = missing
	}
	if before != missing || after == missing || after == theOther || r.beside == 0 {
		r.lookAgain(before == missing || after != missing)
		return nil
	}
	r.finished = true
	held, err := r.idx.Local(r.ctx, to)
	if err != nil {
		return err
	}
	c := index.Change{Entry: r.it.New, Intent: r.it.ID}
	if held != nil {
		c.Base = held.Entry.Version
	}
	if info, err = r.finishMeta(to, info); err != nil {
		return err
	}
	r.facts(&c, to, theNew, info)
	r.touch(r.path, to)
	r.changes = append(r.changes, c, index.Change{
		Base: r.it.Expected.Entry.Version, Entry: r.from.New, Heads: r.from.Heads, Intent: r.beside,
	})
	return nil
}

// isOneFile reports whether two names are of one file. So a loss of power may
// leave a rename where the new name becomes durable before the old one goes
// (btrfs).
func (r *repair) isOneFile(a, b folderfs.Info) bool {
	return r.fs.Capabilities().StableInodes && a.Inode != 0 && a.Inode == b.Inode && a.Device == b.Device
}

// takeOldName takes away the old name of a file that has its new one as well.
func (r *repair) takeOldName() error {
	work := folderfs.Work{Hash: r.it.New.Hash, Key: r.nextKey(), Kind: folderfs.Displaced}.String()
	if err := r.fs.RenameNoReplace(r.path, work); err != nil {
		return err
	}
	r.touch(r.path, work)
	r.noteWork(work, r.path)
	return nil
}

func (r *repair) meta() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	if there != theNew && there != theOld {
		r.lookAgain(true)
		return nil
	}
	if info, err = r.finishMeta(r.path, info); err != nil {
		return err
	}
	return r.placed(theNew, info, missing)
}

// finishMeta sets the attributes that are wanted, if those there are still the
// ones expected, or half of each.
func (r *repair) finishMeta(name string, info folderfs.Info) (folderfs.Info, error) {
	was := r.it.Expected.Disk
	if r.hasMeta(info, &r.it.New) || info.Kind == folderfs.Symlink {
		return info, nil
	}
	mine := info.Kind == folderfs.Directory || info.Mtime == was.Mtime || info.Mtime == r.it.New.Mtime
	if !mine || info.Mode != was.Mode && info.Mode != r.it.New.Mode&0o777 {
		return info, nil
	}
	if r.fs.Capabilities().Modes {
		if err := r.fs.Chmod(name, r.it.New.Mode&0o777); err != nil {
			return info, err
		}
	}
	if info.Kind == folderfs.File {
		if err := r.fs.Chtimes(name, r.it.New.Mtime); err != nil {
			return info, err
		}
		if err := r.fs.SyncFile(name); err != nil && !errors.Is(err, fs.ErrPermission) {
			return info, err
		}
	} else {
		r.dirs = append(r.dirs, name)
	}
	return r.fs.Lstat(name)
}
