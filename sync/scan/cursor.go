package scan

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// cursor reads what is held at and below a directory, page by page in ascending
// order of name.
type cursor struct {
	p     *pass
	dir   string
	after string
	page  []index.Held
	last  bool         // page is the last one
	ahead chan reading // the page after it, if it was asked for
}

// reading is the outcome of asking for a page.
type reading struct {
	page []index.Held
	err  error
}

func (p *pass) cursor(dir string) *cursor {
	return &cursor{p: p, dir: dir, last: p.blank}
}

// peek returns the next one held, nil at the end.
func (c *cursor) peek() (*index.Held, error) {
	if len(c.page) == 0 && !c.last {
		if err := c.turn(); err != nil {
			return nil, err
		}
	}
	if len(c.page) == 0 {
		return nil, nil
	}
	return &c.page[0], nil
}

// turn goes on to the next page, and has the one after it read beside the walk.
func (c *cursor) turn() error {
	if c.ahead == nil {
		c.ask()
	}
	got := <-c.ahead
	c.ahead = nil
	if got.err != nil {
		return got.err
	}
	c.page, c.last = got.page, len(got.page) < c.p.opt.Page
	if len(c.page) > 0 {
		c.after = c.page[len(c.page)-1].Entry.Name
	}
	if !c.last && c.p.opt.Spawn != nil {
		c.ask()
	}
	return nil
}

func (c *cursor) ask() {
	ahead, after := make(chan reading, 1), c.after
	c.ahead = ahead
	c.p.beside(func() {
		page, err := c.p.idx.Locals(c.p.ctx, c.dir, after, c.p.opt.Page)
		ahead <- reading{page, err}
	})
}

func (c *cursor) next() { c.page = c.page[1:] }

// take returns what is held at a name, if the cursor stands there, and goes on.
func (c *cursor) take(name string) (*index.Held, error) {
	h, err := c.peek()
	if h == nil || err != nil || h.Entry.Name != name {
		return nil, err
	}
	c.next()
	return h, nil
}

// missingBefore reports all that is held up to a name as missing.
func (p *pass) missingBefore(cur *cursor, name string) error {
	for {
		h, err := cur.peek()
		if h == nil || err != nil || h.Entry.Name >= name {
			return err
		}
		cur.next()
		if err := p.missing(h); err != nil {
			return err
		}
	}
}

// drain hands on all held names that begin with prefix and come next.
func (p *pass) drain(cur *cursor, prefix string, each func(*index.Held) error) error {
	for {
		h, err := cur.peek()
		if h == nil || err != nil || !strings.HasPrefix(h.Entry.Name, prefix) {
			return err
		}
		cur.next()
		if err := each(h); err != nil {
			return err
		}
	}
}

// skip leaves a held name as it is.
func skip(*index.Held) error { return nil }

// hide reports a held name that is ignored by now.
func (p *pass) hide(h *index.Held) error {
	if h.Flags&index.Ignored != 0 {
		return nil
	}
	full, err := p.local(h.Entry.Name)
	if err != nil || full == nil {
		return err
	}
	return p.push(&candidate{found: Found{
		Name: h.Entry.Name, Kind: Hidden, Base: h.Entry.Version, Entry: full.Entry, Disk: h.Disk,
		Flags: h.Flags | index.Ignored,
	}})
}

// missing reports a held name that the disk does not have. It is called while
// the directories around it that do exist are on the stack of frames.
func (p *pass) missing(h *index.Held) error {
	name := h.Entry.Name
	switch {
	case h.Flags&index.Unsupported != 0:
		return nil
	case p.opt.Ignore(name, h.Entry.Type == index.Directory):
		return p.hide(h)
	}
	if in := p.around(name); h.Disk.Device != 0 && in.device != 0 && p.device(h.Disk.Device) != in.device {
		if p.gone[in.name] {
			return nil
		}
		p.gone[in.name] = true
		return p.faulty(mountMissing(in.name, name))
	}
	p.meter.name(name)
	// The index may be newer than the listing: look once more, so that what was
	// placed and recorded in between is not found removed.
	if _, _, err := p.resolve(name); !absent(err) {
		return p.push(&candidate{found: unsettled(name)})
	}
	return p.push(&candidate{found: Found{
		Name: name, Kind: Removed, Base: h.Entry.Version, Flags: h.Flags & (index.Ignored | index.ReceiveOnlyChanged),
		Entry: index.Entry{Name: name, Type: h.Entry.Type, Deleted: true, Mtime: p.opt.Now().UnixNano(), Mode: h.Entry.Mode, Hash: h.Entry.Hash},
	}})
}

// absent reports whether an error says that a name does not exist.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, folderfs.ErrNotDirectory)
}

// around returns the innermost existing directory that a name would be in.
func (p *pass) around(name string) frame {
	for i := len(p.frames) - 1; i >= 0; i-- {
		if strings.HasPrefix(name, below(p.frames[i].name)) {
			return p.frames[i]
		}
	}
	return frame{"", p.root}
}

// device translates a recorded device number to today's.
func (p *pass) device(recorded uint64) uint64 {
	if recorded == p.opt.PreviousRoot {
		return p.root
	}
	return recorded
}
