package folderfs

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// The byte that is locked lies far behind the file's end, where nobody reads.
const lockedByte = 1 << 30

func lockFile(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = raw.Control(func(h uintptr) {
		locked = windows.LockFileEx(windows.Handle(h), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
			&windows.Overlapped{Offset: lockedByte})
	})
	if err == nil {
		err = locked
	}
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrClaimed
	}
	return err
}
