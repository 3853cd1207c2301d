package memfs

import (
	"io/fs"
	"path"
	"strings"

	"github.com/labsync/labsync/internal/folderfs"
)

// User is everybody but the synchronizer: programs that change the folder
// beside it. No hook sees them and nothing makes them fail but the rules of the
// file system. Their errors are those of folderfs.
type User struct{ f *FS }

// User returns the other side of the folder.
func (f *FS) User() User { return User{f} }

// do runs one step of a program.
func (u User) do(op, name, to string, body func(f *FS) error) error {
	u.f.mu.Lock()
	defer u.f.mu.Unlock()
	return folderfs.NewError(op, name, to, body(u.f))
}

// Write saves in place: the file is made or cut to nothing, then written.
func (u User) Write(name string, content []byte) error {
	return u.do("write", name, "", func(f *FS) error {
		i, err := f.upsert(name)
		if err != nil {
			return err
		}
		if err := f.truncate(i, 0); err != nil {
			return err
		}
		_, err = f.write(i, content, 0)
		return err
	})
}

// upsert finds a regular file or makes an empty one.
func (f *FS) upsert(name string) (*inode, error) {
	if err := folderfs.CheckName(name); err != nil {
		return nil, err
	}
	if i, err := f.regular(name); !isNotExist(err) {
		return i, err
	}
	return f.create(name, folderfs.File, 0o644)
}

// WriteAt changes a part of an existing file in place.
func (u User) WriteAt(name string, content []byte, at int64) error {
	return u.do("write", name, "", func(f *FS) error {
		i, err := f.regular(name)
		if err == nil {
			_, err = f.write(i, content, at)
		}
		return err
	})
}

// WriteMapped changes a part of an existing file through a memory mapping: the
// bytes are new, modification and change time are not yet.
func (u User) WriteMapped(name string, content []byte, at int64) error {
	return u.do("write", name, "", func(f *FS) error {
		i, err := f.regular(name)
		if err == nil && at+int64(len(content)) > i.now.size {
			err = fs.ErrInvalid // a mapping does not grow a file
		}
		if err == nil {
			i.writeAt(content, at, f.opts.PageSize)
		}
		return err
	})
}

// Truncate sets the size of an existing file.
func (u User) Truncate(name string, size int64) error {
	return u.do("truncate", name, "", func(f *FS) error {
		i, err := f.regular(name)
		if err == nil {
			err = f.truncate(i, size)
		}
		return err
	})
}

// SaveByRename writes a new file beside the old one and renames it over, with
// the old one's permissions, as editors do.
func (u User) SaveByRename(name string, content []byte) error {
	temp := path.Join(path.Dir(name), ".~"+path.Base(name))
	if err := u.Write(temp, content); err != nil {
		return err
	}
	if info, err := u.Lstat(name); err == nil {
		if err := u.Chmod(temp, info.Mode); err != nil {
			return err
		}
	}
	return u.Rename(temp, name)
}

// SaveWithBackup renames the old file to name~ and writes a new one.
func (u User) SaveWithBackup(name string, content []byte) error {
	if err := u.Rename(name, name+"~"); err != nil {
		return err
	}
	return u.Write(name, content)
}

// Held is a file that a program keeps open for writing, whatever becomes of its
// name.
type Held struct {
	f *FS
	h *handle
}

// Hold opens an existing file for writing; the next Write goes to its end.
func (u User) Hold(name string) (*Held, error) {
	held := &Held{f: u.f}
	err := u.do("open", name, "", func(f *FS) error {
		i, err := f.regular(name)
		if err == nil {
			held.h = f.hold(i, name, true)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// Write appends.
func (h *Held) Write(p []byte) (int, error) {
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	if h.h.closed {
		return 0, fs.ErrClosed
	}
	return h.f.write(h.h.inode, p, h.h.inode.now.size)
}

// Close lets the file go.
func (h *Held) Close() error {
	h.f.mu.Lock()
	defer h.f.mu.Unlock()
	if h.h.closed {
		return fs.ErrClosed
	}
	h.h.release()
	h.f.release()
	return nil
}

// Mkdir makes a directory and the missing ones above it.
func (u User) Mkdir(name string) error {
	return u.do("make directory", name, "", func(f *FS) error {
		for at, c := range name + "/" {
			if c != '/' {
				continue
			}
			if _, err := f.directory(name[:at]); !isNotExist(err) {
				if err != nil {
					return err
				}
				continue
			}
			if err := f.mkdir(name[:at], 0o755); err != nil {
				return err
			}
		}
		return nil
	})
}

// Symlink makes a link with a text.
func (u User) Symlink(text, name string) error {
	return u.do("make symlink", name, "", func(f *FS) error { return f.symlink(text, name) })
}

// Link gives a file a second name.
func (u User) Link(old, new string) error {
	return u.do("link", old, new, func(f *FS) error {
		if !f.opts.Capabilities.HardLinks {
			return folderfs.ErrUnsupported
		}
		i, err := f.regular(old)
		if err != nil {
			return err
		}
		at, stored, err := f.vacant(new)
		if err == nil {
			f.apply(edit{at, entry{stored, i}})
			f.changed(i, false)
		}
		return err
	})
}

// Rename moves a name, over a file or an empty directory if there is one.
func (u User) Rename(old, new string) error {
	return u.do("rename", old, new, func(f *FS) error {
		from, source, to, stored, err := f.pair(old, new)
		if err != nil {
			return err
		}
		if err := f.intoItself(source.inode, new); err != nil {
			return err
		}
		if target := to.dir.entries[to.key].inode; target != nil && target != source.inode {
			if target.kind == folderfs.Directory && f.passes(old, target) {
				return folderfs.ErrNotEmpty
			}
			if err := replaceable(source.inode, target); err != nil {
				return err
			}
		}
		if target := to.dir.entries[to.key].inode; target == source.inode && (from != to || stored == source.name) {
			return nil // two names of one file stay, says POSIX
		}
		f.apply(edit{from, entry{}}, edit{to, entry{stored, source.inode}})
		f.changed(source.inode, false)
		return nil
	})
}

// replaceable says whether a rename may put source in target's place.
func replaceable(source, target *inode) error {
	isDir := target.kind == folderfs.Directory
	switch {
	case source.kind == folderfs.Directory && !isDir:
		return folderfs.ErrNotDirectory
	case source.kind != folderfs.Directory && isDir:
		return folderfs.ErrKind
	case isDir && len(target.entries) > 0:
		return folderfs.ErrNotEmpty
	}
	return nil
}

// Remove removes a file, a link or an empty directory.
func (u User) Remove(name string) error {
	return u.do("remove", name, "", func(f *FS) error {
		found, err := f.find(name)
		switch {
		case err != nil:
			return err
		case found.inode.kind == folderfs.Directory:
			return f.rmdir(name)
		}
		return f.unlink(name)
	})
}

// RemoveAll removes a name and all below it, in order of name, children first.
func (u User) RemoveAll(name string) error {
	return u.do("remove", name, "", func(f *FS) error { return f.removeAll(name) })
}

func (f *FS) removeAll(name string) error {
	found, err := f.find(name)
	if isNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if found.inode.kind != folderfs.Directory {
		return f.unlink(name)
	}
	for _, e := range found.inode.entries.sorted() {
		if err := f.removeAll(strings.TrimPrefix(name+"/"+e.name, "/")); err != nil {
			return err
		}
	}
	if name == "" {
		return nil
	}
	return f.rmdir(name)
}

// Chmod sets permissions.
func (u User) Chmod(name string, mode uint32) error {
	return u.do("chmod", name, "", func(f *FS) error { return f.chmod(name, mode) })
}

// Touch sets a modification time, such as an old one (cp -p).
func (u User) Touch(name string, mtime int64) error {
	return u.do("touch", name, "", func(f *FS) error {
		found, err := f.find(name)
		if err == nil {
			f.setTime(found.inode, mtime)
		}
		return err
	})
}

// Sync makes what stands at a name, all below it, and the way to it durable, as
// a careful program does after a save. Of a name that is gone that is durable.
func (u User) Sync(name string) error {
	return u.do("sync", name, "", func(f *FS) error {
		if err := folderfs.CheckName(name); err != nil {
			return err
		}
		if found, err := f.find(name); err == nil {
			f.eachInode(found.inode, func(i *inode) {
				i.sync()
				if i.kind == folderfs.Directory {
					f.syncDir(i)
				}
			})
		}
		for dir := name; dir != "."; {
			dir = path.Dir(dir)
			if i, err := f.directory(strings.TrimPrefix(dir, ".")); err == nil {
				f.syncDir(i)
				i.sync()
			}
		}
		return nil
	})
}
