//go:build linux || darwin

package folderfs

import (
	"golang.org/x/sys/unix"
)

// renameNoReplace moves a name. Where the file system has no atomic call for
// it, the way is chosen so that nothing of the user's can be lost:
//
//   - into the work directory nobody else puts names: look, then rename;
//   - out of it nobody else changes the source: a hard link, which refuses an
//     existing target, then the old name goes;
//   - else (a rename inside the tree, directories, no hard links): look, then
//     rename, with a window of microseconds in which a new file at the target
//     would be replaced.
func (d *Disk) renameNoReplace(from, to place) error {
	if !d.without.NoReplace {
		err := renameExclusive(from, to)
		if err != unix.EINVAL && err != unix.ENOSYS && err != unix.EOPNOTSUPP {
			return err
		}
		// EINVAL is also a directory moved into itself: plain rename says so again.
	}
	if InWorkDir(from.name) && !InWorkDir(to.name) && !d.without.HardLinks {
		if moved, err := moveByLink(from, to); moved || err != nil {
			return err
		}
	}
	_, err := d.statAt(to.dir, to.base)
	switch {
	case err == nil:
		return unix.EEXIST
	case !isNotExist(err):
		return err
	}
	return unix.Renameat(from.dir, from.base, to.dir, to.base)
}

// moveByLink gives a file its new name by a hard link and takes the old one
// away. It reports false where the kind of file or file system has no links.
func moveByLink(from, to place) (moved bool, err error) {
	err = unix.Linkat(from.dir, from.base, to.dir, to.base, 0)
	switch err {
	case nil:
		return true, unix.Unlinkat(from.dir, from.base, 0)
	case unix.EPERM, unix.EOPNOTSUPP, unix.ENOSYS, unix.EMLINK, unix.EISDIR, unix.EACCES:
		return false, nil
	default:
		return false, err
	}
}
