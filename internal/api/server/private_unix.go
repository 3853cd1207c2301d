//go:build unix

package server

import (
	"fmt"
	"os"
	"syscall"
)

// checkPrivate refuses a file or directory that others own or may use: someone
// may have made it before us, in a directory that is everybody's.
func checkPrivate(path string) error {
	st, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("check that %s is private: %w", path, err)
	}
	if st.Mode()&os.ModeSymlink != 0 {
		return fmt.Errorf("%s is a symbolic link: replace it by the real thing", path)
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to another user: remove it", path)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is open to other users: take their permissions away with \"chmod go= %s\"", path, path)
	}
	return nil
}
