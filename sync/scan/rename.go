package scan

import "github.com/labsync/labsync/index"

// moved looks for the file a new name was before, by inode, size and time. A
// file whose directory was renamed has kept its change time too: the blocks
// stand for the content, and if the old name is gone this is a rename. One that
// was renamed itself has a new change time, and could be one that was written
// before and given back its old time, as "cp -p" does: it is read, and conclude
// tells. So is one of which the recorded facts prove nothing. Both run in the
// order of the walk, so that of two claims the first name wins.
func (p *pass) moved(c *candidate) error {
	in := c.info
	if p.blank || !p.caps.StableInodes || in.Inode == 0 {
		return nil
	}
	known, err := p.idx.ByInode(p.ctx, in.Device, in.Inode)
	if err != nil {
		return err
	}
	for i := range known {
		h := &known[i]
		const other = index.Prefix | index.Unsupported // than what is recorded
		if h.Entry.Name == c.child.name || h.Disk.Size != in.Size || h.Disk.Mtime != in.Mtime || h.Entry.Size != in.Size ||
			h.Flags&other != 0 {
			continue
		}
		full, err := p.idx.Local(p.ctx, h.Entry.Name)
		if err != nil {
			return err
		}
		if full == nil || full.Entry.Deleted || len(full.Entry.Blocks) == 0 {
			continue
		}
		if !p.caps.Ctime || h.Disk.Ctime != in.Ctime || h.Flags&index.MustRescan != 0 || racy(&h.Disk, p.caps) {
			c.former = full
			return nil
		}
		c.examine = false
		p.succeed(c, full)
		return nil
	}
	return nil
}

// succeed makes a candidate what a file was under another name.
func (p *pass) succeed(c *candidate, former *index.Held) {
	e := &c.found.Entry
	e.Blocks, e.BlockSize, e.Hash = former.Entry.Blocks, former.Entry.BlockSize, former.Entry.Hash
	if c.found.Disk.Mtime == former.Disk.Mtime { // and not since it was first looked at
		e.Mtime = former.Entry.Mtime // the disk may have rounded it
	}
	if p.vacated(former) {
		e.RenamedFrom = former.Entry.Name
		if p.caps.Modes && c.info.Mode == former.Disk.Mode {
			e.Mode = former.Entry.Mode
		}
	}
}

// conclude finishes a candidate, in the order of the walk.
func (p *pass) conclude(c *candidate) error {
	f := &c.found
	if f.Kind != Changed || f.Entry.Type != index.File {
		return nil
	}
	if c.same {
		p.succeed(c, c.former)
		return nil
	}
	if isLive(c.held) && c.info.Links > 1 {
		return p.link(c)
	}
	if isLive(c.held) || p.blank || p.caps.StableInodes || !c.examine || f.Entry.Size == 0 {
		return nil
	}
	const some = 8
	known, err := p.idx.Holding(p.ctx, f.Entry.Hash, some)
	if err != nil {
		return err
	}
	for i := range known {
		if known[i].Entry.Name != f.Name && p.vacated(&known[i]) {
			f.Entry.RenamedFrom = known[i].Entry.Name
			return nil
		}
	}
	return nil
}

// vacated reports whether the disk no longer has a held name, and claims it.
func (p *pass) vacated(h *index.Held) bool {
	name := h.Entry.Name
	spelled := name
	if h.Disk.Name != "" {
		spelled = h.Disk.Name
	}
	if p.claimed[name] || h.Flags&index.Ignored != 0 {
		return false
	}
	if _, err := p.fs.Lstat(spelled); !absent(err) {
		return false
	}
	p.claimed[name] = true
	return true
}

// link notes the other names that a changed file is known by.
func (p *pass) link(c *candidate) error {
	p.looked[c.child.name] = true
	if !p.caps.StableInodes {
		return nil
	}
	known, err := p.idx.ByInode(p.ctx, c.info.Device, c.info.Inode)
	if err != nil {
		return err
	}
	for i := range known {
		if name := known[i].Entry.Name; !p.looked[name] {
			p.linked = append(p.linked, name)
		}
	}
	return nil
}
