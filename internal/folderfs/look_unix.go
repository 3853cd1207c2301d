//go:build linux || darwin

package folderfs

import (
	"cmp"
	"errors"
	"math"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Lstat implements Reader.
func (d *Disk) Lstat(name string) (Info, error) {
	if err := CheckName(name); err != nil {
		return Info{}, NewError("lstat", name, "", err)
	}
	info, err := d.lstat(name)
	return info, NewError("lstat", name, "", err)
}

func (d *Disk) lstat(name string) (Info, error) {
	if name == "" {
		return d.statRoot()
	}
	parent, base, err := d.parentOf(name)
	if err != nil {
		return Info{}, err
	}
	defer parent.close()
	info, err := d.statAt(parent.fd, base)
	if err != nil || !d.spells() {
		return info, err
	}
	info.Name, err = spelled(parent.fd, base)
	return info, err
}

// spelled returns how a directory spells a name that was found in it.
func spelled(dir int, base string) (string, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if errors.Is(err, unix.EACCES) {
		return base, nil // it can be entered, and not listed
	}
	if err != nil {
		return base, err
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written through it
	names, err := listNames(fd)
	return spelledIn(names, base), err
}

func (d *Disk) statRoot() (Info, error) {
	root, err := d.root.acquire()
	if err != nil {
		return Info{}, err
	}
	defer d.root.release()
	return d.statFd(root, "")
}

func (d *Disk) statAt(dir int, base string) (Info, error) {
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return Info{}, err
	}
	return d.hide(infoOf(base, &st)), nil
}

func (d *Disk) statFd(fd int, base string) (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return Info{}, err
	}
	return d.hide(infoOf(base, &st)), nil
}

func infoOf(base string, st *unix.Stat_t) Info {
	return Info{
		Name: base, Kind: kindOf(uint32(st.Mode)), Size: st.Size,
		Mtime: nanoseconds(st.Mtim), Ctime: nanoseconds(st.Ctim),
		Mode: uint32(st.Mode) & 0o777, Inode: st.Ino, Device: uint64(st.Dev), Links: uint64(st.Nlink),
	}
}

func kindOf(mode uint32) Kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return File
	case unix.S_IFDIR:
		return Directory
	case unix.S_IFLNK:
		return Symlink
	default:
		return Other
	}
}

// nanoseconds keeps times beyond what 64 bits of nanoseconds hold (1677 to
// 2262) at the end they passed, so that their order stays.
func nanoseconds(ts unix.Timespec) int64 {
	seconds := int64(ts.Sec)
	switch {
	case seconds >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	case seconds <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	}
	return seconds*int64(time.Second) + int64(ts.Nsec)
}

// ReadDir implements Reader.
func (d *Disk) ReadDir(name string) ([]Info, error) {
	if err := CheckName(name); err != nil {
		return nil, NewError("read directory", name, "", err)
	}
	list, err := d.readDir(name)
	return list, NewError("read directory", name, "", err)
}

func (d *Disk) readDir(name string) ([]Info, error) {
	fd, err := d.openForList(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written through it
	names, err := listNames(fd)
	if err != nil {
		return nil, err
	}
	list := make([]Info, 0, len(names))
	for _, base := range names {
		info, err := d.statAt(fd, base)
		if isNotExist(err) {
			continue
		}
		if err != nil {
			return nil, NewError("lstat", base, "", err)
		}
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// openForList opens a directory with a read position of its own: the root's
// descriptor is shared by all operations.
func (d *Disk) openForList(name string) (int, error) {
	if name != "" {
		dir, err := d.openDir(name, unix.O_RDONLY)
		return dir.fd, err
	}
	root, err := d.root.acquire()
	if err != nil {
		return -1, err
	}
	defer d.root.release()
	var fd int
	err = retry(func() (err error) {
		fd, err = unix.Openat(root, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

func listNames(fd int) ([]string, error) {
	var names []string
	buffer := make([]byte, 32<<10)
	for {
		var n int
		err := retry(func() (err error) {
			n, err = unix.ReadDirent(fd, buffer)
			return err
		})
		if err != nil || n <= 0 {
			return names, err
		}
		_, _, names = unix.ParseDirent(buffer[:n], -1, names)
	}
}

// ReadLink implements Reader.
func (d *Disk) ReadLink(name string) (string, error) {
	if err := CheckChange(name); err != nil {
		return "", NewError("read link", name, "", err)
	}
	text, err := d.readLink(name)
	if err == unix.EINVAL {
		err = means{ErrKind, err}
	}
	return text, NewError("read link", name, "", err)
}

func (d *Disk) readLink(name string) (string, error) {
	parent, base, err := d.parentOf(name)
	if err != nil {
		return "", err
	}
	defer parent.close()
	for size := 256; ; size *= 4 {
		buffer := make([]byte, size)
		var n int
		err := retry(func() (err error) {
			n, err = unix.Readlinkat(parent.fd, base, buffer)
			return err
		})
		if err != nil {
			return "", err
		}
		if n < size {
			return string(buffer[:n]), nil
		}
	}
}

// Open implements Reader.
func (d *Disk) Open(name string) (OpenFile, error) {
	if err := CheckName(name); err != nil {
		return nil, NewError("open", name, "", err)
	}
	f, err := d.openRegular(name, unix.O_RDONLY)
	if err != nil {
		return nil, NewError("open", name, "", err)
	}
	return f, nil
}

// openRegular opens a regular file; anything else is ErrKind.
func (d *Disk) openRegular(name string, flags int) (*file, error) {
	if name == "" {
		return nil, ErrKind
	}
	fd, err := d.openFd(name, flags, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = retry(func() error { return unix.Fstat(fd, &st) })
	if err == nil && kindOf(uint32(st.Mode)) != File {
		err = ErrKind
	}
	if err != nil {
		_ = unix.Close(fd) // nothing was written through it
		return nil, err
	}
	return d.newFile(fd, name), nil
}

// CheckRoot implements Reader.
func (d *Disk) CheckRoot() error {
	var st unix.Stat_t
	err := retry(func() error { return unix.Stat(d.path, &st) })
	switch {
	case errors.Is(err, os.ErrNotExist), err == unix.ENOTDIR, err == unix.ESTALE:
		return NewError("check root", d.path, "", means{ErrRootGone, err})
	case err != nil:
		return NewError("check root", d.path, "", err)
	case RootID{Device: uint64(st.Dev), Inode: st.Ino} != d.id:
		return NewError("check root", d.path, "", ErrRootGone)
	}
	return nil
}
