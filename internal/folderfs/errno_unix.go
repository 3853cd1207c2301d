//go:build !windows

package folderfs

import "syscall"

func meaningOf(number syscall.Errno) error {
	if number == syscall.ENOTSUP { // the same as EOPNOTSUPP on Linux alone
		return ErrUnsupported
	}
	switch number {
	case syscall.ENOTEMPTY:
		return ErrNotEmpty
	case syscall.ENOTDIR, syscall.ELOOP:
		return ErrNotDirectory
	case syscall.EXDEV:
		return ErrCrossDevice
	case syscall.ENOSPC, syscall.EDQUOT:
		return ErrNoSpace
	case syscall.EOPNOTSUPP, syscall.ENOSYS:
		return ErrUnsupported
	case syscall.EISDIR, syscall.ENXIO, syscall.ENODEV:
		return ErrKind
	case syscall.EILSEQ:
		return ErrName
	case syscall.ENAMETOOLONG:
		return ErrTooLong
	case syscall.EAGAIN, syscall.ETXTBSY:
		return ErrBusy
	default:
		return nil
	}
}
