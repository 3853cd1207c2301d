package folderfs

import (
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/windows"
)

// rootHandle is the root. os.Root keeps it open for operations under way.
type rootHandle struct {
	*os.Root
	closed *atomic.Bool
}

func (h rootHandle) close() error {
	if h.closed.Swap(true) {
		return fs.ErrClosed
	}
	return h.Root.Close()
}

func openRoot(path string) (rootHandle, RootID, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return rootHandle{}, RootID{}, err
	}
	id, err := identity(root)
	if err != nil {
		return rootHandle{}, RootID{}, closing(err, root)
	}
	return rootHandle{root, new(atomic.Bool)}, id, nil
}

// identity is the volume's serial number and the directory's file index.
func identity(root *os.Root) (RootID, error) {
	dir, err := root.Open(".")
	if err != nil {
		return RootID{}, err
	}
	defer func() { _ = dir.Close() }() // only read
	var facts windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(dir.Fd()), &facts); err != nil {
		return RootID{}, err
	}
	return RootID{
		Device: uint64(facts.VolumeSerialNumber),
		Inode:  uint64(facts.FileIndexHigh)<<32 | uint64(facts.FileIndexLow),
	}, nil
}

// directory is an open directory for the time of one operation.
type directory struct {
	*os.Root
	shared bool // the folder's root, not to be closed
}

func (d directory) close() {
	if !d.shared {
		_ = d.Root.Close() // nothing was written through it
	}
}

// openDir walks to a directory one component at a time. os.Root follows links
// that stay inside; here each component must be a real directory, and still be
// the same one when it was opened.
func (d *Disk) openDir(name string) (directory, error) {
	at := directory{d.root.Root, true}
	if d.root.closed.Load() {
		return at, fs.ErrClosed
	}
	for name != "" {
		var component string
		component, name, _ = strings.Cut(name, "/")
		next, err := enter(at.Root, component)
		at.close()
		if err != nil {
			return directory{}, err
		}
		at = directory{next, false}
	}
	return at, nil
}

func enter(at *os.Root, component string) (*os.Root, error) {
	if ReservedOnWindows(component) {
		return nil, ErrName
	}
	seen, err := at.Lstat(component)
	if err != nil {
		return nil, err
	}
	if kindOf(seen.Mode()) != Directory {
		return nil, ErrNotDirectory
	}
	next, err := at.OpenRoot(component)
	if err != nil {
		return nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(seen, opened) {
		err = ErrNotDirectory // a link was put in its place meanwhile
	}
	if err != nil {
		return nil, closing(err, next)
	}
	return next, nil
}

// inParent runs an operation on one name with its directory open.
func (d *Disk) inParent(name string, do func(dir *os.Root, base string) error) error {
	if err := d.lengthAllowed(name); err != nil {
		return err
	}
	parent, base := split(name)
	if ReservedOnWindows(base) {
		return ErrName
	}
	dir, err := d.openDir(parent)
	if err != nil {
		return err
	}
	defer dir.close()
	return do(dir.Root, base)
}

// kindOf: junctions and other reparse points, directories on other volumes
// among them, are irregular and never entered.
func kindOf(mode fs.FileMode) Kind {
	switch {
	case mode.IsRegular():
		return File
	case mode.Type() == fs.ModeDir:
		return Directory
	case mode.Type() == fs.ModeSymlink:
		return Symlink
	default:
		return Other
	}
}
