//go:build linux || darwin

package folderfs

import (
	"os"

	"golang.org/x/sys/unix"
)

func lockFile(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = raw.Control(func(fd uintptr) {
		locked = retry(func() error { return unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) })
	})
	if err == nil {
		err = locked
	}
	if err == unix.EWOULDBLOCK {
		return ErrClaimed
	}
	return err
}
