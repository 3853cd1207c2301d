package pull

import (
	"context"
	"errors"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// siblings are those that a step which was cut short has to record with what it
// placed, as the plan would have recorded them with the winner. Without them a
// loser that was made here would be kept by nobody else.
func (r *repair) siblings(name string) ([]index.Entry, error) {
	state, _, err := r.idx.State(r.ctx, name)
	if err != nil {
		return nil, err
	}
	return r.derived(r.ctx, name, plan.Siblings(&state, r.opt.Direction, r.opt.Author), state.Versions())
}

// derived fills in the block lists of siblings, which the index has under the
// name that they lost. One whose list is not there is left out: it is not one of
// this device's, and the plan derives it again.
func (p *Puller) derived(ctx context.Context, name string, siblings []index.Entry, heads []index.Version) ([]index.Entry, error) {
	var out []index.Entry
	for _, s := range siblings {
		lost := s
		lost.Name, lost.Version = name, s.Version.Aside()
		loser, err := index.WithBlocks(ctx, p.idx, lost, heads)
		if errors.Is(err, index.ErrNoVersion) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.Blocks = loser.Blocks
		out = append(out, s)
	}
	return out, nil
}

// deriveBlocks does the same for a step, mostly from what was read for its group.
// A step with a sibling of which nothing is known any more is stale.
func (g *group) deriveBlocks(s *step) error {
	if len(s.a.Derived) == 0 {
		return nil
	}
	a := *s.a
	a.Derived = slices.Clone(a.Derived)
	var rest []index.Entry
	for i := range a.Derived {
		if !g.known.addBlocks(&a.Derived[i], a.Name) {
			rest = append(rest, a.Derived[i])
		}
	}
	found, err := g.derived(g.ctx, a.Name, rest, a.Heads)
	if err != nil {
		return err
	}
	if len(found) < len(rest) {
		s.finish(over, plan.Outcome{Name: a.Name, Status: plan.Stale})
		return nil
	}
	a.Derived = append(slices.DeleteFunc(a.Derived, lacksBlocks), found...)
	s.a = &a
	return nil
}

func lacksBlocks(e index.Entry) bool {
	return e.Type == index.File && !e.Deleted && len(e.Blocks) == 0
}

// unreplaced leaves out the siblings of versions that a save is on top of: whoever
// saved it has replaced their bytes, and nobody else may have them.
func unreplaced(siblings []index.Entry, save index.Version) []index.Entry {
	return slices.DeleteFunc(slices.Clone(siblings), func(s index.Entry) bool { return save.Dominates(s.Version.Aside()) })
}
