package pull

import (
	"errors"
	"slices"

	"github.com/labsync/labsync/index"
)

// siblings are those that a step which was cut short has to record with what it
// placed. Without them a loser that was made here would not be kept: the next
// edit of what stands at the path is a version of the same replica, and so on
// top of it, though its author never saw it again.
func (r *repair) siblings(name string) ([]index.Entry, error) {
	state, _, err := r.idx.State(r.ctx, name)
	if err != nil {
		return nil, err
	}
	var out []index.Entry
	for _, s := range r.opt.Siblings(&state) {
		lost := s
		lost.Name = name
		loser, err := index.WithBlocks(r.ctx, r.idx, lost, state.Versions())
		if errors.Is(err, index.ErrNoVersion) {
			continue // not one of this device's; the plan derives it again
		}
		if err != nil {
			return nil, err
		}
		s.Blocks = loser.Blocks
		out = append(out, s)
	}
	return out, nil
}

// unreplaced leaves out the siblings of versions that a save is on top of: whoever
// saved it has replaced their bytes, and nobody else may have them.
func unreplaced(siblings []index.Entry, save index.Version) []index.Entry {
	return slices.DeleteFunc(slices.Clone(siblings), func(s index.Entry) bool { return save.Dominates(s.Version) })
}
