//go:build linux || darwin

package folderfs

import (
	"golang.org/x/sys/unix"
)

// Create implements Writer.
func (d *Disk) Create(name string) (NewFile, error) {
	err := CheckWork(name)
	if err == nil {
		err = d.lengthAllowed(name)
	}
	if err != nil {
		return nil, NewError("create", name, "", err)
	}
	fd, err := d.openFd(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL, 0o600)
	if err != nil {
		return nil, NewError("create", name, "", err)
	}
	return d.newFile(fd, name), nil
}

// OpenTemp implements Writer.
func (d *Disk) OpenTemp(name string) (NewFile, error) {
	if err := CheckWork(name); err != nil {
		return nil, NewError("open", name, "", err)
	}
	f, err := d.openRegular(name, unix.O_RDWR)
	if err != nil {
		return nil, NewError("open", name, "", err)
	}
	return f, nil
}

// Mkdir implements Writer.
func (d *Disk) Mkdir(name string, mode uint32) error {
	err := CheckChange(name)
	if err == nil {
		err = d.makeDir(name, mode)
	}
	return NewError("make directory", name, "", err)
}

func (d *Disk) makeDir(name string, mode uint32) error {
	return d.inParent(name, func(dir int, base string) error {
		if err := unix.Mkdirat(dir, base, mode&0o777); err != nil {
			return err
		}
		info, err := d.statAt(dir, base)
		if err == nil && info.Mode != mode&0o777 {
			err = d.chmodAt(dir, base, mode) // the umask took something away
		}
		if err != nil {
			_ = unix.Unlinkat(dir, base, unix.AT_REMOVEDIR) // with anything in it, it is somebody's by now
		}
		return err
	})
}

// Symlink implements Writer.
func (d *Disk) Symlink(text, name string) error {
	err := CheckChange(name)
	switch {
	case err != nil:
	case d.without.Symlinks:
		err = ErrUnsupported
	default:
		err = d.inParent(name, func(dir int, base string) error { return unix.Symlinkat(text, dir, base) })
		if err == unix.EPERM { // what Linux says of a file system without links
			err = means{ErrUnsupported, err}
		}
	}
	return NewError("make symlink", name, "", err)
}

// RenameNoReplace implements Writer.
func (d *Disk) RenameNoReplace(old, new string) error {
	return NewError("rename", old, new, d.between(old, new, d.renameNoReplace))
}

// Exchange implements Writer.
func (d *Disk) Exchange(a, b string) error {
	return NewError("exchange", a, b, d.between(a, b, func(from, to place) error {
		if d.without.Exchange {
			return ErrUnsupported
		}
		err := exchangeAt(from, to)
		if err == unix.EINVAL || err == unix.ENOSYS {
			err = means{ErrUnsupported, err}
		}
		return err
	}))
}

// place is a name within an open directory.
type place struct {
	dir  int
	base string
	name string // the whole name, from the root
}

// between runs an operation on two names with the directories of both open.
func (d *Disk) between(old, new string, do func(from, to place) error) error {
	for _, name := range []string{old, new} {
		if err := CheckChange(name); err != nil {
			return err
		}
	}
	if err := d.lengthAllowed(new); err != nil {
		return err
	}
	from, fromBase, err := d.parentOf(old)
	if err != nil {
		return err
	}
	defer from.close()
	to, toBase, err := d.parentOf(new)
	if err != nil {
		return err
	}
	defer to.close()
	source, target := place{from.fd, fromBase, old}, place{to.fd, toBase, new}
	return retry(func() error { return do(source, target) })
}

// inParent runs an operation on one name with its directory open.
func (d *Disk) inParent(name string, do func(dir int, base string) error) error {
	if err := d.lengthAllowed(name); err != nil {
		return err
	}
	parent, base, err := d.parentOf(name)
	if err != nil {
		return err
	}
	defer parent.close()
	return retry(func() error { return do(parent.fd, base) })
}

// Rmdir implements Writer.
func (d *Disk) Rmdir(name string) error {
	err := CheckChange(name)
	if err == nil {
		err = d.inParent(name, func(dir int, base string) error {
			return unix.Unlinkat(dir, base, unix.AT_REMOVEDIR)
		})
	}
	if err == unix.EEXIST { // POSIX allows it in place of ENOTEMPTY
		err = means{ErrNotEmpty, err}
	}
	return NewError("remove directory", name, "", err)
}

// Remove implements Writer.
func (d *Disk) Remove(name string) error {
	err := CheckWork(name)
	if err == nil {
		err = d.inParent(name, func(dir int, base string) error {
			err := unix.Unlinkat(dir, base, 0)
			if err == unix.EPERM { // what macOS says of a directory
				if info, statErr := d.statAt(dir, base); statErr == nil && info.Kind == Directory {
					err = means{ErrKind, err}
				}
			}
			return err
		})
	}
	return NewError("remove", name, "", err)
}

// Chmod implements Writer. Set-ID and sticky bits stay as they are.
func (d *Disk) Chmod(name string, mode uint32) error {
	err := CheckChange(name)
	if err == nil {
		err = d.inParent(name, func(dir int, base string) error { return d.chmodAt(dir, base, mode) })
	}
	return NewError("chmod", name, "", err)
}

func (d *Disk) chmodAt(dir int, base string, mode uint32) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if kind := kindOf(uint32(st.Mode)); kind != File && kind != Directory {
		return ErrKind
	}
	if !d.Capabilities().Modes {
		return nil
	}
	return changeMode(dir, base, uint32(st.Mode)&0o7000|mode&0o777)
}

// Chtimes implements Writer.
func (d *Disk) Chtimes(name string, mtime int64) error {
	err := CheckChange(name)
	if err == nil {
		mtime = d.settable(mtime)
		err = d.inParent(name, func(dir int, base string) error { return setTimeAt(dir, base, mtime) })
	}
	return NewError("set time of", name, "", err)
}

// SyncDir implements Writer.
func (d *Disk) SyncDir(name string) error {
	err := CheckName(name)
	if err == nil {
		err = d.syncDir(name)
	}
	return NewError("sync directory", name, "", err)
}

func (d *Disk) syncDir(name string) error {
	dir, err := d.openDir(name, unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer dir.close()
	return syncFd(dir.fd)
}

// SyncFile implements Writer.
func (d *Disk) SyncFile(name string) error {
	err := CheckName(name)
	if err == nil {
		err = d.syncFile(name)
	}
	return NewError("sync", name, "", err)
}

func (d *Disk) syncFile(name string) error {
	f, err := d.openRegular(name, unix.O_RDONLY)
	if err != nil {
		return err
	}
	if err := f.control(syncFd); err != nil {
		return closing(err, f)
	}
	return f.Close()
}
