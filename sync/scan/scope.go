package scan

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/ignore"
)

// plan brings scopes into the index's spelling and order, without those that
// another covers. A scope below a directory that the index does not hold
// becomes that directory: no entry may come before its parents.
func (p *pass) plan(scopes []Scope) ([]Scope, error) {
	held := map[string]bool{}
	out := make([]Scope, 0, len(scopes))
	for _, sc := range scopes {
		sc.Name = norm.NFC.String(strings.Trim(sc.Name, "/"))
		if sc.Name == "." {
			sc.Name = ""
		}
		p.named[sc.Name] = true
		sc, wanted, err := p.lift(sc, held)
		if err != nil {
			return nil, err
		}
		if wanted {
			out = append(out, sc)
		}
	}
	slices.SortFunc(out, func(a, b Scope) int {
		if c := cmp.Compare(a.Name, b.Name); c != 0 || a.Recursive == b.Recursive {
			return c
		}
		if a.Recursive {
			return -1
		}
		return 1
	})
	var kept []Scope
	wide := cover{}
	for _, sc := range out {
		if wide.has(sc.Name) || len(kept) > 0 && kept[len(kept)-1].Name == sc.Name {
			continue
		}
		kept = append(kept, sc)
		if sc.Recursive {
			wide[sc.Name] = true
		}
	}
	return kept, nil
}

// lift moves a scope up to its topmost parent that is not held, if any, and
// tells whether it is to be scanned at all.
func (p *pass) lift(sc Scope, held map[string]bool) (Scope, bool, error) {
	for i := range len(sc.Name) {
		if sc.Name[i] != '/' {
			continue
		}
		dir := sc.Name[:i]
		if ignore.Reserved(dir) || index.IsReserved(path.Base(dir)) || p.opt.Ignore(dir, true) {
			return sc, false, nil
		}
		known, ok := held[dir]
		if !ok {
			h, err := p.local(dir)
			if err != nil {
				return sc, false, err
			}
			known = isLive(h) && h.Entry.Type == index.Directory
			held[dir] = known
		}
		if !known {
			return Scope{Name: dir, Recursive: true}, true, nil
		}
	}
	return sc, true, nil
}

// cover is a set of names that stand for all that is at and below them.
type cover map[string]bool

func (c cover) has(name string) bool {
	for at := name; at != "."; at = path.Dir(at) {
		if c[at] {
			return true
		}
	}
	return c[""]
}

// local returns what is held at a name, with blocks.
func (p *pass) local(name string) (*index.Held, error) {
	if p.blank {
		return nil, nil
	}
	return p.idx.Local(p.ctx, name)
}

func isLive(h *index.Held) bool { return h != nil && !h.Entry.Deleted }

// scope scans one scope.
func (p *pass) scope(sc Scope) error {
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if sc.Name == "" {
		if !sc.Recursive {
			return nil
		}
		p.whole[""] = true
		return p.directory(&child{}, p.root, p.cursor(""))
	}
	seen := p.opt.Now().UnixNano()
	dir, device, err := p.enclosing(sc.Name)
	if err != nil {
		return err
	}
	p.frames = append(p.frames, frame{dir, device})
	defer func() { p.frames = p.frames[:len(p.frames)-1] }()
	spelled, in, err := p.resolve(sc.Name)
	c := &child{name: sc.Name, spelled: spelled, info: in, seen: seen}
	if err == nil {
		if problem := unfit(c); problem != nil {
			return p.faulty(problem)
		}
		if in.Kind == folderfs.Directory && !sc.Recursive {
			return p.shallow(c)
		}
	}
	p.whole[sc.Name] = true
	cur := p.cursorOf(sc)
	switch {
	case absent(err):
		return p.drain(cur, sc.Name, p.missing)
	case err != nil:
		return p.faulty(unreadable(sc.Name, err))
	}
	if err := p.visit(c, cur); err != nil {
		return err
	}
	return p.under(c, cur)
}

// shallow looks at a directory alone, but wholly if it is new or another one
// than before.
func (p *pass) shallow(c *child) error {
	h, err := p.local(c.name)
	if err != nil {
		return err
	}
	cur := &cursor{p: p, last: true}
	same := !p.caps.StableInodes || isLive(h) && h.Disk.Inode == c.info.Inode
	if isLive(h) && h.Entry.Type == index.Directory && same {
		cur.page = []index.Held{*h}
		return p.visit(c, cur)
	}
	p.whole[c.name] = true
	cur = p.cursor(c.name)
	if err := p.visit(c, cur); err != nil {
		return err
	}
	return p.under(c, cur)
}

// enclosing returns the nearest directory above a name that exists, and its
// file system's device number.
func (p *pass) enclosing(name string) (string, uint64, error) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		_, in, err := p.resolve(dir)
		switch {
		case err == nil && in.Kind == folderfs.Directory:
			return dir, in.Device, nil
		case err == nil || absent(err):
		default:
			// Unreadable: whoever asks for the name itself gets the same error.
			return dir, 0, nil
		}
	}
	return "", p.root, nil
}

// resolve finds how the disk spells a name, and its facts. Where the file
// system tells spellings apart that we do not, or the other way round, the
// directories above are listed.
func (p *pass) resolve(name string) (string, folderfs.Info, error) {
	in, err := p.fs.Lstat(name)
	switch {
	case err == nil && p.caps.CaseSensitive, absent(err) && isASCII(name), err != nil && !absent(err):
		return name, in, err
	}
	spelled := ""
	for part := range strings.SplitSeq(name, "/") {
		as, err := p.spelling(spelled, part)
		if err != nil {
			return "", in, err
		}
		spelled = path.Join(spelled, as)
	}
	in, err = p.fs.Lstat(spelled) // a kept listing's facts may be old
	return spelled, in, err
}

// spelling finds how a directory spells a component. Listings are kept, for
// many names of one directory are asked for in a row; what is not in one is
// looked for in a fresh one.
func (p *pass) spelling(dir, part string) (string, error) {
	const keep = 16
	if as, ok := spelledIn(p.listings[dir], part); ok {
		return as, nil
	}
	names, err := p.fs.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(p.listings) >= keep {
		clear(p.listings)
	}
	p.listings[dir] = names
	if as, ok := spelledIn(names, part); ok {
		return as, nil
	}
	return "", fs.ErrNotExist
}

// spelledIn looks for a component as it is, then in another Unicode form.
func spelledIn(names []folderfs.Info, part string) (string, bool) {
	for _, form := range []func(string) string{func(s string) string { return s }, norm.NFC.String} {
		if i := slices.IndexFunc(names, func(in folderfs.Info) bool { return form(in.Name) == part }); i >= 0 {
			return names[i].Name, true
		}
	}
	return "", false
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
