package memstore

import (
	"cmp"
	"maps"
	"slices"

	"github.com/labsync/labsync/index/internal/register"
)

// names holds the registers, and the two orders in which they are paged
// through. Both orders may name registers that are gone or, in that of
// sequences, have moved on; readers skip these.
type names struct {
	registers map[string]*register.Register
	sorted    []string
	unsorted  bool
	announced []announcement // ascending sequence
}

type announcement struct {
	sequence int64
	name     string
}

func newNames() names { return names{registers: make(map[string]*register.Register)} }

// put stores a register, which nobody changes afterwards, and returns the one
// it replaces.
func (n *names) put(r *register.Register) (was *register.Register) {
	was = n.registers[r.Name]
	switch {
	case r.Empty():
		delete(n.registers, r.Name)
	default:
		n.registers[r.Name] = r
	}
	if was == nil && !r.Empty() {
		n.unsorted = n.unsorted || len(n.sorted) > 0 && n.sorted[len(n.sorted)-1] >= r.Name
		n.sorted = append(n.sorted, r.Name)
	}
	if r.Sequence != 0 && (was == nil || was.Sequence != r.Sequence) {
		n.announced = append(n.announced, announcement{r.Sequence, r.Name})
		if len(n.announced) > 2*len(n.registers)+64 {
			n.announced = slices.DeleteFunc(n.announced, n.stale)
		}
	}
	return was
}

// stale reports whether the name was announced anew since.
func (n *names) stale(a announcement) bool {
	r := n.registers[a.name]
	return r == nil || r.Sequence != a.sequence
}

// after returns the names greater than name, ascending.
func (n *names) after(name string) []string {
	i, found := slices.BinarySearch(n.order(), name)
	if found {
		i++
	}
	return n.sorted[i:]
}

// before returns the names less than name, ascending; "" stands for the end.
func (n *names) before(name string) []string {
	if name == "" {
		return n.order()
	}
	i, _ := slices.BinarySearch(n.order(), name)
	return n.sorted[:i]
}

func (n *names) order() []string {
	if n.unsorted {
		n.sorted = slices.DeleteFunc(n.sorted, func(name string) bool { return n.registers[name] == nil })
		slices.Sort(n.sorted)
		n.sorted = slices.Compact(n.sorted)
		n.unsorted = false
	}
	return n.sorted
}

// since returns the announcements after a sequence.
func (n *names) since(sequence int64) []announcement {
	i, found := slices.BinarySearchFunc(n.announced, sequence, func(a announcement, s int64) int {
		return cmp.Compare(a.sequence, s)
	})
	if found {
		i++
	}
	return n.announced[i:]
}

// clone copies everything but the registers themselves.
func (n *names) clone() names {
	c := names{registers: maps.Clone(n.registers)}
	c.sorted = slices.Sorted(maps.Keys(c.registers))
	for _, name := range c.sorted {
		if s := c.registers[name].Sequence; s != 0 {
			c.announced = append(c.announced, announcement{s, name})
		}
	}
	slices.SortFunc(c.announced, func(a, b announcement) int { return cmp.Compare(a.sequence, b.sequence) })
	return c
}
