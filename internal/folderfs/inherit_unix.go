//go:build linux || darwin

package folderfs

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// copyOwner gives away what may be given: both, else the group alone.
func copyOwner(out int, st *unix.Stat_t) {
	if unix.Fchown(out, int(st.Uid), int(st.Gid)) != nil {
		_ = unix.Fchown(out, -1, int(st.Gid)) // what is not permitted is no error
	}
}

func copyAttributes(out, in int) {
	names := attributes(in)
	for name := range bytes.SplitSeq(names, []byte{0}) {
		if !inheritable(string(name)) {
			continue
		}
		if value, ok := attribute(in, string(name)); ok {
			_ = unix.Fsetxattr(out, string(name), value, 0) // what is not permitted is no error
		}
	}
}

func attributes(fd int) []byte {
	return grown(func(buffer []byte) (int, error) { return unix.Flistxattr(fd, buffer) })
}

func attribute(fd int, name string) ([]byte, bool) {
	value := grown(func(buffer []byte) (int, error) { return unix.Fgetxattr(fd, name, buffer) })
	return value, value != nil
}

// grown reads an attribute or list whose size may change between two calls;
// nil if it cannot be read.
func grown(read func(buffer []byte) (int, error)) []byte {
	for buffer := make([]byte, 256); len(buffer) <= 1<<20; buffer = make([]byte, len(buffer)*4) {
		n, err := read(buffer)
		if err == nil {
			return buffer[:n]
		}
		if err != unix.ERANGE {
			return nil
		}
	}
	return nil
}
