package folderfs

import "golang.org/x/sys/unix"

// system tries out what only system calls tell.
func (p *probe) system(d *Disk, c *Capabilities) error {
	if err := p.create("a"); err != nil {
		return err
	}
	a, b := p.path("a"), p.path("b")
	c.NoReplace = d.between(a, b, renameExclusive) == nil
	if !c.NoReplace {
		if err := p.w.RenameNoReplace(a, b); err != nil {
			return err
		}
	}
	c.HardLinks = d.between(b, a, func(from, to place) error {
		return unix.Linkat(from.dir, from.base, to.dir, to.base, 0)
	}) == nil
	shares, err := p.reflink(d)
	c.Reflink = shares
	return err
}

// reflink shares one block between two files.
func (p *probe) reflink(d *Disk) (bool, error) {
	source, err := d.Create(p.path("source"))
	if err != nil {
		return false, err
	}
	defer func() { _ = source.Close() }() // is removed
	target, err := d.Create(p.path("target"))
	if err != nil {
		return false, err
	}
	defer func() { _ = target.Close() }() // is removed
	if _, err := source.WriteAt(make([]byte, reflinkAlign), 0); err != nil {
		return false, err
	}
	shareErr := source.(*file).control(func(in int) error {
		return target.(*file).control(func(out int) error { return shareRange(out, in, 0, 0, reflinkAlign) })
	})
	return shareErr == nil, nil
}
