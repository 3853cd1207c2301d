package memfs

import (
	"cmp"
	"errors"
	"io/fs"
	"syscall"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
)

// Create implements folderfs.Writer.
func (f *FS) Create(name string) (folderfs.NewFile, error) {
	h, err := f.open(OpCreate, name, func() (*inode, error) {
		if err := folderfs.CheckWork(name); err != nil {
			return nil, err
		}
		return f.create(name, folderfs.File, 0o600)
	}, true)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// OpenTemp implements folderfs.Writer.
func (f *FS) OpenTemp(name string) (folderfs.NewFile, error) {
	h, err := f.open(OpOpen, name, func() (*inode, error) {
		if err := folderfs.CheckWork(name); err != nil {
			return nil, err
		}
		return f.regular(name)
	}, true)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// create makes a name and what it is.
func (f *FS) create(name string, kind folderfs.Kind, mode uint32) (*inode, error) {
	at, stored, err := f.vacant(name)
	if err != nil {
		return nil, err
	}
	i := f.newInode(kind, mode, at.dir.device)
	f.apply(edit{at, entry{stored, i}})
	return i, nil
}

// Mkdir implements folderfs.Writer.
func (f *FS) Mkdir(name string, mode uint32) error {
	return f.do(OpMkdir, name, "", func() error {
		if err := folderfs.CheckChange(name); err != nil {
			return err
		}
		return f.mkdir(name, mode&0o777)
	})
}

func (f *FS) mkdir(name string, mode uint32) error {
	_, err := f.create(name, folderfs.Directory, mode)
	return err
}

// Symlink implements folderfs.Writer.
func (f *FS) Symlink(text, name string) error {
	return f.do(OpSymlink, name, "", func() error {
		if err := folderfs.CheckChange(name); err != nil {
			return err
		}
		return f.symlink(text, name)
	})
}

func (f *FS) symlink(text, name string) error {
	if !f.opts.Capabilities.Symlinks {
		return folderfs.ErrUnsupported
	}
	i, err := f.create(name, folderfs.Symlink, 0o777)
	if err == nil {
		i.text = text
		i.now.size = int64(len(text))
		i.durable.size = i.now.size
	}
	return err
}

// pair finds two places that names are moved between.
func (f *FS) pair(old, new string) (from slot, source entry, to slot, stored string, err error) {
	for _, name := range []string{old, new} {
		if err = folderfs.CheckChange(name); err != nil {
			return
		}
	}
	if from, _, err = f.walk(old); err != nil {
		return
	}
	if to, stored, err = f.walk(new); err != nil {
		return
	}
	source = from.dir.entries[from.key]
	switch {
	case source.inode == nil:
		err = fs.ErrNotExist
	case from.dir.device != to.dir.device:
		err = folderfs.ErrCrossDevice
	case source.inode.mounted != nil:
		err = syscall.EBUSY
	}
	return
}

// intoItself refuses to move a directory below itself.
func (f *FS) intoItself(source *inode, to string) error {
	if source.kind == folderfs.Directory && f.passes(to, source) {
		return syscall.EINVAL
	}
	return nil
}

// RenameNoReplace implements folderfs.Writer. Without Capabilities.NoReplace it
// is done as on a disk, out of the work directory in two steps that a crash
// can part: a link, then the removal of the old name.
func (f *FS) RenameNoReplace(old, new string) error {
	return f.do(OpRename, old, new, func() error {
		from, source, to, stored, err := f.pair(old, new)
		if err != nil {
			return err
		}
		if to.dir.entries[to.key].inode != nil {
			return fs.ErrExist
		}
		if err := f.intoItself(source.inode, new); err != nil {
			return err
		}
		gone, there := edit{from, entry{}}, edit{to, entry{stored, source.inode}}
		c := &f.opts.Capabilities
		byLink := !c.NoReplace && c.HardLinks && source.inode.kind == folderfs.File && folderfs.InWorkDir(old)
		if byLink {
			f.apply(there)
			f.apply(gone)
		} else {
			f.apply(gone, there)
		}
		f.changed(source.inode, false)
		return nil
	})
}

// Exchange implements folderfs.Writer.
func (f *FS) Exchange(a, b string) error {
	return f.do(OpExchange, a, b, func() error {
		from, source, to, _, err := f.pair(a, b)
		if err != nil {
			return err
		}
		if !f.opts.Capabilities.Exchange {
			return folderfs.ErrUnsupported
		}
		target := to.dir.entries[to.key]
		switch {
		case target.inode == nil:
			return fs.ErrNotExist
		case target.inode.mounted != nil:
			return syscall.EBUSY
		case source.inode == target.inode:
			return nil
		}
		if err := cmp.Or(f.intoItself(source.inode, b), f.intoItself(target.inode, a)); err != nil {
			return err
		}
		f.apply(edit{from, entry{source.name, target.inode}}, edit{to, entry{target.name, source.inode}})
		f.changed(source.inode, false)
		f.changed(target.inode, false)
		return nil
	})
}

// Rmdir implements folderfs.Writer.
func (f *FS) Rmdir(name string) error {
	return f.do(OpRmdir, name, "", func() error {
		if err := folderfs.CheckChange(name); err != nil {
			return err
		}
		return f.rmdir(name)
	})
}

func (f *FS) rmdir(name string) error {
	at, _, err := f.walk(name)
	if err != nil {
		return err
	}
	dir := at.dir.entries[at.key].inode
	switch {
	case dir == nil:
		return fs.ErrNotExist
	case dir.kind != folderfs.Directory:
		return folderfs.ErrNotDirectory
	case dir.mounted != nil:
		return syscall.EBUSY
	case len(dir.entries) > 0:
		return folderfs.ErrNotEmpty
	}
	f.apply(edit{at, entry{}})
	return nil
}

// Remove implements folderfs.Writer.
func (f *FS) Remove(name string) error {
	return f.do(OpRemove, name, "", func() error {
		if err := folderfs.CheckWork(name); err != nil {
			return err
		}
		found, err := f.find(name)
		if err == nil && found.inode.kind == folderfs.Directory {
			err = folderfs.ErrKind
		}
		if err != nil {
			return err
		}
		return f.unlink(name)
	})
}

// unlink takes away a name that exists.
func (f *FS) unlink(name string) error {
	at, _, err := f.walk(name)
	if err == nil {
		f.apply(edit{at, entry{}})
	}
	return err
}

// Chmod implements folderfs.Writer.
func (f *FS) Chmod(name string, mode uint32) error {
	return f.do(OpChmod, name, "", func() error {
		if err := folderfs.CheckChange(name); err != nil {
			return err
		}
		return f.chmod(name, mode)
	})
}

func (f *FS) chmod(name string, mode uint32) error {
	found, err := f.find(name)
	if err == nil && found.inode.kind == folderfs.Symlink {
		err = folderfs.ErrKind
	}
	if err == nil {
		f.setMode(found.inode, mode)
	}
	return err
}

func (f *FS) setMode(i *inode, mode uint32) {
	if f.opts.Capabilities.Modes {
		f.changed(i, false)
		i.now.mode = mode & 0o777
	}
}

// Chtimes implements folderfs.Writer.
func (f *FS) Chtimes(name string, mtime int64) error {
	return f.do(OpChtimes, name, "", func() error {
		if err := folderfs.CheckChange(name); err != nil {
			return err
		}
		found, err := f.find(name)
		if err == nil {
			f.setTime(found.inode, mtime)
		}
		return err
	})
}

func (f *FS) setTime(i *inode, mtime int64) {
	f.changed(i, false)
	i.now.mtime = coarse(mtime, f.opts.Capabilities.MtimeGranularity)
}

// Inherit implements folderfs.Writer. There are no owners, ACLs or attributes
// in memory: it only looks whether both files are there.
func (f *FS) Inherit(from, to string) error {
	return f.do(OpInherit, from, to, func() error {
		if err := folderfs.CheckWork(to); err != nil {
			return err
		}
		for _, name := range []string{from, to} {
			if _, err := f.regular(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// SyncDir implements folderfs.Writer.
func (f *FS) SyncDir(name string) error {
	return f.do(OpSyncDir, name, "", func() error {
		dir, err := f.directory(name)
		if err == nil {
			f.syncDir(dir)
			dir.sync()
		}
		return err
	})
}

// SyncFile implements folderfs.Writer.
func (f *FS) SyncFile(name string) error {
	fault := f.ask(OpSync, name)
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.alive()
	if err == nil {
		var i *inode
		if i, err = f.regular(name); err == nil {
			err = syncOrForget(i, fault)
		}
	}
	return folderfs.NewError(string(OpSync), name, "", err)
}

// syncOrForget makes an inode durable, or does what a disk does that fails at it.
func syncOrForget(i *inode, fault error) error {
	if fault != nil {
		if !errors.Is(fault, ErrDead) {
			i.forget()
		}
		return fault
	}
	i.sync()
	return nil
}

// coarse cuts a time down to a step, also before 1970.
func coarse(t int64, step time.Duration) int64 {
	if step <= 1 {
		return t
	}
	rest := t % int64(step)
	if rest < 0 {
		rest += int64(step)
	}
	return t - rest
}
