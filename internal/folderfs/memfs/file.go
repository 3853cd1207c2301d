package memfs

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/labsync/labsync/internal/folderfs"
)

// handle is an open file.
type handle struct {
	fs     *FS
	inode  *inode
	name   string // it was opened by
	base   string
	writes bool
	at     int64
	closed bool
}

var _ folderfs.NewFile = (*handle)(nil)

// open is one operation that opens what find returns.
func (f *FS) open(op Op, name string, find func() (*inode, error), writes bool) (h *handle, err error) {
	err = f.do(op, name, "", func() error {
		i, err := find()
		if err != nil {
			return err
		}
		h = f.hold(i, name, writes)
		f.handles = append(f.handles, h)
		return nil
	})
	return h, err
}

// hold opens an inode.
func (f *FS) hold(i *inode, name string, writes bool) *handle {
	i.open++
	if writes {
		i.writes++
	}
	at, _, _ := f.walk(name) // it exists: it was just found
	return &handle{fs: f, inode: i, name: name, base: at.dir.entries[at.key].name, writes: writes}
}

// release gives the inode back.
func (h *handle) release() {
	h.closed = true
	h.inode.open--
	if h.writes {
		h.inode.writes--
	}
	h.fs.gone = append(h.fs.gone, h.inode)
}

// do runs one operation on the open file.
func (h *handle) do(op Op, body func() error) error {
	return h.fs.do(op, h.name, "", func() error {
		if h.closed {
			return fs.ErrClosed
		}
		return body()
	})
}

func (h *handle) Close() error {
	return h.do(OpClose, func() error {
		h.release()
		h.fs.release()
		if at := slices.Index(h.fs.handles, h); at >= 0 {
			h.fs.handles = slices.Delete(h.fs.handles, at, at+1)
		}
		return nil
	})
}

func (h *handle) Read(p []byte) (n int, err error) {
	err = h.do(OpRead, func() error {
		n = h.inode.now.readAt(p, h.at, h.fs.opts.PageSize)
		h.at += int64(n)
		return nil
	})
	if err == nil && n == 0 && len(p) > 0 {
		err = io.EOF
	}
	return n, err
}

func (h *handle) ReadAt(p []byte, at int64) (n int, err error) {
	err = h.do(OpRead, func() error {
		n = h.inode.now.readAt(p, at, h.fs.opts.PageSize)
		return nil
	})
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (h *handle) Stat() (info folderfs.Info, err error) {
	err = h.do(OpStat, func() error {
		info = h.inode.facts(h.base, &h.fs.opts.Capabilities)
		return nil
	})
	return info, err
}

func (h *handle) WriteAt(p []byte, at int64) (n int, err error) {
	err = h.do(OpWrite, func() error {
		n, err = h.fs.write(h.inode, p, at)
		return err
	})
	return h.short(OpWrite, p, at, n, err)
}

// short does the part of a write that ShortWrite lets through.
func (h *handle) short(op Op, p []byte, at int64, n int, err error) (int, error) {
	part, ok := errors.AsType[*ShortWrite](err)
	if !ok {
		return n, err
	}
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	n, _ = h.fs.write(h.inode, p[:min(part.N, int64(len(p)))], at) // the fault is the error to tell
	return n, folderfs.NewError(string(op), h.name, "", part.Err)
}

// write puts content into a file, as much as there is room for.
func (f *FS) write(i *inode, p []byte, at int64) (int, error) {
	var err error
	if grows := at + int64(len(p)) - i.now.size; grows > f.room() {
		p, err = p[:max(0, int64(len(p))-grows+f.room())], folderfs.ErrNoSpace
	}
	if len(p) == 0 {
		return 0, err
	}
	before := i.now.size
	i.writeAt(p, at, f.opts.PageSize)
	f.used += i.now.size - before
	f.changed(i, true)
	return len(p), err
}

func (h *handle) CopyFrom(src folderfs.OpenFile, from, at, n int64) (done int64, err error) {
	buffer := make([]byte, n)
	got, err := src.ReadAt(buffer, from)
	if err != nil && err != io.EOF {
		return 0, err
	}
	buffer = buffer[:got]
	wrote := 0
	err = h.do(OpCopy, func() error {
		wrote, err = h.fs.write(h.inode, buffer, at)
		return err
	})
	wrote, err = h.short(OpCopy, buffer, at, wrote, err)
	if err == nil && int64(wrote) < n {
		err = io.ErrUnexpectedEOF
	}
	return int64(wrote), err
}

func (h *handle) Truncate(size int64) error {
	return h.do(OpTruncate, func() error { return h.fs.truncate(h.inode, size) })
}

func (f *FS) truncate(i *inode, size int64) error {
	if size-i.now.size > f.room() {
		return folderfs.ErrNoSpace
	}
	f.used += size - i.now.size
	i.truncate(size, f.opts.PageSize)
	f.changed(i, true)
	return nil
}

func (h *handle) Chmod(mode uint32) error {
	return h.do(OpChmod, func() error {
		h.fs.setMode(h.inode, mode)
		return nil
	})
}

func (h *handle) Chtimes(mtime int64) error {
	return h.do(OpChtimes, func() error {
		h.fs.setTime(h.inode, mtime)
		return nil
	})
}

func (h *handle) Sync() error {
	fault := h.fs.ask(OpSync, h.name)
	h.fs.mu.Lock()
	defer h.fs.mu.Unlock()
	err := h.fs.alive()
	switch {
	case err != nil:
	case h.closed:
		err = fs.ErrClosed
	default:
		err = syncOrForget(h.inode, fault)
	}
	return folderfs.NewError(string(OpSync), h.name, "", err)
}
