package scan

import (
	"errors"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// candidate is a finding on its way from the walk to emit.
type candidate struct {
	found Found
	// examine asks for the file's content to be read; the rest is for that.
	examine bool
	child   child
	info    folderfs.Info
	held    *index.Held // without blocks; nil or a tombstone if it is new
	former  *index.Held // what the file was before under another name, with blocks, if its content turns out to be that
	same    bool        // the content read is that of former
	err     error       // that ends the scan
}

// unchanged reports whether the facts prove that the name is what was recorded.
func unchanged(h *index.Held, in folderfs.Info, caps folderfs.Capabilities) bool {
	d := &h.Disk
	const distrust = index.MustRescan | index.Ignored | index.Unsupported | index.Prefix | index.Kept
	if h.Flags&distrust != 0 || !sameKind(d.Type, in.Kind) || d.Device != in.Device {
		return false
	}
	if caps.StableInodes && d.Inode != in.Inode || caps.Modes && in.Kind != folderfs.Symlink && d.Mode != in.Mode {
		return false
	}
	if in.Kind == folderfs.Directory {
		return true // its times and size are those of its entries
	}
	return d.Size == in.Size && d.Mtime == in.Mtime && (!caps.Ctime || d.Ctime == in.Ctime) && !racy(d, caps)
}

// racy reports whether a file could have been written after its facts were read
// and still have the same modification time. A time far ahead was set by hand:
// a write would bring it back to the present.
func racy(d *index.Disk, caps folderfs.Capabilities) bool {
	const skewed = 24 * time.Hour
	if d.Mtime > d.Seen+int64(skewed) || d.Mtime < 0 {
		return false // nor would a difference of times this far apart fit
	}
	age := d.Seen - d.Mtime
	return age < 2*int64(max(caps.MtimeGranularity, caps.ClockStep, 1))
}

// vague reports whether facts are so weak that even a proven match means little
// against a hint: on a file system without inodes and with times in steps of
// seconds, a file moved over another of its size looks like that one.
func vague(in folderfs.Info, caps folderfs.Capabilities) bool {
	return in.Kind == folderfs.File && !caps.StableInodes && !caps.Ctime && caps.MtimeGranularity >= time.Second
}

func sameKind(t index.Type, k folderfs.Kind) bool {
	return k != folderfs.Other && t == typeOf(k)
}

func typeOf(k folderfs.Kind) index.Type {
	switch k {
	case folderfs.Directory:
		return index.Directory
	case folderfs.Symlink:
		return index.Symlink
	}
	return index.File
}

// compare decides from the facts what is to be done about a name; h is what is
// held, nil or a tombstone for a new one.
func (p *pass) compare(c *child, h *index.Held) error {
	if p.stands(c, h) {
		return p.renumbered(h)
	}
	// The index may be newer than the facts. A file is opened before anything is
	// said of it, anything else has to be looked at once more.
	if c.info.Kind != folderfs.File && !p.blank {
		kind, seen := c.info.Kind, p.opt.Now().UnixNano()
		in, err := p.fs.Lstat(c.spelled)
		switch {
		case absent(err) || err == nil && in.Kind != kind:
			return p.push(&candidate{found: unsettled(c.name)})
		case err != nil:
			return p.faulty(unreadable(c.spelled, err))
		}
		if c.info, c.seen = in, seen; p.stands(c, h) {
			return p.renumbered(h)
		}
	}
	return p.differs(c, h)
}

// stands reports whether the facts prove that a name is what is held.
func (p *pass) stands(c *child, h *index.Held) bool {
	if !isLive(h) || p.named[c.name] && vague(c.info, p.caps) {
		return false
	}
	today := *h
	today.Disk.Device = p.device(h.Disk.Device)
	return unchanged(&today, c.info, p.caps)
}

// differs makes a candidate of a name that is not proven to be what is held.
func (p *pass) differs(c *child, h *index.Held) error {
	cand := &candidate{found: p.draft(c, c.info, h), child: *c, info: c.info, held: h}
	switch c.info.Kind {
	case folderfs.File:
		cand.examine = true
		if !isLive(h) || h.Entry.Type != index.File {
			if err := p.moved(cand); err != nil {
				return err
			}
		}
	case folderfs.Symlink:
		target, err := p.fs.ReadLink(c.spelled)
		if absent(err) || errors.Is(err, folderfs.ErrKind) {
			return p.push(&candidate{found: unsettled(c.name)})
		}
		if err != nil {
			return p.faulty(unreadable(c.spelled, err))
		}
		cand.found.Entry.Target = target
		cand.found.Entry.Hash = hashText(target)
		p.judge(cand)
	default:
		p.judge(cand)
	}
	return p.push(cand)
}

// renumbered reports a name of which nothing changed but the number that its
// file system goes by, if that did.
func (p *pass) renumbered(h *index.Held) error {
	device := p.device(h.Disk.Device)
	if device == h.Disk.Device {
		return nil
	}
	disk := h.Disk
	disk.Device = device
	full, err := p.local(h.Entry.Name)
	if err != nil || full == nil {
		return err
	}
	return p.push(&candidate{found: Found{
		Name: h.Entry.Name, Kind: Touched, Base: h.Entry.Version, Entry: full.Entry, Disk: disk, Flags: h.Flags,
	}})
}

// draft is the finding for a name as if it were changed, but for its content.
func (p *pass) draft(c *child, in folderfs.Info, h *index.Held) Found {
	f := Found{Name: c.name, Kind: Changed, Disk: diskOf(c, in)}
	e := index.Entry{Name: c.name, Type: typeOf(in.Kind)}
	if h != nil {
		f.Base = h.Entry.Version
		f.Flags = h.Flags & index.ReceiveOnlyChanged
	}
	switch in.Kind {
	case folderfs.File:
		e.Size, e.Mtime, e.Mode = in.Size, in.Mtime, mode(in, h, p.caps)
	case folderfs.Symlink:
		e.Mtime = in.Mtime // says when a losing version was made; it is not compared
	default:
		e.Mode = mode(in, h, p.caps)
	}
	f.Entry = e
	return f
}

// mode returns the permissions to announce. What the disk cannot hold, or holds
// as recorded, is no news: the version's own stand.
func mode(in folderfs.Info, h *index.Held, caps folderfs.Capabilities) uint32 {
	same := isLive(h) && sameKind(h.Entry.Type, in.Kind)
	switch {
	case same && (!caps.Modes || in.Mode == h.Disk.Mode):
		return h.Entry.Mode
	case caps.Modes:
		return in.Mode
	case in.Kind == folderfs.Directory:
		return 0o755
	}
	return 0o644
}

func diskOf(c *child, in folderfs.Info) index.Disk {
	d := index.Disk{
		Type: typeOf(in.Kind), Size: in.Size, Mtime: in.Mtime, Ctime: in.Ctime,
		Inode: in.Inode, Device: in.Device, Mode: in.Mode, Seen: c.seen,
	}
	if c.spelled != c.name {
		d.Name = c.spelled
	}
	return d
}

// judge tells a change of content from one of facts. The candidate's entry has
// its content; of a file the hash is enough.
func (p *pass) judge(c *candidate) {
	f, h := &c.found, c.held
	if !isLive(h) || !f.Entry.SameContent(&h.Entry) {
		return
	}
	// The time held stands if the disk still says what it said: a file system
	// may round what it was told.
	if c.info.Mtime == h.Disk.Mtime {
		f.Entry.Mtime = h.Entry.Mtime
	}
	// Permissions of a mount point are those of what is mounted.
	remounted := f.Disk.Type == index.Directory && p.device(h.Disk.Device) != f.Disk.Device
	if remounted || f.Entry.SameMeta(&h.Entry) {
		f.Kind = Touched
		f.Entry = h.Entry
		return
	}
	f.Kind = MetaChanged
	f.Entry.RenamedFrom = ""
}

func unsettled(name string) Found {
	return Found{Name: name, Kind: Unsettled, Entry: index.Entry{Name: name}}
}
