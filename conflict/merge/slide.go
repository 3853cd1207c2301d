package merge

// group is a run of changed lines [start, end), which may be empty: there is one
// before each unchanged line and one at the end, so that those of two texts
// correspond to one another.
type group struct{ start, end int }

func (x *side) first() group {
	var g group
	for x.changed[g.end] {
		g.end++
	}
	return g
}

// next goes on to the group behind; there is none behind the last line.
func (x *side) next(g *group) bool {
	if g.end == len(x.lines) {
		return false
	}
	g.start = g.end + 1
	for g.end = g.start; x.changed[g.end]; g.end++ {
	}
	return true
}

func (x *side) previous(g *group) {
	g.end = g.start - 1
	for g.start = g.end; g.start > 0 && x.changed[g.start-1]; g.start-- {
	}
}

// up moves a group one line up if it is the same change there. It takes in
// another one that it meets.
func (x *side) up(g *group) bool {
	if g.start == 0 || x.lines[g.start-1] != x.lines[g.end-1] {
		return false
	}
	g.start, g.end = g.start-1, g.end-1
	x.changed[g.start], x.changed[g.end] = true, false
	for g.start > 0 && x.changed[g.start-1] {
		g.start--
	}
	return true
}

// down does the same in the other direction.
func (x *side) down(g *group) bool {
	if g.end == len(x.lines) || x.lines[g.start] != x.lines[g.end] {
		return false
	}
	x.changed[g.start], x.changed[g.end] = false, true
	g.start, g.end = g.start+1, g.end+1
	for x.changed[g.end] {
		g.end++
	}
	return true
}

// slide moves every group of x as far down as it goes, or to the last place where
// it faces a group of y.
func (x *side) slide(y *side) {
	g, o := x.first(), y.first()
	for more := true; more; more = x.next(&g) && y.next(&o) {
		if g.start < g.end {
			x.settle(y, &g, &o)
		}
	}
}

func (x *side) settle(y *side, g, o *group) {
	for {
		size := g.end - g.start
		for x.up(g) {
			y.previous(o)
		}
		highest, facing := g.end, o.start < o.end
		for x.down(g) {
			y.next(o)
			facing = facing || o.start < o.end
		}
		if size != g.end-g.start {
			continue // it has grown, and may go further
		}
		if g.end > highest && facing {
			for o.start == o.end {
				x.up(g)
				y.previous(o)
			}
		}
		return
	}
}
