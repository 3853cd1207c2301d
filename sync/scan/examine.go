package scan

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/chunk"
)

func hashText(s string) index.Hash { return sha256.Sum256([]byte(s)) }

// examine reads a file and completes its finding. It runs beside others; an
// error ends the scan.
func (p *pass) examine(c *candidate) error {
	c.child.seen = p.opt.Now().UnixNano()
	f, err := p.fs.Open(c.child.spelled)
	if err != nil {
		return p.unread(c, err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return p.unread(c, err)
	}
	c.info = before
	base := c.found.Entry.RenamedFrom
	c.found = p.draft(&c.child, before, c.held)
	c.found.Entry.RenamedFrom = base
	same, err := p.content(c, f)
	if err == nil {
		err = p.steady(c, f, same)
	}
	if err != nil {
		return p.unread(c, err)
	}
	p.meter.file()
	return nil
}

// content fills in block list and hash, those held if the bytes still follow
// that list; same reports that.
func (p *pass) content(c *candidate, f folderfs.OpenFile) (same bool, err error) {
	var held *index.Entry
	if isLive(c.held) && c.held.Entry.Type == index.File {
		full, err := p.local(c.child.name)
		if err != nil {
			return false, indexError{err}
		}
		if full != nil {
			held = &full.Entry
		}
	}
	e := &c.found.Entry
	if held != nil && held.Size == e.Size && len(held.Blocks) > 0 {
		if same, err = chunk.Along(p.ctx, p.meter.reader(f, e.Size), held.Blocks); err != nil {
			return false, err
		}
	}
	if same {
		e.Blocks, e.BlockSize, e.Hash = held.Blocks, held.BlockSize, held.Hash
		return true, nil
	}
	class := p.opt.Policy.ClassFor(e.Size, p.opt.Policy.ClassOf(held))
	e.Blocks, e.BlockSize, err = chunk.Blocks(p.ctx, p.meter.reader(f, e.Size), e.Size, p.opt.Policy, class, p.opt.Spawn)
	e.Hash = index.HashBlocks(e.Blocks)
	return false, err
}

// steady checks that the file is still the one whose facts were taken before it
// was read. One that only grew stands as far as it was read, if reading it once
// more gives the same; any other change leaves it unsettled.
func (p *pass) steady(c *candidate, f folderfs.OpenFile, same bool) error {
	before := c.info
	after, err := p.fs.Lstat(c.child.spelled) // not of f: the name may be another file's by now
	if err != nil {
		return err
	}
	replaced := after.Kind != folderfs.File || p.caps.StableInodes && after.Inode != before.Inode
	if !replaced && after.Size == before.Size && after.Mtime == before.Mtime && after.Ctime == before.Ctime {
		p.judge(c)
		if c.found.Kind == Touched || c.found.Kind == MetaChanged {
			return p.complete(c)
		}
		return nil
	}
	if !replaced && !same && after.Size > before.Size && before.Size > 0 {
		still, err := chunk.Along(p.ctx, io.NewSectionReader(f, 0, before.Size), c.found.Entry.Blocks)
		if err != nil {
			return err
		}
		if still {
			c.found.Flags |= index.Prefix
			return nil
		}
	}
	c.found = unsettled(c.child.name)
	return nil
}

// complete gives a finding about a version held that version's blocks.
func (p *pass) complete(c *candidate) error {
	full, err := p.local(c.child.name)
	if err != nil {
		return indexError{err}
	}
	if full == nil {
		return nil
	}
	e := &c.found.Entry
	e.Blocks, e.BlockSize = full.Entry.Blocks, full.Entry.BlockSize
	return nil
}

// indexError keeps an error of the index apart from those of the file.
type indexError struct{ error }

func (e indexError) Unwrap() error { return e.error }

// unread turns an error of reading a file into a finding about it.
func (p *pass) unread(c *candidate, err error) error {
	var own indexError
	switch {
	case errors.As(err, &own):
		return own.error
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, folderfs.ErrNotDirectory), errors.Is(err, folderfs.ErrKind),
		errors.Is(err, io.ErrUnexpectedEOF):
		c.found = unsettled(c.child.name)
	default:
		problem := unreadable(c.child.spelled, err)
		c.found = Found{Name: c.child.name, Kind: Faulty, Entry: index.Entry{Name: c.child.name}, Problem: problem}
	}
	return nil
}
