package folderfs

import (
	"io"
	"strconv"

	"golang.org/x/sys/unix"
)

func renameExclusive(from, to place) error {
	return unix.Renameat2(from.dir, from.base, to.dir, to.base, unix.RENAME_NOREPLACE)
}

func exchangeAt(a, b place) error {
	return unix.Renameat2(a.dir, a.base, b.dir, b.base, unix.RENAME_EXCHANGE)
}

// changeMode sets the mode of a name that is no link. fchmodat2 came with Linux
// 6.6; before it a file is opened, and one its owner may not read is reached
// by a descriptor without permissions (O_PATH): its entry in /proc names the
// open file itself, whatever stands at the name by now.
func changeMode(dir int, base string, mode uint32) error {
	err := unix.Fchmodat(dir, base, mode, unix.AT_SYMLINK_NOFOLLOW)
	if err != unix.EOPNOTSUPP {
		return err
	}
	fd, err := unix.Openat(dir, base, unix.O_RDONLY|openFlags, 0)
	if err == unix.EACCES {
		return changeUnreadable(dir, base, mode)
	}
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written through it
	return unix.Fchmod(fd, mode)
}

func changeUnreadable(dir int, base string, mode uint32) error {
	fd, err := unix.Openat(dir, base, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written through it
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if kind := kindOf(st.Mode); kind != File && kind != Directory {
		return ErrKind
	}
	return unix.Chmod(openFdPath(fd), mode)
}

// timesFor sets the access time too: file systems in user space that are built
// on libfuse 2 do nothing, and report success, if one of both is left out.
func timesFor(mtime int64) []unix.Timespec {
	return []unix.Timespec{{Nsec: unix.UTIME_NOW}, unix.NsecToTimespec(mtime)}
}

func setTimeAt(dir int, base string, mtime int64) error {
	return unix.UtimesNanoAt(dir, base, timesFor(mtime), unix.AT_SYMLINK_NOFOLLOW)
}

func setTime(fd int, mtime int64) error {
	times := timesFor(mtime)
	err := retry(func() error { return unix.UtimesNanoAt(fd, "", times, unix.AT_EMPTY_PATH) })
	if err == unix.EINVAL || err == unix.ENOENT { // before Linux 5.8
		err = unix.UtimesNanoAt(unix.AT_FDCWD, openFdPath(fd), times, 0)
	}
	return err
}

// openFdPath names an open file itself, wherever it was moved.
func openFdPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// Busy implements Reader: a read lease is refused while any process, this one
// included, has the file open for writing. A lease that cannot be had for
// another reason (not the owner, not supported) tells nothing.
func (d *Disk) Busy(name string) (bool, error) {
	if err := CheckName(name); err != nil {
		return false, NewError("ask for writers of", name, "", err)
	}
	busy, err := d.busy(name)
	return busy, NewError("ask for writers of", name, "", err)
}

func (d *Disk) busy(name string) (bool, error) {
	fd, err := d.openFd(name, unix.O_RDONLY, 0)
	if err != nil {
		return false, err
	}
	defer func() { _ = unix.Close(fd) }() // gives the lease back
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return false, err
	}
	if kindOf(uint32(st.Mode)) != File {
		return false, ErrKind
	}
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	return err == unix.EAGAIN, nil
}

// reflinkAlign is the block size extents are shared by on all file systems that
// can (btrfs, xfs, bcachefs, with their default geometry).
const reflinkAlign = 4096

func (f *file) CopyFrom(src OpenFile, from, at, n int64) (int64, error) {
	source, ok := src.(*file)
	if !ok || n <= 0 {
		done, err := copyRange(f, src, from, at, n)
		return done, f.wrap("copy to", err)
	}
	done, err := f.copyInKernel(source, from, at, n)
	if err == errCopyElsewhere {
		var more int64
		more, err = copyRange(f, source.os, from+done, at+done, n-done)
		done += more
	}
	return done, f.wrap("copy to", err)
}

// errCopyElsewhere: the kernel does not copy between these files.
var errCopyElsewhere = unix.EOPNOTSUPP

// copyInKernel shares or copies a range without bringing it into the process.
func (f *file) copyInKernel(source *file, from, at, n int64) (done int64, err error) {
	err = source.control(func(in int) error {
		return f.control(func(out int) error {
			if f.disk.Capabilities().Reflink && shareRange(out, in, from, at, n) == nil {
				done = n
				return nil
			}
			done, err = f.copyFileRange(out, in, from, at, n)
			return err
		})
	})
	return done, err
}

func shareRange(out, in int, from, at, n int64) error {
	if (from|at)%reflinkAlign != 0 {
		return unix.EINVAL
	}
	if n%reflinkAlign != 0 { // allowed at the end of the source only
		var st unix.Stat_t
		if err := unix.Fstat(in, &st); err != nil || from+n != st.Size {
			return unix.EINVAL
		}
	}
	return unix.IoctlFileCloneRange(out, &unix.FileCloneRange{
		Src_fd: int64(in), Src_offset: uint64(from), Src_length: uint64(n), Dest_offset: uint64(at),
	})
}

func (f *file) copyFileRange(out, in int, from, at, n int64) (done int64, err error) {
	for done < n {
		var part int
		rest := int(min(n-done, behindStep))
		err := retry(func() (err error) {
			part, err = unix.CopyFileRange(in, &from, out, &at, rest, 0)
			return err
		})
		switch {
		case err == unix.ENOSYS, err == unix.EXDEV, err == unix.EINVAL, err == unix.EOPNOTSUPP, err == unix.EPERM:
			return done, errCopyElsewhere
		case err != nil:
			return done, err
		case part == 0 && done == 0:
			// Some file systems copy nothing and say so with success.
			return 0, errCopyElsewhere
		case part == 0:
			return done, io.ErrUnexpectedEOF
		}
		done += int64(part) // from and at moved along
		f.wrote(int64(part))
	}
	return done, nil
}
