package folderfs

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// Create implements Writer.
func (d *Disk) Create(name string) (NewFile, error) {
	err := CheckWork(name)
	var f *file
	if err == nil {
		err = d.inParent(name, func(dir *os.Root, base string) error {
			made, err := dir.OpenFile(base, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
			f = &file{disk: d, name: name, os: made}
			return err
		})
	}
	if err != nil {
		return nil, NewError("create", name, "", err)
	}
	return f, nil
}

// OpenTemp implements Writer.
func (d *Disk) OpenTemp(name string) (NewFile, error) {
	err := CheckWork(name)
	var f *file
	if err == nil {
		f, err = d.openRegular(name, os.O_RDWR)
	}
	if err != nil {
		return nil, NewError("open", name, "", err)
	}
	return f, nil
}

// change checks a name and runs an operation in its directory.
func (d *Disk) change(op, name string, do func(dir *os.Root, base string) error) error {
	err := CheckChange(name)
	if err == nil {
		err = d.inParent(name, do)
	}
	return NewError(op, name, "", err)
}

// Mkdir implements Writer.
func (d *Disk) Mkdir(name string, mode uint32) error {
	return d.change("make directory", name, func(dir *os.Root, base string) error {
		return dir.Mkdir(base, fs.FileMode(mode&0o777))
	})
}

func (d *Disk) makeDir(name string, mode uint32) error {
	return d.inParent(name, func(dir *os.Root, base string) error { return dir.Mkdir(base, fs.FileMode(mode)) })
}

// Symlink implements Writer.
func (d *Disk) Symlink(text, name string) error {
	return d.change("make symlink", name, func(dir *os.Root, base string) error {
		if d.without.Symlinks {
			return ErrUnsupported
		}
		return dir.Symlink(text, base)
	})
}

// RenameNoReplace implements Writer. The file is held by a handle and moved
// into the open directory, so no name is looked up twice.
func (d *Disk) RenameNoReplace(old, new string) error {
	err := CheckChange(new)
	if err == nil {
		err = CheckChange(old)
	}
	if err == nil {
		err = d.inParent(old, func(from *os.Root, fromBase string) error {
			return d.inParent(new, func(to *os.Root, toBase string) error {
				return withHandle(from, fromBase, windows.DELETE, shareAll, func(file windows.Handle) error {
					return moveInto(file, to, toBase)
				})
			})
		})
	}
	return NewError("rename", old, new, err)
}

// Exchange implements Writer: Windows has no such call.
func (d *Disk) Exchange(a, b string) error {
	err := CheckChange(a)
	if err == nil {
		err = CheckChange(b)
	}
	if err == nil {
		err = ErrUnsupported
	}
	return NewError("exchange", a, b, err)
}

// Rmdir implements Writer.
func (d *Disk) Rmdir(name string) error {
	return d.change("remove directory", name, func(dir *os.Root, base string) error {
		return withHandle(dir, base, windows.DELETE|windows.FILE_READ_ATTRIBUTES, shareAll, func(h windows.Handle) error {
			var facts windows.ByHandleFileInformation
			if err := windows.GetFileInformationByHandle(h, &facts); err != nil {
				return err
			}
			const kinds = windows.FILE_ATTRIBUTE_DIRECTORY | windows.FILE_ATTRIBUTE_REPARSE_POINT
			if facts.FileAttributes&kinds != windows.FILE_ATTRIBUTE_DIRECTORY {
				return ErrNotDirectory
			}
			return markDeleted(h)
		})
	})
}

// Remove implements Writer.
func (d *Disk) Remove(name string) error {
	err := CheckWork(name)
	if err == nil {
		err = d.inParent(name, func(dir *os.Root, base string) error {
			facts, err := dir.Lstat(base)
			if err != nil {
				return err
			}
			if kindOf(facts.Mode()) == Directory {
				return ErrKind
			}
			return dir.Remove(base)
		})
	}
	return NewError("remove", name, "", err)
}

// Chmod implements Writer: there are no permission bits, so it only looks
// whether there is something that could have them.
func (d *Disk) Chmod(name string, _ uint32) error {
	return d.change("chmod", name, func(dir *os.Root, base string) error {
		facts, err := dir.Lstat(base)
		if err != nil {
			return err
		}
		if kind := kindOf(facts.Mode()); kind != File && kind != Directory {
			return ErrKind
		}
		return nil
	})
}

// Chtimes implements Writer.
func (d *Disk) Chtimes(name string, mtime int64) error {
	mtime = d.settable(mtime)
	return d.change("set time of", name, func(dir *os.Root, base string) error {
		return withHandle(dir, base, windows.FILE_WRITE_ATTRIBUTES, shareAll, func(h windows.Handle) error {
			return setTime(h, mtime)
		})
	})
}

// Inherit implements Writer: the access control list.
func (d *Disk) Inherit(from, to string) error {
	err := CheckName(from)
	if err == nil {
		err = CheckWork(to)
	}
	if err == nil {
		err = d.inherit(from, to)
	}
	return NewError("copy owner and attributes of", from, to, err)
}

func (d *Disk) inherit(from, to string) error {
	for _, name := range []string{from, to} {
		info, err := d.Lstat(name)
		if err != nil {
			return err
		}
		if info.Kind != File {
			return ErrKind
		}
	}
	return d.inParent(from, func(source *os.Root, sourceBase string) error {
		return d.inParent(to, func(target *os.Root, targetBase string) error {
			_ = copyAccess(source, sourceBase, target, targetBase) // what is not permitted is no error
			return nil
		})
	})
}

// SyncDir implements Writer. NTFS journals names in order and offers no call to
// wait for it without the right to administer the volume.
func (d *Disk) SyncDir(name string) error {
	err := CheckName(name)
	if err == nil {
		var dir directory
		if dir, err = d.openDir(name); err == nil {
			dir.close()
		}
	}
	return NewError("sync directory", name, "", err)
}

// SyncFile implements Writer.
func (d *Disk) SyncFile(name string) error {
	err := CheckName(name)
	var f *file
	if err == nil {
		f, err = d.openRegular(name, os.O_RDWR) // flushing needs a handle that may write
	}
	if err != nil {
		return NewError("sync", name, "", err)
	}
	if err := f.Sync(); err != nil {
		return closing(err, f)
	}
	return f.Close()
}
