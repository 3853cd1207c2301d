package folderfs

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Inherit implements Writer. File capabilities and integrity labels are left
// behind: they vouch for the old bytes. An ACL sets the group bits of the mode,
// so Chmod comes after Inherit.
func (d *Disk) Inherit(from, to string) error {
	err := CheckName(from)
	if err == nil {
		err = CheckWork(to)
	}
	if err == nil {
		err = d.inherit(from, to)
	}
	return NewError("copy owner and attributes of", from, to, err)
}

func (d *Disk) inherit(from, to string) error {
	target, err := d.openRegular(to, unix.O_RDONLY)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	source, err := d.openRegular(from, unix.O_RDONLY)
	switch err {
	case nil:
		err = source.control(func(in int) error {
			if err := unix.Fstat(in, &st); err != nil {
				return err
			}
			return target.control(func(out int) error {
				copyOwner(out, &st)
				copyAttributes(out, in)
				return nil
			})
		})
		_ = source.Close() // nothing was written through it
	case unix.EACCES: // its owner is still to be seen
		err = d.inParent(from, func(dir int, base string) error {
			return unix.Fstatat(dir, base, &st, unix.AT_SYMLINK_NOFOLLOW)
		})
		if err == nil {
			err = target.control(func(out int) error {
				copyOwner(out, &st)
				return nil
			})
		}
	}
	if err != nil {
		return closing(err, target)
	}
	return target.Close()
}

func inheritable(name string) bool {
	return strings.HasPrefix(name, "user.") || strings.HasPrefix(name, "system.") || name == "security.selinux"
}
