package folderfs

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// openPathFlags: macOS has no O_PATH, so a directory must be readable to reach
// names below it.
const openPathFlags = unix.O_RDONLY

// mustWalk: there is no openat2.
func mustWalk(int) bool { return true }

// beneath opens a name below root without following any link.
func (d *Disk) beneath(root int, name string, flags int, mode uint32) (int, error) {
	return walk(root, name, flags, mode)
}

// syncFd makes a file or directory durable: fsync alone reaches the drive's
// cache. File systems that do not know F_FULLFSYNC get what there is.
func syncFd(fd int) error {
	err := retry(func() error {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_FULLFSYNC, 0)
		return err
	})
	if err == unix.ENOTSUP || err == unix.EINVAL || err == unix.ENOTTY {
		err = retry(func() error { return unix.Fsync(fd) })
	}
	return err
}

// Free implements Reader.
func (d *Disk) Free() (uint64, error) {
	st, err := d.statfs()
	if err != nil {
		return 0, NewError("free space", "", "", err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}

func (d *Disk) statfs() (unix.Statfs_t, error) {
	var st unix.Statfs_t
	root, err := d.root.acquire()
	if err != nil {
		return st, err
	}
	defer d.root.release()
	err = retry(func() error { return unix.Fstatfs(root, &st) })
	return st, err
}

// assumed is APFS until it was tried.
func (d *Disk) assumed() Capabilities {
	c := Capabilities{
		Exchange: true, NoReplace: true, StableInodes: true, Ctime: true,
		MtimeGranularity: time.Microsecond, ClockStep: time.Microsecond,
		UnicodeExact: true, Symlinks: true, Modes: true, HardLinks: true,
		MaxName: 255, Watchable: true,
	}
	if st, err := d.statfs(); err == nil && st.Flags&unix.MNT_LOCAL == 0 {
		c.Watchable = false
	}
	return c
}

// system tries out what only system calls tell. clonefile shares whole new
// files, not ranges, so Reflink stays false.
func (p *probe) system(d *Disk, c *Capabilities) error {
	if err := p.create("a"); err != nil {
		return err
	}
	a, b := p.path("a"), p.path("b")
	c.NoReplace = d.between(a, b, renameExclusive) == nil
	if !c.NoReplace {
		if err := p.w.RenameNoReplace(a, b); err != nil {
			return err
		}
	}
	c.HardLinks = d.between(b, a, func(from, to place) error {
		return unix.Linkat(from.dir, from.base, to.dir, to.base, 0)
	}) == nil
	return nil
}

func renameExclusive(from, to place) error {
	return unix.RenameatxNp(from.dir, from.base, to.dir, to.base, unix.RENAME_EXCL)
}

func exchangeAt(a, b place) error {
	return unix.RenameatxNp(a.dir, a.base, b.dir, b.base, unix.RENAME_SWAP)
}

func changeMode(dir int, base string, mode uint32) error {
	return unix.Fchmodat(dir, base, mode, unix.AT_SYMLINK_NOFOLLOW)
}

// setTimeAt opens the file to set its time: the call that takes a name relative
// to a directory is not to be had without cgo. A file its owner may neither
// read nor write keeps its time.
func setTimeAt(dir int, base string, mtime int64) error {
	fd, err := unix.Openat(dir, base, unix.O_RDONLY|openFlags, 0)
	if err == unix.EACCES {
		fd, err = unix.Openat(dir, base, unix.O_WRONLY|openFlags, 0)
	}
	if err == unix.ELOOP {
		return means{ErrKind, err}
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written through it
	return setTime(fd, mtime)
}

// setTime leaves the access time as it is; futimes counts in microseconds.
func setTime(fd int, mtime int64) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	access := unix.NsecToTimeval(nanoseconds(st.Atim))
	times := []unix.Timeval{access, unix.NsecToTimeval(coarse(mtime, time.Microsecond))}
	return unix.Futimes(fd, times)
}

// Busy implements Reader. macOS does not tell who has a file open.
func (d *Disk) Busy(name string) (bool, error) {
	err := CheckName(name)
	if err == nil {
		err = d.isRegular(name)
	}
	return false, NewError("ask for writers of", name, "", err)
}

func (d *Disk) isRegular(name string) error {
	f, err := d.openRegular(name, unix.O_RDONLY)
	if err != nil {
		return err
	}
	return f.Close()
}

func (f *file) CopyFrom(src OpenFile, from, at, n int64) (int64, error) {
	done, err := copyRange(f.os, src, from, at, n)
	return done, f.wrap("copy to", err)
}

// Inherit implements Writer: owner, group and extended attributes. ACLs are no
// attributes on macOS and stay with the old file.
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
	source, err := d.openRegular(from, unix.O_RDONLY)
	if errors.Is(err, unix.EACCES) {
		return nil // not permitted
	}
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // nothing was written through it
	target, err := d.openRegular(to, unix.O_RDONLY)
	if err != nil {
		return err
	}
	err = source.control(func(in int) error {
		return target.control(func(out int) error { return copyFacts(out, in) })
	})
	if err != nil {
		return closing(err, target)
	}
	return target.Close()
}

func copyFacts(out, in int) error {
	var st unix.Stat_t
	if err := unix.Fstat(in, &st); err != nil {
		return err
	}
	copyOwner(out, &st)
	copyAttributes(out, in)
	return nil
}

// inheritable leaves out marks of the system's own bookkeeping: quarantine and
// provenance speak of the old bytes.
func inheritable(name string) bool {
	return name != "com.apple.quarantine" && name != "com.apple.provenance"
}

// born returns when a file was made, in ns, or 0 if that is not known.
func born(f OpenFile) (at int64) {
	_ = f.(*file).control(func(fd int) error { // without it inodes have to do
		var st unix.Stat_t
		err := unix.Fstat(fd, &st)
		if err == nil {
			at = st.Btim.Nano()
		}
		return err
	})
	return at
}

// handOver does nothing: this system writes behind by itself.
func handOver(int, bool) {}
