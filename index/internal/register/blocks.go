package register

import (
	"slices"

	"github.com/labsync/labsync/index"
)

// AddBlocks gives the entries of the register's own state their block lists. What
// is held shares one with its head: that of a huge file takes many megabytes.
func (r *Register) AddBlocks(s *index.State) {
	held := r.Held()
	if held != nil && s.Local != nil {
		s.Local.Entry.Blocks = slices.Clone(held.Entry.Blocks)
	}
	list := func(v *Version) []index.Block {
		if v == held && s.Local != nil {
			return s.Local.Entry.Blocks
		}
		return slices.Clone(v.Entry.Blocks)
	}
	for i, v := range r.Maximal() {
		s.Heads[i].Entry.Blocks = list(v)
	}
	for i, v := range r.hidden() {
		s.Hidden[i].Entry.Blocks = list(v)
	}
}
