package pull

import (
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// known is what the index says of the names of a group, with block lists: one
// read instead of several for each name.
type known map[string]*index.State

func (p *Puller) whatIsKnown(ctx context.Context, actions []*plan.Action) (known, error) {
	names := make([]string, 0, len(actions))
	for _, a := range actions {
		names = append(names, a.Name)
		if a.Op == plan.Move {
			names = append(names, a.From.Entry.Name)
		}
	}
	states, err := p.idx.States(ctx, names, true)
	if err != nil {
		return nil, err
	}
	k := make(known, len(states))
	for i := range states {
		k[states[i].Name] = &states[i]
	}
	return k, nil
}

// held returns what is held at a name, nil for nothing.
func (k known) held(name string) *index.Held {
	if s := k[name]; s != nil {
		return s.Local
	}
	return nil
}

// announces reports whether a head still says what an action wants, or a version
// that is hidden by nothing but heads which nobody has. What is created is known
// by that alone until it is recorded, see adoptCreated.
func (k known) announces(a *plan.Action) bool {
	s, e := k[a.Name], &a.Want
	if s == nil {
		return false
	}
	says := func(h index.Head) bool {
		return !h.Entry.Deleted && h.Entry.Type == e.Type && h.Entry.SameContent(e) && h.Entry.SameMeta(e)
	}
	hides := func(h, above index.Head) bool {
		isAbove := func(v index.Version) bool { return v.Compare(above.Entry.Version) == index.Equal }
		return h.Entry.Version.Compare(above.Entry.Version) == index.Before && !slices.ContainsFunc(a.Missing, isAbove)
	}
	return slices.ContainsFunc(s.Heads, says) || slices.ContainsFunc(s.Hidden, func(h index.Head) bool {
		return says(h) && !slices.ContainsFunc(s.Heads, func(above index.Head) bool { return hides(h, above) })
	})
}

// withBlocks fills in the block list of what an action wants.
func (p *Puller) withBlocks(ctx context.Context, k known, a *plan.Action) (index.Entry, error) {
	e := a.Want
	if a.Op == plan.Move && k.addBlocks(&e, a.From.Entry.Name) || k.addBlocks(&e, a.Name) {
		return e, nil
	}
	return index.WithBlocks(ctx, p.idx, a.Want, a.Heads)
}

// addBlocks fills in a block list from what is known of a name, and reports
// whether the entry is complete.
func (k known) addBlocks(e *index.Entry, name string) bool {
	s := k[name]
	return s != nil && index.AddBlocks(e, s)
}
