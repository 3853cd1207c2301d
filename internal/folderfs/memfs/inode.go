package memfs

import (
	"slices"

	"github.com/labsync/labsync/internal/folderfs"
)

// inode is a file, directory or link, whatever its names.
type inode struct {
	number uint64
	kind   folderfs.Kind
	device uint64
	links  int // names it has now
	open   int // descriptors; the number is free when both are 0
	writes int // descriptors open for writing
	freed  bool

	text    string  // of a symlink; never changes
	entries entries // of a directory
	mounted *inode  // root of the file system that covers this directory
	ejected *inode  // one that was mounted here

	now     state
	durable state
	exists  bool // durable holds something: it was synced at least once

	// What a crash may do with content since the last sync.
	pages    []pageMark // parallel to now.pages
	lowSize  int64      // smallest size since
	unsynced bool       // content or facts differ from durable
}

// state is content and facts at one moment. Pages are never written to: a
// write puts a new one in, so states share them. A page may be shorter than
// the page size, or nil: zeros follow.
type state struct {
	size         int64
	pages        [][]byte
	mtime, ctime int64
	mode         uint32
}

// pageMark says how a page stands to the durable one.
type pageMark uint8

const (
	clean pageMark = iota
	dirty
	lost // dirty when a sync failed: never written, though it counts as clean
)

// readAt copies content to p; what is not there is zero.
func (s *state) readAt(p []byte, at int64, pageSize int) int {
	if at >= s.size {
		return 0
	}
	p = p[:min(int64(len(p)), s.size-at)]
	for done := 0; done < len(p); {
		index, within := int((at+int64(done))/int64(pageSize)), int((at+int64(done))%int64(pageSize))
		part := p[done:min(len(p), done+pageSize-within)]
		n := 0
		if index < len(s.pages) && within < len(s.pages[index]) {
			n = copy(part, s.pages[index][within:])
		}
		clear(part[n:])
		done += len(part)
	}
	return len(p)
}

// bytes is the whole content.
func (s *state) bytes(pageSize int) []byte {
	content := make([]byte, s.size)
	s.readAt(content, 0, pageSize)
	return content
}

// writeAt puts p at an offset, growing the file.
func (i *inode) writeAt(p []byte, at int64, pageSize int) {
	end := at + int64(len(p))
	i.reserve(end, pageSize)
	for done := 0; done < len(p); {
		index, within := int((at+int64(done))/int64(pageSize)), int((at+int64(done))%int64(pageSize))
		n := min(len(p)-done, pageSize-within)
		old := i.now.pages[index]
		page := make([]byte, max(len(old), within+n))
		copy(page, old)
		copy(page[within:], p[done:done+n])
		i.now.pages[index] = page
		i.pages[index] = dirty
		done += n
	}
	i.now.size = max(i.now.size, end)
	i.unsynced = true
}

// truncate cuts or grows the file with zeros.
func (i *inode) truncate(size int64, pageSize int) {
	count := int((size + int64(pageSize) - 1) / int64(pageSize))
	if count < len(i.now.pages) {
		i.now.pages = slices.Clip(i.now.pages[:count])
		i.pages = slices.Clip(i.pages[:count])
	}
	if within := int(size % int64(pageSize)); within > 0 && count == len(i.now.pages) && len(i.now.pages[count-1]) > within {
		i.now.pages[count-1] = i.now.pages[count-1][:within:within]
		i.pages[count-1] = dirty
	}
	i.reserve(size, pageSize)
	i.now.size = size
	i.lowSize = min(i.lowSize, size)
	i.unsynced = true
}

// reserve makes room for the pages of a size.
func (i *inode) reserve(size int64, pageSize int) {
	count := int((size + int64(pageSize) - 1) / int64(pageSize))
	for len(i.now.pages) < count {
		i.now.pages = append(i.now.pages, nil)
		i.pages = append(i.pages, dirty) // the durable one may hold bytes cut off since
	}
}

// sync makes content and facts durable, but for the pages that are lost.
func (i *inode) sync() {
	if !i.unsynced && i.exists {
		return
	}
	pages := slices.Clone(i.now.pages)
	for index, mark := range i.pages {
		switch mark {
		case dirty:
			i.pages[index] = clean
		case lost:
			pages[index] = i.durable.page(index)
		}
	}
	i.durable = i.now
	i.durable.pages = pages
	i.settle()
}

// forget is a sync that failed: what should have been written counts as clean.
func (i *inode) forget() {
	for index, mark := range i.pages {
		if mark == dirty {
			i.pages[index] = lost
		}
	}
}

func (i *inode) settle() {
	i.exists = true
	i.lowSize = i.now.size
	i.unsynced = false
}

func (s *state) page(index int) []byte {
	if index < len(s.pages) {
		return s.pages[index]
	}
	return nil
}

// facts is what Lstat says.
func (i *inode) facts(name string, c *folderfs.Capabilities) folderfs.Info {
	info := folderfs.Info{
		Name: name, Kind: i.kind, Size: i.now.size, Mtime: i.now.mtime, Ctime: i.now.ctime,
		Mode: i.now.mode, Inode: i.number, Device: i.device, Links: uint64(i.links),
	}
	if !c.StableInodes {
		info.Inode = 0
	}
	if !c.Ctime {
		info.Ctime = 0
	}
	if !c.Modes {
		info.Mode = 0o644
		if i.kind == folderfs.Directory {
			info.Mode = 0o755
		}
	}
	return info
}
