package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// user changes a folder with the means of the system. Nothing that it takes
// away or replaces is lost: that goes to a directory beside the folder, so that
// what is missing in the end was lost by somebody else.
type user struct {
	root, aside string
	areas       []string // directories to work in
	rng         *rand.Rand
	next        func() int // a new serial
	// saved is told when a content is durable; nil if nobody cares.
	saved func(serial int) error
	count int
}

// fresh is a name beside the folder.
func (u *user) fresh() string {
	u.count++
	return filepath.Join(u.aside, fmt.Sprintf("%d", u.count))
}

// write makes a durable file beside the folder.
func (u *user) write() (name string, err error) {
	serial := u.next()
	name = u.fresh()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	_, err = f.Write(content(serial))
	if u.saved == nil {
		return name, errors.Join(err, f.Close())
	}
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(u.aside)); err != nil {
		return "", err
	}
	return name, u.saved(serial)
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (u *user) path(name string) string { return filepath.Join(u.root, filepath.FromSlash(name)) }

// newName is a free name in a directory of an area.
func (u *user) newName() string {
	dir := u.areas[u.rng.IntN(len(u.areas))]
	for u.rng.IntN(2) == 0 {
		sub, ok := u.pick(dir, true)
		if !ok {
			break
		}
		dir = sub
	}
	u.count++
	return path.Join(dir, fmt.Sprintf("n%d", u.count))
}

// pick chooses a name below dir, a directory or anything else.
func (u *user) pick(dir string, directory bool) (string, bool) {
	var names []string
	err := filepath.WalkDir(u.path(dir), func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() == directory && p != u.path(dir) {
			name, err := filepath.Rel(u.root, p)
			names = append(names, filepath.ToSlash(name))
			return err
		}
		return nil
	})
	if err != nil || len(names) == 0 { // a directory may go meanwhile
		return "", false
	}
	return names[u.rng.IntN(len(names))], true
}

func (u *user) any(directory bool) (string, bool) {
	return u.pick(u.areas[u.rng.IntN(len(u.areas))], directory)
}

// act does one thing at random. What it was to be done to may have gone.
func (u *user) act() error {
	var err error
	switch n := u.rng.IntN(20); {
	case n < 6:
		err = u.create()
	case n < 11:
		if name, ok := u.any(false); ok {
			err = u.replace(name)
		}
	case n < 13:
		if name, ok := u.any(false); ok {
			err = u.remove(name)
		}
	case n < 15:
		if name, ok := u.any(u.rng.IntN(3) == 0); ok {
			err = u.move(name, u.newName())
		}
	case n < 16:
		err = os.Mkdir(u.path(u.newName()), 0o755)
	case n < 17:
		if name, ok := u.any(true); ok {
			err = u.remove(name)
		}
	case n < 19:
		if name, ok := u.any(u.rng.IntN(2) == 0); ok {
			err = u.retype(name)
		}
	default:
		if name, ok := u.any(false); ok {
			err = u.touch(name)
		}
	}
	return unlessOvertaken(err)
}

// unlessOvertaken drops errors that come of a name having changed under the
// user's hands: the other side's work arrived, or he moves a directory into
// itself.
func unlessOvertaken(err error) error {
	for _, one := range []error{fs.ErrNotExist, fs.ErrExist, unix.ENOTDIR, unix.EINVAL} {
		if errors.Is(err, one) {
			return nil
		}
	}
	return err
}

func (u *user) create() error {
	name := u.newName()
	if u.rng.IntN(8) == 0 {
		return os.Symlink(fmt.Sprintf("target %d", u.count), u.path(name))
	}
	from, err := u.write()
	if err != nil {
		return err
	}
	return u.place(from, name)
}

// place moves a file from beside the folder to a free name.
func (u *user) place(from, name string) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, u.path(name), unix.RENAME_NOREPLACE)
}

// replace saves a file over whatever is there, which is kept.
func (u *user) replace(name string) error {
	from, err := u.write()
	if err != nil {
		return err
	}
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, u.path(name), unix.RENAME_EXCHANGE)
}

func (u *user) remove(name string) error { return os.Rename(u.path(name), u.fresh()) }

func (u *user) move(name, to string) error {
	if strings.HasPrefix(to, name+"/") {
		return nil
	}
	return unix.Renameat2(unix.AT_FDCWD, u.path(name), unix.AT_FDCWD, u.path(to), unix.RENAME_NOREPLACE)
}

// retype makes something of another kind of a name.
func (u *user) retype(name string) error {
	info, err := os.Lstat(u.path(name))
	if err != nil {
		return err
	}
	from, err := u.write()
	if err != nil {
		return err
	}
	if err := u.remove(name); err != nil {
		return err
	}
	switch n := u.rng.IntN(2); {
	case info.IsDir() && n == 0, info.Mode().IsRegular() && n == 0:
		return os.Symlink(fmt.Sprintf("target %d", u.count), u.path(name))
	case info.Mode().IsRegular():
		if err := os.Mkdir(u.path(name), 0o755); err != nil {
			return err
		}
		return u.place(from, name+"/inside")
	}
	return u.place(from, name)
}

// touch changes attributes alone.
func (u *user) touch(name string) error {
	info, err := os.Lstat(u.path(name))
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if u.rng.IntN(2) == 0 {
		return os.Chmod(u.path(name), info.Mode().Perm()^0o111)
	}
	return os.Chtimes(u.path(name), info.ModTime(), info.ModTime().Add(1e9))
}
