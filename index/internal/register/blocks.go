package register

import (
	"slices"

	"github.com/labsync/labsync/index"
)

// AddBlocks gives the entries of the register's own state their block lists.
func (r *Register) AddBlocks(s *index.State) {
	if v := r.Held(); v != nil && s.Local != nil {
		s.Local.Entry.Blocks = slices.Clone(v.Entry.Blocks)
	}
	for i, v := range r.Maximal() {
		s.Heads[i].Entry.Blocks = slices.Clone(v.Entry.Blocks)
	}
	for i, v := range r.hidden() {
		s.Hidden[i].Entry.Blocks = slices.Clone(v.Entry.Blocks)
	}
}
