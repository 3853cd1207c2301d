//go:build linux || darwin

package folderfs

import (
	"strings"

	"golang.org/x/sys/unix"
)

// openFlags are set on every open: never through a link, never waiting for the
// other end of a FIFO, never a controlling terminal, never inherited.
const openFlags = unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

// dirFlags are those for directories; openat2 refuses O_PATH with the rest.
const dirFlags = unix.O_NOFOLLOW | unix.O_DIRECTORY | unix.O_CLOEXEC

// openRoot opens the root's own path, through links: it is the user's choice.
func openRoot(path string) (rootHandle, RootID, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return rootHandle{}, RootID{}, err
	}
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		_ = unix.Close(fd) // nothing was written through it
		return rootHandle{}, RootID{}, err
	}
	return newRootHandle(fd), RootID{Device: uint64(st.Dev), Inode: st.Ino}, nil
}

// openDir opens a directory to work in: flags are openPathFlags to reach names
// below it, O_RDONLY to list or sync it.
func (d *Disk) openDir(name string, flags int) (directory, error) {
	root, err := d.root.acquire()
	if err != nil {
		return directory{}, err
	}
	if name == "" {
		return directory{fd: root, root: d.root.countedFd}, nil
	}
	defer d.root.release()
	fd, err := d.beneath(root, name, flags|dirFlags, 0)
	if err == unix.ELOOP || err == unix.ENOTDIR {
		err = means{ErrNotDirectory, err}
	}
	return directory{fd: fd}, err
}

// parentOf opens the directory a name lies in and returns the last component.
func (d *Disk) parentOf(name string) (directory, string, error) {
	parent, base := split(name)
	dir, err := d.openDir(parent, openPathFlags)
	return dir, base, err
}

// openFd opens what a name is, a link excepted: ErrKind.
func (d *Disk) openFd(name string, flags int, mode uint32) (int, error) {
	root, err := d.root.acquire()
	if err != nil {
		return -1, err
	}
	defer d.root.release()
	fd, err := d.beneath(root, name, flags|openFlags, mode)
	if err != unix.ELOOP {
		return fd, err
	}
	// The kernel does not say which component is the link.
	parent, _, parentErr := d.parentOf(name)
	if parentErr != nil {
		return -1, parentErr
	}
	parent.close()
	return -1, means{ErrKind, err}
}

// walk opens a name component by component, where the kernel has no call that
// refuses links on the way.
func walk(root int, name string, flags int, mode uint32) (int, error) {
	at := root
	leave := func() {
		if at != root {
			_ = unix.Close(at) // nothing was written through it
		}
	}
	for {
		component, rest, more := strings.Cut(name, "/")
		use, perm := flags, mode
		if more {
			use, perm = openPathFlags|dirFlags, 0
		}
		var fd int
		err := retry(func() (err error) {
			fd, err = unix.Openat(at, component, use, perm)
			return err
		})
		leave()
		if err == unix.ELOOP && more {
			err = unix.ENOTDIR
		}
		if err != nil {
			return -1, err
		}
		if !more {
			return fd, nil
		}
		at, name = fd, rest
	}
}
