package pull

import (
	"context"

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

// withBlocks fills in the block list of what an action wants.
func (p *Puller) withBlocks(ctx context.Context, k known, a *plan.Action) (index.Entry, error) {
	e := a.Want
	if e.Deleted || e.Type != index.File || e.Blocks != nil {
		return e, nil
	}
	lists := func(f *index.Entry) bool {
		if f.Type != index.File || f.Deleted || f.Hash != e.Hash || len(f.Blocks) == 0 {
			return false
		}
		e.Blocks = f.Blocks
		return true
	}
	if a.Op == plan.Move {
		if from := k.held(a.From.Entry.Name); from != nil && lists(&from.Entry) {
			return e, nil
		}
	}
	if s := k[a.Name]; s != nil {
		for i := range s.Heads {
			if lists(&s.Heads[i].Entry) {
				return e, nil
			}
		}
		if s.Local != nil && lists(&s.Local.Entry) {
			return e, nil
		}
	}
	return index.WithBlocks(ctx, p.idx, a.Want, a.Heads)
}
