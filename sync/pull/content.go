package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/chunk"
)

// holds reports whether what is at a name, itself described by info, has the
// content of e, by reading all of it. Files need their blocks.
func (p *Puller) holds(ctx context.Context, name string, info folderfs.Info, e *index.Entry) (bool, error) {
	if e.Deleted || info.Kind != kindOf(e.Type) {
		return false, nil
	}
	switch e.Type {
	case index.Directory:
		return true, nil
	case index.Symlink:
		text, err := p.fs.ReadLink(name)
		return err == nil && text == e.Target, err
	}
	if info.Size != e.Size || len(e.Blocks) == 0 {
		return false, nil
	}
	f, err := p.open(name, info)
	if err != nil {
		return false, err
	}
	defer f.Close()
	ok, err := chunk.Along(ctx, f, e.Blocks)
	if err != nil || !ok {
		return false, err
	}
	after, err := f.Stat() // it may have grown or changed behind the reader's back
	return err == nil && after.Size == info.Size && after.Mtime == info.Mtime, err
}

// open opens a file for reading. One in the work directory may lack the
// permission: it is ours by now, so that is lent for the moment.
func (p *Puller) open(name string, info folderfs.Info) (folderfs.OpenFile, error) {
	f, err := p.fs.Open(name)
	if !errors.Is(err, fs.ErrPermission) || !folderfs.InWorkDir(name) {
		return f, err
	}
	if err := p.fs.Chmod(name, info.Mode|0o400); err != nil {
		return nil, err
	}
	f, err = p.fs.Open(name)
	return f, errors.Join(err, p.fs.Chmod(name, info.Mode))
}

func kindOf(t index.Type) folderfs.Kind {
	return [...]folderfs.Kind{folderfs.File, folderfs.Directory, folderfs.Symlink}[t]
}

// unchanged reports whether the facts of a name are those recorded when its
// content was last known. sure is false if equal facts prove nothing: the file
// was changed so shortly before they were recorded that a later change may
// have left them as they are (git's racily-clean rule).
func (p *Puller) unchanged(d *index.Disk, flags index.Flags, info folderfs.Info) (same, sure bool) {
	caps := p.fs.Capabilities()
	if info.Kind != kindOf(d.Type) || caps.StableInodes && d.Inode != 0 && info.Inode != d.Inode {
		return false, true
	}
	if info.Kind == folderfs.Directory {
		return true, true
	}
	if info.Size != d.Size || info.Mtime != d.Mtime {
		return false, true
	}
	granule := max(caps.MtimeGranularity, caps.ClockStep)
	racy := d.Mtime+2*int64(granule) > d.Seen
	return true, !racy && flags&index.MustRescan == 0
}

// asHeld reports whether what lies at name has the content held: by its facts
// if they prove it, else by its bytes.
func (p *Puller) asHeld(ctx context.Context, name string, info folderfs.Info, held *index.Held) (bool, error) {
	same, sure := p.unchanged(&held.Disk, held.Flags, info)
	if same && sure {
		return true, nil
	}
	if held.Flags&index.Prefix != 0 && !same {
		return false, nil // it grew on: more than what is held
	}
	return p.holds(ctx, name, info, &held.Entry)
}

// diskOf turns facts into what is recorded. seen is from before they were read.
func diskOf(info folderfs.Info, path, name string, seen int64) index.Disk {
	d := index.Disk{
		Type: index.File, Size: info.Size, Mtime: info.Mtime, Ctime: info.Ctime,
		Inode: info.Inode, Device: info.Device, Mode: info.Mode, Seen: seen,
	}
	switch info.Kind {
	case folderfs.Directory:
		d.Type, d.Size = index.Directory, 0
	case folderfs.Symlink:
		d.Type = index.Symlink
	}
	if spelled := spelled(path, info); spelled != name {
		d.Name = spelled
	}
	return d
}

// spelled is a path with its last component as the disk has it.
func spelled(path string, info folderfs.Info) string {
	if dir := parent(path); dir != "" {
		return dir + "/" + info.Name
	}
	return info.Name
}

// look returns the facts of a path as they are recorded.
func (p *Puller) look(path, name string) (index.Disk, folderfs.Info, error) {
	seen := p.opt.Now().UnixNano()
	info, err := p.fs.Lstat(path)
	if err != nil {
		return index.Disk{}, info, err
	}
	return diskOf(info, path, name, seen), info, nil
}

// read makes an entry of a name from what lies at a place, without a vector. The
// previous version tells how it was cut.
func (p *Puller) read(ctx context.Context, at, name string, previous *index.Entry) (index.Entry, error) {
	info, err := p.fs.Lstat(at)
	if err != nil {
		return index.Entry{}, err
	}
	e := index.Entry{Name: name, Mtime: info.Mtime, Mode: info.Mode}
	switch info.Kind {
	case folderfs.Symlink:
		e.Type, e.Mode = index.Symlink, 0
		e.Target, err = p.fs.ReadLink(at)
		e.Hash = linkHash(e.Target)
		return e, err
	case folderfs.File:
	default:
		return e, fmt.Errorf("read %q: %w", at, folderfs.ErrKind)
	}
	f, err := p.open(at, info)
	if err != nil {
		return e, err
	}
	defer f.Close()
	e.Size = info.Size
	class := p.opt.Policy.ClassFor(info.Size, p.opt.Policy.ClassOf(previous))
	e.Blocks, e.BlockSize, err = chunk.Blocks(ctx, f, info.Size, p.opt.Policy, class, nil)
	e.Hash = index.HashBlocks(e.Blocks)
	return e, err
}
