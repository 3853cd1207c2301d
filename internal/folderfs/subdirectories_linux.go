package folderfs

import (
	"bytes"
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

func (d *Disk) subdirectories(name string) ([]string, error) {
	if err := CheckName(name); err != nil {
		return nil, NewError("read directory", name, "", err)
	}
	fd, err := d.openForList(name)
	if err != nil {
		return nil, NewError("read directory", name, "", err)
	}
	defer func() { _ = unix.Close(fd) }() // nothing was written through it
	names, err := d.directoriesIn(fd)
	slices.Sort(names)
	return names, NewError("read directory", name, "", err)
}

func (d *Disk) directoriesIn(fd int) ([]string, error) {
	var names []string
	buffer := make([]byte, 32<<10)
	for {
		var n int
		err := retry(func() (err error) {
			n, err = unix.Getdents(fd, buffer)
			return err
		})
		if err != nil || n <= 0 {
			return names, err
		}
		for rest := buffer[:n]; len(rest) > 0; {
			var base string
			var kind byte
			base, kind, rest = dirent(rest)
			if kind == unix.DT_UNKNOWN { // some file systems leave it to be asked for
				info, err := d.statAt(fd, base)
				if err == nil && info.Kind == Directory {
					kind = unix.DT_DIR
				}
			}
			if kind == unix.DT_DIR && base != "." && base != ".." {
				names = append(names, base)
			}
		}
	}
}

// dirent takes the first entry off what getdents64 returned: inode and position
// of 8 bytes each, the entry's length in 2, the type in 1, and the name.
func dirent(p []byte) (base string, kind byte, rest []byte) {
	const length, kindAt, nameAt = 16, 18, 19
	n := int(binary.NativeEndian.Uint16(p[length:]))
	name := p[nameAt:n]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return string(name), p[kindAt], p[n:]
}
