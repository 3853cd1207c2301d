package scan

import (
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/ignore"
)

// frame is a directory that the walk is in.
type frame struct {
	name   string
	device uint64
}

// child is a name found on disk.
type child struct {
	name    string // as the index spells it: NFC, from the root
	spelled string // as the disk spells it, from the root
	info    folderfs.Info
	seen    int64                   // wall clock before info was read
	descend bool                    // set by visit: look below
	listed  *listing                // read ahead, or nil
	left    func(*index.Held) error // set by visit if not: what to do with what is held below, nil for missing
}

// step is a point of the walk through a directory: a child itself, or all that
// is below it. Their keys make the walk ascend by full name, since "a-b" comes
// between "a" and "a/x".
type step struct {
	key   string
	child *child
	below bool
}

// directory walks all that is below dir.
func (p *pass) directory(dir *child, device uint64, cur *cursor) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if dir.listed == nil {
		dir.listed = p.list(dir)
	}
	if dir.listed.err != nil {
		return p.unlisted(dir, dir.listed.err, cur)
	}
	children, err := p.children(dir, dir.listed.infos, dir.listed.seen)
	dir.listed = nil // the children are what is needed of it from here on
	if err != nil {
		return err
	}
	p.frames = append(p.frames, frame{dir.name, device})
	defer func() { p.frames = p.frames[:len(p.frames)-1] }()
	all := steps(children)
	for i, s := range all {
		if err := p.missingBefore(cur, s.key); err != nil {
			return err
		}
		if s.below {
			if s.child.descend && s.child.listed == nil {
				p.listAhead(all[i:])
			}
			err = p.under(s.child, cur)
		} else {
			err = p.visit(s.child, cur)
		}
		if err != nil {
			return err
		}
	}
	return p.drain(cur, below(dir.name), p.missing)
}

// listing is a directory's content as it was read.
type listing struct {
	infos []folderfs.Info
	err   error
	seen  int64 // wall clock before it was read
}

func (p *pass) list(dir *child) *listing {
	l := &listing{seen: p.opt.Now().UnixNano()}
	l.infos, l.err = p.fs.ReadDir(dir.spelled)
	return l
}

// ahead is how many directories are listed at a time.
const ahead = 16

// listAhead lists the first directories that the steps lead into, several at a
// time: the disk works on them together. So a listing may be older than the
// index that it is compared with; what it seems to say is looked at once more.
func (p *pass) listAhead(steps []step) {
	var dirs []*child
	for i := range steps {
		c := steps[i].child
		if !steps[i].below || c.info.Kind != folderfs.Directory || i > 0 && p.opt.Ignore(c.name, true) {
			continue
		}
		if dirs = append(dirs, c); len(dirs) == ahead {
			break
		}
	}
	p.opt.Parallel(len(dirs), func(i int) { dirs[i].listed = p.list(dirs[i]) })
}

// under deals with all that is below a child that was visited.
func (p *pass) under(c *child, cur *cursor) error {
	switch {
	case c.descend:
		return p.directory(c, c.info.Device, cur)
	case c.left != nil:
		return p.drain(cur, below(c.name), c.left)
	}
	return p.drain(cur, below(c.name), p.missing)
}

// below returns the prefix that all names below a directory have.
func below(dir string) string {
	if dir == "" {
		return ""
	}
	return dir + "/"
}

func steps(children []*child) []step {
	out := make([]step, 0, len(children)+len(children)/4)
	for _, c := range children {
		out = append(out, step{key: c.name, child: c})
		if c.info.Kind == folderfs.Directory || c.info.Kind == folderfs.Other {
			out = append(out, step{key: c.name + "/", child: c, below: true})
		}
	}
	slices.SortFunc(out, func(a, b step) int { return strings.Compare(a.key, b.key) })
	return out
}

// unlisted deals with a directory that cannot be listed: nothing below it is
// known, so nothing below it is gone.
func (p *pass) unlisted(dir *child, err error, cur *cursor) error {
	if dir.name == "" {
		return err
	}
	if err := p.drain(cur, below(dir.name), skip); err != nil {
		return err
	}
	if absent(err) {
		return p.push(&candidate{found: unsettled(dir.name)})
	}
	return p.faulty(unreadable(dir.spelled, err))
}

// The longest names that are carried: what common file systems hold in one
// component, and Linux in a path.
const (
	maxComponent = 255
	maxName      = 4095
)

// children turns a listing into names as the index spells them. Those that
// cannot be spelled so, or only like another one, are problems.
func (p *pass) children(dir *child, infos []folderfs.Info, seen int64) ([]*child, error) {
	out := make([]*child, 0, len(infos))
	at := make(map[string]int) // of names that may have twins
	for _, in := range infos {
		spelled := below(dir.spelled) + in.Name
		nfc := norm.NFC.String(in.Name)
		c := &child{name: below(dir.name) + nfc, spelled: spelled, info: in, seen: seen}
		if p.private(c.name) {
			continue
		}
		problem := unfit(c)
		if problem == nil && !isASCII(in.Name) {
			if i, twin := at[nfc]; twin {
				// The one that is spelled as the index does takes the name.
				if in.Name == nfc {
					out[i], c = c, out[i]
				}
				problem = twinOf(c.spelled, out[i].spelled)
			} else {
				at[nfc] = len(out)
			}
		}
		if problem == nil {
			out = append(out, c)
		} else if err := p.faulty(problem); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unfit says why a name cannot be carried to other devices, nil if it can.
func unfit(c *child) *Problem {
	switch last := c.name[strings.LastIndexByte(c.name, '/')+1:]; {
	case !utf8.ValidString(c.spelled):
		return notUTF8(c.spelled)
	case len(last) > maxComponent || len(c.name) > maxName:
		return tooLong(c.spelled)
	case path.Base(c.name) == folderfs.WorkDir:
		return nil // that of this folder, or of another one inside it
	case index.CheckName(c.name) != nil:
		return reserved(c.spelled)
	}
	return nil
}

// private reports whether a name is, or is in, the work directory of this
// folder or of another one inside it. A disk that folds case has no other name
// that is spelled like it.
func (p *pass) private(name string) bool {
	return ignore.Reserved(name) && !p.caps.CaseSensitive || path.Base(name) == folderfs.WorkDir
}

// visit compares one name on disk with what is held at it, which cur stands at
// if anything is.
func (p *pass) visit(c *child, cur *cursor) error {
	p.meter.name(c.name)
	h, err := cur.take(c.name)
	if err != nil {
		return err
	}
	dir := c.info.Kind == folderfs.Directory
	if p.private(c.name) || p.opt.Ignore(c.name, dir) {
		if h != nil {
			if err := p.hide(h); err != nil {
				return err
			}
		}
		c.left = p.hide
		return nil
	}
	if c.info.Kind == folderfs.Other {
		c.left = skip
		return p.faulty(notAFile(c.spelled))
	}
	c.descend = dir
	if h == nil {
		// A tombstone, or a directory kept for its ignored content.
		if h, err = p.local(c.name); err != nil {
			return err
		}
		if dir && h != nil && h.Flags&index.Kept != 0 && p.barren(c) {
			c.descend = false
			return nil
		}
	}
	if err := p.compare(c, h); err != nil {
		return err
	}
	if up := p.frames[len(p.frames)-1].device; dir && c.info.Device != up && up != 0 {
		return p.faulty(otherFilesystem(c.spelled))
	}
	return nil
}

// barren reports whether a directory has nothing in it that is synchronised,
// but for directories that are kept for their ignored content themselves.
func (p *pass) barren(dir *child) bool {
	infos, err := p.fs.ReadDir(dir.spelled)
	if err != nil {
		return true // as before, until it can be read
	}
	for _, in := range infos {
		c := &child{name: below(dir.name) + norm.NFC.String(in.Name), spelled: below(dir.spelled) + in.Name, info: in}
		if in.Kind == folderfs.Other || p.opt.Ignore(c.name, in.Kind == folderfs.Directory) {
			continue
		}
		if in.Kind != folderfs.Directory {
			return false
		}
		h, err := p.local(c.name)
		if err != nil || h == nil || h.Flags&index.Kept == 0 || !p.barren(c) {
			return false
		}
	}
	return true
}

// measureAfter is how long a first scan has lasted when it is worth knowing how
// long it will take. A large file tells at once.
const measureAfter = time.Second

// measure sums up what a first scan has to hash, for the progress. What cannot
// be listed does not count.
func (p *pass) measure() {
	if !p.blank || p.measured || p.meter.report == nil {
		return
	}
	if p.reading < maxReading && p.opt.Now().Sub(p.since) < measureAfter {
		return
	}
	p.measured = true
	var total Progress
	for _, sc := range p.scopes {
		p.measureBelow(sc.Name, &total)
	}
	p.meter.expect(total)
}

func (p *pass) measureBelow(dir string, total *Progress) {
	if p.ctx.Err() != nil {
		return
	}
	infos, _ := p.fs.ReadDir(dir)
	for _, in := range infos {
		name := below(dir) + in.Name
		isDir := in.Kind == folderfs.Directory
		switch {
		case p.private(name) || p.opt.Ignore(norm.NFC.String(name), isDir):
		case isDir:
			p.measureBelow(name, total)
		case in.Kind == folderfs.File:
			total.TotalFiles++
			total.TotalBytes += in.Size
		}
	}
}
