package engine

import (
	"context"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// The index goes on between two reads: a head that a decision was made of may be
// superseded, and its block list gone, when the list is read. That is no error.
// The decision came too late, and another is made of what is known by then.

// listed returns the states of names with block lists, by name.
func (e *Engine) listed(ctx context.Context, names []string) (map[string]*index.State, error) {
	return e.read(ctx, names, true)
}

// listedPage returns the states of a page's names with block lists. They may be
// later ones than the page's.
func (e *Engine) listedPage(ctx context.Context, page []index.State) (map[string]*index.State, error) {
	names := make([]string, len(page))
	for i := range page {
		names[i] = page[i].Name
	}
	return e.listed(ctx, names)
}

// complete fills in the block lists of a change and of what is derived from it,
// which the index has under the name that lost it, and reports whether s, the
// state of that name with lists, has all of them.
func complete(c *index.Change, s *index.State) bool {
	whole := index.AddBlocks(&c.Entry, s)
	for i := range c.Derived {
		whole = index.AddBlocks(&c.Derived[i], s) && whole
	}
	return whole
}

// completed returns those of the changes that are complete, or can be made so,
// and calls late for the others.
func (e *Engine) completed(ctx context.Context, changes []index.Change, late func(name string)) ([]index.Change, error) {
	var names []string
	for i := range changes {
		if c := &changes[i]; !complete(c, &index.State{}) {
			names = append(names, c.Entry.Name)
		}
	}
	known, err := e.listed(ctx, names)
	if err != nil {
		return nil, err
	}
	whole := changes[:0]
	for i := range changes {
		c := &changes[i]
		if s := known[c.Entry.Name]; s == nil || complete(c, s) {
			whole = append(whole, *c)
		} else {
			late(c.Entry.Name)
		}
	}
	return whole, nil
}

// tooLate has a name decided on again: once is usual, more could go on for ever.
func (e *Engine) tooLate(name string) {
	e.cycle.again = true
	if e.work.staleAgain(name) {
		e.work.postpone(e.now, name, nil)
	}
}

// note is the change of an action that needs nothing on disk, but for blocks.
func note(a *plan.Action) index.Change {
	c := index.Change{Base: a.Base(), Entry: a.Want, Heads: a.Heads, Derived: a.Derived, Missing: a.Missing, Lost: a.Lost, Quiet: a.Quiet}
	if a.Have != nil {
		c.Disk, c.Flags = a.Have.Disk, a.Have.Flags
	}
	return c
}
