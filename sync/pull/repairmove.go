package pull

import (
	"errors"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

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
	torn := after == theOther && r.isUnwritten(info)
	if before != missing || after == missing || after == theOther && !torn || r.beside == 0 {
		r.lookAgain(before == missing || after != missing)
		return nil
	}
	held, err := r.idx.Local(r.ctx, to)
	if err != nil {
		return err
	}
	c := index.Change{Entry: r.it.New, Intent: r.it.ID}
	if held != nil {
		c.Base = held.Entry.Version
	}
	if torn {
		c.Disk, c.Flags = r.it.Expected.Disk, r.it.Expected.Flags&index.Suspect|index.MustRescan
		c.Disk.Name = ""
		r.lookAgain(true)
	} else {
		if info, err = r.finishMeta(to, info); err != nil {
			return err
		}
		r.facts(&c, to, theNew, info)
	}
	r.finished = true
	r.touch(r.path, to)
	r.changes = append(r.changes, c)
	return r.recordOldName()
}

// isUnwritten reports whether other bytes than expected at the new name are in the
// file that was moved there, and nobody has written it since it was looked at. A
// loss of power does that to a file that its author did not make durable, which a
// rename does not do either. What was known of it goes on under the new name, so
// that it is suspect there as it would have been under the old one.
func (r *repair) isUnwritten(info folderfs.Info) bool {
	was := &r.it.Expected.Disk
	if r.fs.Capabilities().StableInodes && was.Inode != 0 && info.Inode != was.Inode {
		return false
	}
	return info.Kind == folderfs.File && was.Type == index.File && info.Mtime <= was.Seen
}

// recordOldName records that nothing stands at the old name of what was moved,
// unless the index has gone on there.
func (r *repair) recordOldName() error {
	held, err := r.idx.Local(r.ctx, r.it.Path)
	if err != nil {
		return err
	}
	c := index.Change{Entry: r.from.New, Heads: r.from.Heads, Intent: r.beside}
	if held != nil {
		c.Base = held.Entry.Version
	}
	if c.Base.Dominates(c.Entry.Version) {
		r.abandoned = append(r.abandoned, r.beside)
		return nil
	}
	r.changes = append(r.changes, c)
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
