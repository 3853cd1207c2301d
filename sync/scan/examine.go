package scan

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"math"
	"time"

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
	c.same = same && c.former != nil && !isLive(c.held)
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
	} else if c.former != nil {
		held = &c.former.Entry
	}
	hasher, done := p.hasher()
	defer done()
	e := &c.found.Entry
	r := p.reader(c, f)
	class := p.opt.Policy.ClassFor(e.Size, p.opt.Policy.ClassOf(held))
	if held != nil && (held.Size != e.Size || len(held.Blocks) == 0) {
		held = nil // no list to follow
	}
	alike := held != nil && held.BlockSize == p.opt.Policy.BlockSize(class)
	if held != nil && !alike {
		same, err = hasher.Along(p.ctx, r, held.Blocks)
	}
	if !same && err == nil {
		e.Blocks, e.BlockSize, err = hasher.Blocks(p.ctx, r, e.Size, p.opt.Policy, class, p.helpers(e.Size))
	}
	if alike && err == nil {
		same, err = p.equal(hasher, r, e.Blocks, held.Blocks)
	}
	if same {
		e.Blocks, e.BlockSize, e.Hash = held.Blocks, held.BlockSize, held.Hash
		return true, err
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return false, err
}

// equal reports whether a file that was just cut has the content of the list
// held. As long as both lists are cut alike this needs no reading; behind the
// first place where they are not, the file is read along the one held.
func (p *pass) equal(hasher *chunk.Hasher, r io.ReaderAt, now, held []index.Block) (bool, error) {
	at := int64(0)
	for i := range held {
		switch {
		case i >= len(now) || now[i].Size != held[i].Size:
			return hasher.Along(p.ctx, io.NewSectionReader(r, at, math.MaxInt64-at), held[i:])
		case now[i].Hash != held[i].Hash:
			return false, nil
		}
		at += int64(held[i].Size)
	}
	return len(now) == len(held), nil
}

// Holes are asked for in files that may save a read worth the question, and
// believed in files that have not changed for a while: file systems have had
// faults by which what was just written looked like a hole.
const (
	holed  = 1 << 20
	atRest = time.Minute
)

// reader is what a candidate's content is read through.
func (p *pass) reader(c *candidate, f folderfs.OpenFile) io.ReaderAt {
	r := p.meter.reader(f)
	sparse, ok := f.(folderfs.SparseFile)
	changed := max(c.info.Mtime, c.info.Ctime)
	if ok && c.info.Size >= holed && p.caps.Ctime && changed < c.child.seen-int64(atRest) {
		return sparseReader{r, sparse}
	}
	return r
}

// steady checks that the file is still the one whose facts were taken before it
// was read. One that keeps growing stands as far as it was read, if reading it
// once more gives the same; any other change leaves it unsettled. Having grown
// once is not enough: a longer text that was saved over it before the first
// read began looks the same both times, and half of it is nobody's file.
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
		still, err := chunk.Along(p.ctx, f, c.found.Entry.Blocks)
		if err != nil {
			return err
		}
		last, err := p.fs.Lstat(c.child.spelled)
		if err != nil {
			return err
		}
		if still && last.Kind == folderfs.File && last.Inode == after.Inode && last.Size > after.Size {
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
