package folderfs

import (
	"time"

	"golang.org/x/sys/unix"
)

// openPathFlags opens a directory only to reach names below it; no permission
// to list it is needed.
const openPathFlags = unix.O_PATH

// pathMax is the longest path one system call takes, its NUL included.
const pathMax = 4096

// resolve makes openat2 walk as this package does. Mounts inside the folder are
// entered.
const resolve = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

// mustWalk reports whether openat2 cannot be used: it came with Linux 5.6, and
// sandboxes forbid it.
func mustWalk(root int) bool {
	fd, err := unix.Openat2(root, ".", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: resolve})
	if err != nil {
		return true
	}
	_ = unix.Close(fd) // nothing was written through it
	return false
}

// beneath opens a name below root without following any link.
func (d *Disk) beneath(root int, name string, flags int, mode uint32) (int, error) {
	if d.root.walks || len(name) >= pathMax {
		return walk(root, name, flags, mode)
	}
	how := unix.OpenHow{Flags: uint64(flags), Mode: uint64(mode), Resolve: resolve}
	// EAGAIN: something was renamed while the kernel walked, or a lease on the
	// file is being given up; after some tries it is the lease.
	for tries := 0; tries < 16; {
		fd, err := unix.Openat2(root, name, &how)
		switch err {
		case unix.EINTR:
		case unix.EAGAIN:
			tries++
		default:
			return fd, err
		}
	}
	return -1, unix.EAGAIN
}

// clockStep is the step of the kernel's clock for file times.
func clockStep() time.Duration {
	var step unix.Timespec
	if err := unix.ClockGetres(unix.CLOCK_REALTIME_COARSE, &step); err != nil {
		return 10 * time.Millisecond // the longest tick a kernel is built with
	}
	return time.Duration(step.Nano())
}

// syncFd makes a file or directory durable.
func syncFd(fd int) error {
	return retry(func() error { return unix.Fsync(fd) })
}

// born returns when a file was made, in ns, or 0 if the file system keeps no
// such time.
func born(f OpenFile) (at int64) {
	_ = f.(*file).control(func(fd int) error { // without it inodes have to do
		var st unix.Statx_t
		err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st)
		if err == nil && st.Mask&unix.STATX_BTIME != 0 {
			at = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
		}
		return err
	})
	return at
}

// Free implements Reader.
func (d *Disk) Free() (uint64, error) {
	st, err := d.statfs()
	if err != nil {
		return 0, NewError("free space", "", "", err)
	}
	unit := uint64(st.Frsize)
	if unit == 0 {
		unit = uint64(st.Bsize)
	}
	return st.Bavail * unit, nil
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

// assumed is what a Linux file system can do until it was tried.
func (d *Disk) assumed() Capabilities {
	c := Capabilities{
		Exchange: true, NoReplace: true, StableInodes: true, Ctime: true,
		MtimeGranularity: time.Nanosecond, ClockStep: clockStep(),
		CaseSensitive: true, UnicodeExact: true, Symlinks: true, Modes: true, HardLinks: true,
		MaxName: 255, Watchable: true,
	}
	st, err := d.statfs()
	if err != nil {
		return c
	}
	if st.Namelen > 0 {
		c.MaxName = int(st.Namelen)
	}
	switch uint32(st.Type) {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC,
		unix.V9FS_MAGIC, unix.AFS_SUPER_MAGIC, unix.CODA_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC:
		c.Watchable = false
	case unix.FUSE_SUPER_MAGIC:
		c.Watchable = false
		c.StableInodes = false // libfuse makes numbers up whenever it meets a file again
	case unix.MSDOS_SUPER_MAGIC, unix.EXFAT_SUPER_MAGIC:
		c.StableInodes = false // numbers are made up anew at each mount
	}
	return c
}
