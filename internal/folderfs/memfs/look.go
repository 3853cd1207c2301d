package memfs

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/labsync/labsync/internal/folderfs"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Lstat returns the facts of a name.
func (u User) Lstat(name string) (info folderfs.Info, err error) {
	err = u.do("lstat", name, "", func(f *FS) error {
		found, err := f.find(name)
		if err == nil {
			info = found.inode.facts(found.name, &f.opts.Capabilities)
		}
		return err
	})
	return info, err
}

// Read returns a file's content.
func (u User) Read(name string) (content []byte, err error) {
	err = u.do("read", name, "", func(f *FS) error {
		i, err := f.regular(name)
		if err == nil {
			content = i.now.bytes(f.opts.PageSize)
		}
		return err
	})
	return content, err
}

// Item is one name of a tree.
type Item struct {
	folderfs.Info        // Name is the last component
	Path          string // from the root
	Content       []byte // of a file
	Text          string // of a symlink
}

// Tree lists all names below a directory ("" is the root) with their content,
// a directory before what is in it, in order of name. The work directory is
// left out unless it is the one asked for.
func (u User) Tree(name string) (items []Item, err error) {
	err = u.do("list", name, "", func(f *FS) error {
		dir, err := f.directory(name)
		if err == nil {
			items = f.tree(nil, name, dir)
		}
		return err
	})
	return items, err
}

func (f *FS) tree(items []Item, name string, dir *inode) []Item {
	for _, e := range dir.entries.sorted() {
		i, at := e.inode.top(), strings.TrimPrefix(name+"/"+e.name, "/")
		if at == folderfs.WorkDir {
			continue
		}
		item := Item{Info: i.facts(e.name, &f.opts.Capabilities), Path: at, Text: i.text}
		if i.kind == folderfs.File {
			item.Content = i.now.bytes(f.opts.PageSize)
		}
		items = append(items, item)
		if i.kind == folderfs.Directory {
			items = f.tree(items, at, i)
		}
	}
	return items
}

// Mount covers an existing directory with another file system: an empty one,
// or the one that Unmount took away from there. No power loss touches its
// content, but after one it is not mounted.
func (u User) Mount(name string) error {
	return u.do("mount", name, "", func(f *FS) error {
		dir, err := f.directory(name)
		if err != nil {
			return err
		}
		if dir.ejected == nil {
			f.devices++
			dir.ejected = f.newInode(folderfs.Directory, 0o755, f.devices)
			dir.ejected.links = 1
		}
		dir.mounted = dir.ejected
		return nil
	})
}

// Unmount uncovers a directory again.
func (u User) Unmount(name string) error {
	return u.do("unmount", name, "", func(f *FS) error {
		at, _, err := f.walk(name)
		if err == nil && at.dir.entries[at.key].inode == nil {
			err = fs.ErrNotExist
		}
		if err == nil {
			at.dir.entries[at.key].inode.mounted = nil
		}
		return err
	})
}

// HideRoot makes CheckRoot fail, as when the root was unmounted, moved away or
// replaced; false brings it back.
func (u User) HideRoot(hidden bool) {
	u.f.mu.Lock()
	defer u.f.mu.Unlock()
	u.f.rootGone = hidden
}
