package memfs

import (
	"io/fs"
	"sync"

	"github.com/labsync/labsync/internal/folderfs"
)

// FS is a folder in memory: a folderfs.Writer for the synchronizer, with User
// for everybody else.
type FS struct {
	mu   sync.Mutex
	opts Options

	root     *inode
	base     names    // durable names
	log      []record // changes of names that are not, oldest first
	handles  []*handle
	gone     []*inode // lost a name in the change under way
	free     []uint64 // inode numbers, the next one last
	next     uint64   // inode number
	devices  uint64
	used     int64 // bytes of content
	closed   bool
	rootGone bool
}

var _ folderfs.Writer = (*FS)(nil)

// New returns an empty folder without a work directory.
func New(opts Options) *FS {
	f := &FS{opts: opts.defaults(), base: names{}, next: 2, devices: 1}
	f.root = f.newInode(folderfs.Directory, 0o755, 1)
	f.root.links = 1
	f.root.sync()
	return f
}

// Prepare makes the work directory and its parts, as folderfs.Disk does, and
// makes them durable. It is not an operation the hook sees.
func (f *FS) Prepare() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range []string{folderfs.WorkDir, folderfs.TempDir, folderfs.DisplacedDir, folderfs.RecoverDir} {
		found, err := f.find(name)
		switch {
		case err == nil && found.inode.kind != folderfs.Directory:
			return folderfs.NewError("prepare", name, "", folderfs.ErrNotDirectory)
		case err == nil:
			continue
		}
		if err := f.mkdir(name, 0o700); err != nil {
			return folderfs.NewError("prepare", name, "", err)
		}
	}
	f.syncAll()
	return nil
}

// Reader returns the folder's view for those who must not change it.
func (f *FS) Reader() folderfs.Reader { return readOnly{f} }

type readOnly struct{ folderfs.Reader }

// SyncAll makes everything durable, as syncfs does.
func (f *FS) SyncAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.syncAll()
}

func (f *FS) syncAll() {
	for _, r := range f.log {
		f.base.apply(r)
	}
	f.log = nil
	kept := names{}
	f.eachInode(f.root, func(i *inode) {
		i.sync()
		if list := f.base[i]; list != nil {
			kept[i] = list
		}
	})
	f.base = kept // without those of directories that are gone
}

// eachInode goes through the tree in order of name.
func (f *FS) eachInode(i *inode, visit func(*inode)) {
	visit(i)
	if i.kind != folderfs.Directory {
		return
	}
	if i.mounted != nil {
		f.eachInode(i.mounted, visit)
	}
	for _, e := range i.entries.sorted() {
		f.eachInode(e.inode, visit)
	}
}

// Restart is the end of the synchronizer's process and the start of a new one,
// without a loss of power: its open files close, what was written stays.
func (f *FS) Restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.handles {
		h.release()
	}
	f.handles = nil
	f.release()
	f.closed = false
}

// Close implements folderfs.Writer; Restart opens again.
func (f *FS) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.alive(); err != nil {
		return err
	}
	f.closed = true
	return nil
}

func (f *FS) alive() error {
	if f.closed {
		return fs.ErrClosed
	}
	return nil
}

func (f *FS) newInode(kind folderfs.Kind, mode uint32, device uint64) *inode {
	now := f.clock()
	i := &inode{kind: kind, device: device, now: state{mtime: now, ctime: now, mode: mode}, unsynced: true}
	if kind == folderfs.Directory {
		i.entries = entries{}
	}
	if n := len(f.free); n > 0 {
		i.number, f.free = f.free[n-1], f.free[:n-1]
	} else {
		i.number = f.next
		f.next++
	}
	i.durable = i.now
	return i
}

// clock is the time this file system stamps on a change.
func (f *FS) clock() int64 { return coarse(f.opts.Clock(), f.opts.Capabilities.ClockStep) }

// changed stamps a change of content or facts.
func (f *FS) changed(i *inode, content bool) {
	now := f.clock()
	i.now.ctime = now
	if content {
		i.now.mtime = now
	}
	i.unsynced = true
}

// Lstat implements folderfs.Reader.
func (f *FS) Lstat(name string) (info folderfs.Info, err error) {
	err = f.do(OpLstat, name, "", func() error {
		found, err := f.find(name)
		if err == nil {
			info = found.inode.facts(found.name, &f.opts.Capabilities)
		}
		return err
	})
	return info, err
}

// ReadDir implements folderfs.Reader.
func (f *FS) ReadDir(name string) (list []folderfs.Info, err error) {
	err = f.do(OpReadDir, name, "", func() error {
		dir, err := f.directory(name)
		if err != nil {
			return err
		}
		list = make([]folderfs.Info, 0, len(dir.entries))
		for _, e := range dir.entries.sorted() {
			list = append(list, e.inode.top().facts(e.name, &f.opts.Capabilities))
		}
		return nil
	})
	return list, err
}

func (f *FS) directory(name string) (*inode, error) {
	found, err := f.find(name)
	if err == nil && found.inode.kind != folderfs.Directory {
		err = folderfs.ErrNotDirectory
	}
	return found.inode, err
}

func (f *FS) regular(name string) (*inode, error) {
	found, err := f.find(name)
	if err == nil && found.inode.kind != folderfs.File {
		err = folderfs.ErrKind
	}
	return found.inode, err
}

// Open implements folderfs.Reader.
func (f *FS) Open(name string) (folderfs.OpenFile, error) {
	h, err := f.open(OpOpen, name, func() (*inode, error) { return f.regular(name) }, false)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// ReadLink implements folderfs.Reader.
func (f *FS) ReadLink(name string) (text string, err error) {
	err = f.do(OpReadLink, name, "", func() error {
		if err := folderfs.CheckChange(name); err != nil {
			return err
		}
		found, err := f.find(name)
		if err == nil && found.inode.kind != folderfs.Symlink {
			err = folderfs.ErrKind
		}
		if err == nil {
			text = found.inode.text
		}
		return err
	})
	return text, err
}

// Busy implements folderfs.Reader.
func (f *FS) Busy(name string) (busy bool, err error) {
	err = f.do(OpBusy, name, "", func() error {
		i, err := f.regular(name)
		if err == nil {
			busy = i.writes > 0
		}
		return err
	})
	return busy, err
}

// Capabilities implements folderfs.Reader.
func (f *FS) Capabilities() folderfs.Capabilities { return f.opts.Capabilities }

// Root implements folderfs.Reader.
func (f *FS) Root() folderfs.RootID {
	return folderfs.RootID{Device: f.root.device, Inode: f.root.number}
}

// CheckRoot implements folderfs.Reader.
func (f *FS) CheckRoot() error {
	return f.do(OpCheckRoot, "", "", func() error {
		if f.rootGone {
			return folderfs.ErrRootGone
		}
		return nil
	})
}

// Free implements folderfs.Reader; without a capacity it is a terabyte.
func (f *FS) Free() (free uint64, err error) {
	err = f.do(OpFree, "", "", func() error {
		free = uint64(f.room())
		return nil
	})
	return free, err
}

// SetClock changes Options.Clock, as for a copy on another machine.
func (f *FS) SetClock(clock func() int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opts.Clock = clock
}

// SetCapacity changes Options.Capacity; with less than is used the disk is full.
func (f *FS) SetCapacity(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opts.Capacity = bytes
}

func (f *FS) room() int64 {
	if f.opts.Capacity == 0 {
		return 1 << 40
	}
	return max(0, f.opts.Capacity-f.used)
}
