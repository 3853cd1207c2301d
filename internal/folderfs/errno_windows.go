package folderfs

import (
	"syscall"

	"golang.org/x/sys/windows"
)

func meaningOf(number syscall.Errno) error {
	switch number {
	case windows.ERROR_DIR_NOT_EMPTY, syscall.ENOTEMPTY:
		return ErrNotEmpty
	case windows.ERROR_DIRECTORY, syscall.ENOTDIR, syscall.ELOOP:
		return ErrNotDirectory
	case windows.ERROR_NOT_SAME_DEVICE, syscall.EXDEV:
		return ErrCrossDevice
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED,
		syscall.ENOSPC, syscall.EDQUOT:
		return ErrNoSpace
	case windows.ERROR_NOT_SUPPORTED, windows.ERROR_INVALID_FUNCTION, windows.ERROR_PRIVILEGE_NOT_HELD, syscall.ENOSYS:
		return ErrUnsupported
	case syscall.EISDIR:
		return ErrKind
	case windows.ERROR_INVALID_NAME:
		return ErrName
	case windows.ERROR_FILENAME_EXCED_RANGE, syscall.ENAMETOOLONG:
		return ErrTooLong
	case windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, syscall.ETXTBSY:
		return ErrBusy
	default:
		return nil
	}
}
