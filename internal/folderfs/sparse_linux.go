package folderfs

import (
	"io"

	"golang.org/x/sys/unix"
)

var _ SparseFile = (*file)(nil)

// DataAfter implements SparseFile. It leaves the position for Read where it was.
func (f *file) DataAfter(from int64) (start, end int64, err error) {
	err = f.control(func(fd int) error {
		at, err := unix.Seek(fd, 0, io.SeekCurrent)
		if err != nil {
			return err
		}
		start, end, err = stretch(fd, from)
		if _, back := unix.Seek(fd, at, io.SeekStart); err == nil {
			err = back
		}
		return err
	})
	return start, end, f.wrap("look for data in", err)
}

func stretch(fd int, from int64) (start, end int64, err error) {
	start, err = unix.Seek(fd, from, unix.SEEK_DATA)
	if err == unix.ENXIO { // from here on there is none
		start, err = unix.Seek(fd, 0, io.SeekEnd)
		return start, start, err
	}
	if err != nil {
		return 0, 0, err
	}
	end, err = unix.Seek(fd, start, unix.SEEK_HOLE)
	return start, end, err
}
