package scan

import "github.com/labsync/labsync/index"

// aloneAtOnce is how many scopes' names are read from the index at a time. What
// was read is older than the look at the disk by as much as these take; a
// finding on a base that is not held any more is found again.
const aloneAtOnce = 256

// readAlone reads what is held at the names of scopes that are not recursive:
// thousands of files of one directory come one by one, and a page of the index
// for each would cost more than the look at the disk.
func (p *pass) readAlone(scopes []Scope) error {
	clear(p.alone)
	if p.blank {
		return nil
	}
	var names []string
	for _, sc := range scopes {
		if !sc.Recursive && !p.whole.has(sc.Name) {
			names = append(names, sc.Name)
		}
	}
	if len(names) < 2 {
		return nil
	}
	states, err := p.idx.States(p.ctx, names, false)
	if err != nil {
		return err
	}
	for i := range states {
		p.alone[states[i].Name] = states[i].Local
	}
	return nil
}

// cursorOf returns what is held at and below a scope. Below what is no directory
// there is nothing.
func (p *pass) cursorOf(sc Scope) *cursor {
	h, read := p.alone[sc.Name]
	if sc.Recursive || !read || h != nil && h.Entry.Type == index.Directory {
		return p.cursor(sc.Name)
	}
	cur := &cursor{p: p, last: true}
	if isLive(h) {
		cur.page = []index.Held{*h}
	}
	return cur
}
