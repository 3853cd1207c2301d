package folderfs

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/windows"
)

// info takes over what Windows says of a name without another call: no inode,
// no change time, no links.
func (d *Disk) info(base string, facts fs.FileInfo) Info {
	kind := kindOf(facts.Mode())
	info := Info{
		Name: base, Kind: kind, Mtime: facts.ModTime().UnixNano(), Mode: modeWithoutModes(kind),
		Device: d.id.Device, Links: 1,
	}
	if kind == File {
		info.Size = facts.Size()
	}
	return d.hide(info)
}

// Lstat implements Reader.
func (d *Disk) Lstat(name string) (Info, error) {
	err := CheckName(name)
	var info Info
	if err == nil {
		info, err = d.lstat(name)
	}
	return info, NewError("lstat", name, "", err)
}

func (d *Disk) lstat(name string) (info Info, err error) {
	if name == "" {
		facts, err := d.root.Stat(".")
		if err != nil {
			return Info{}, err
		}
		return d.info("", facts), nil
	}
	err = d.inParent(name, func(dir *os.Root, base string) error {
		facts, err := dir.Lstat(base)
		if err != nil {
			return err
		}
		info = d.info(base, facts)
		if d.spells() {
			info.Name, err = spelled(dir, base)
		}
		return err
	})
	return info, err
}

// spelled returns how a directory spells a name that was found in it.
func spelled(at *os.Root, base string) (string, error) {
	dir, err := at.Open(".")
	if err != nil {
		return base, err
	}
	defer func() { _ = dir.Close() }() // only read
	names, err := dir.Readdirnames(-1)
	return spelledIn(names, base), err
}

// ReadDir implements Reader.
func (d *Disk) ReadDir(name string) ([]Info, error) {
	err := CheckName(name)
	var list []Info
	if err == nil {
		list, err = d.readDir(name)
	}
	return list, NewError("read directory", name, "", err)
}

func (d *Disk) readDir(name string) ([]Info, error) {
	at, err := d.openDir(name)
	if err != nil {
		return nil, err
	}
	defer at.close()
	dir, err := at.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // only read
	found, err := dir.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	list := make([]Info, 0, len(found))
	for _, one := range found {
		facts, err := one.Info() // came with the list
		if isNotExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, d.info(one.Name(), facts))
	}
	slices.SortFunc(list, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// ReadLink implements Reader.
func (d *Disk) ReadLink(name string) (text string, err error) {
	if err = CheckChange(name); err == nil {
		err = d.inParent(name, func(dir *os.Root, base string) error {
			facts, err := dir.Lstat(base)
			if err == nil && kindOf(facts.Mode()) != Symlink {
				err = ErrKind
			}
			if err == nil {
				text, err = dir.Readlink(base)
			}
			return err
		})
	}
	return text, NewError("read link", name, "", err)
}

// Open implements Reader.
func (d *Disk) Open(name string) (OpenFile, error) {
	err := CheckName(name)
	var f *file
	if err == nil {
		f, err = d.openRegular(name, os.O_RDONLY)
	}
	if err != nil {
		return nil, NewError("open", name, "", err)
	}
	return f, nil
}

// openRegular opens a regular file; anything else is ErrKind, also what was put
// there between the look and the open.
func (d *Disk) openRegular(name string, flags int) (f *file, err error) {
	if name == "" {
		return nil, ErrKind
	}
	err = d.inParent(name, func(dir *os.Root, base string) error {
		seen, err := dir.Lstat(base)
		if err != nil {
			return err
		}
		if kindOf(seen.Mode()) != File {
			return ErrKind
		}
		opened, err := dir.OpenFile(base, flags, 0)
		if err != nil {
			return err
		}
		facts, err := opened.Stat()
		if err == nil && !os.SameFile(seen, facts) {
			err = ErrKind
		}
		if err != nil {
			return closing(err, opened)
		}
		f = &file{disk: d, name: name, os: opened}
		return nil
	})
	return f, err
}

// Busy implements Reader: a handle that lets nobody write beside it is refused
// while one is open for writing.
func (d *Disk) Busy(name string) (busy bool, err error) {
	if err = CheckName(name); err == nil && name == "" {
		err = ErrKind
	}
	if err == nil {
		err = d.inParent(name, func(dir *os.Root, base string) error {
			facts, err := dir.Lstat(base)
			if err == nil && kindOf(facts.Mode()) != File {
				err = ErrKind
			}
			if err != nil {
				return err
			}
			err = withHandle(dir, base, windows.FILE_READ_DATA, windows.FILE_SHARE_READ|windows.FILE_SHARE_DELETE,
				func(windows.Handle) error { return nil })
			if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
				busy, err = true, nil
			}
			return err
		})
	}
	return busy, NewError("ask for writers of", name, "", err)
}

// CheckRoot implements Reader.
func (d *Disk) CheckRoot() error {
	root, id, err := openRoot(d.path)
	if err != nil {
		if isNotExist(err) || errors.Is(err, windows.ERROR_DIRECTORY) {
			err = means{ErrRootGone, err}
		}
		return NewError("check root", d.path, "", err)
	}
	if id != d.id {
		return closing(NewError("check root", d.path, "", ErrRootGone), root)
	}
	return root.close()
}

// Free implements Reader.
func (d *Disk) Free() (uint64, error) {
	path, err := windows.UTF16PtrFromString(d.path)
	var free uint64
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	}
	return free, NewError("free space", "", "", err)
}
