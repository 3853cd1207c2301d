package merge

import "math"

const (
	cheap    = 256 // edits up to which the best way is looked for
	longRun  = 20  // equal lines in a row that make a good place to split
	goodRate = 4   // lines gained per edit that make it one
)

// search finds the lines that two texts have in common. A diagonal d holds the
// pairs of places (i, i-d).
type search struct {
	x, y     *side
	a, b     []int32 // numbers of the lines kept
	forward  []int   // furthest place on each diagonal from the start
	backward []int   // and from the end
	origin   int     // index of diagonal 0
	most     int     // edits after which a search is cut short
}

func newSearch(x, y *side) *search {
	s := &search{x: x, y: y, a: x.pick(), b: y.pick(), origin: len(y.kept) + 1}
	diagonals := len(s.a) + len(s.b) + 3
	s.forward, s.backward = make([]int, diagonals), make([]int, diagonals)
	s.most = max(roughRoot(diagonals), cheap)
	return s
}

func (x *side) pick() []int32 {
	out := make([]int32, len(x.kept))
	for i, at := range x.kept {
		out[i] = x.lines[at]
	}
	return out
}

// compare marks what differs between [i, iEnd) of a and [j, jEnd) of b. With best
// the least number of marks is wanted, whatever it costs.
func (s *search) compare(i, iEnd, j, jEnd int, best bool) {
	for i < iEnd && j < jEnd && s.a[i] == s.b[j] {
		i, j = i+1, j+1
	}
	for i < iEnd && j < jEnd && s.a[iEnd-1] == s.b[jEnd-1] {
		iEnd, jEnd = iEnd-1, jEnd-1
	}
	if i == iEnd || j == jEnd {
		s.x.mark(i, iEnd)
		s.y.mark(j, jEnd)
		return
	}
	m := s.split(box{i, iEnd, j, jEnd}, best)
	s.compare(i, m.i, j, m.j, m.bestBefore)
	s.compare(m.i, iEnd, m.j, jEnd, m.bestAfter)
}

func (x *side) mark(from, to int) {
	for _, at := range x.kept[from:to] {
		x.changed[at] = true
	}
}

// box is a part of the problem, and middle a place to split it at.
type (
	box    struct{ i, iEnd, j, jEnd int }
	middle struct {
		i, j                  int
		bestBefore, bestAfter bool // of what lies before and after, the best way is to be found
	}
)

// span are the diagonals that one direction of the search has reached.
type span struct{ low, high int }

// widen goes on to the next diagonals on both sides; at the border of the box it
// turns back, since every second one is looked at in each round.
func (p *span) widen(reached []int, origin, lowest, highest, beyond int) {
	if p.low > lowest {
		p.low--
		reached[p.low-1+origin] = beyond
	} else {
		p.low++
	}
	if p.high < highest {
		p.high++
		reached[p.high+1+origin] = beyond
	} else {
		p.high--
	}
}

func (p *span) has(d int) bool { return p.low <= d && d <= p.high }

// split finds where the shortest way through the box is half done, or a good
// place to go on from if that gets too expensive.
func (s *search) split(b box, best bool) middle {
	lowest, highest := b.i-b.jEnd, b.iEnd-b.j
	start, end := b.i-b.j, b.iEnd-b.jEnd
	odd := (start-end)&1 != 0
	f, r := span{start, start}, span{end, end}
	s.forward[start+s.origin], s.backward[end+s.origin] = b.i, b.iEnd
	for edits := 1; ; edits++ {
		f.widen(s.forward, s.origin, lowest, highest, -1)
		m, met, runF := s.ahead(&b, f, r, odd)
		if met {
			return m
		}
		r.widen(s.backward, s.origin, lowest, highest, math.MaxInt)
		m, met, runB := s.back(&b, f, r, odd)
		if met {
			return m
		}
		if best {
			continue
		}
		if (runF || runB) && edits > cheap {
			if m, ok := s.promising(&b, f, r, edits); ok {
				return m
			}
		}
		if edits >= s.most {
			return s.furthest(&b, f, r)
		}
	}
}

// ahead takes one more edit from the start on every diagonal. met tells that it
// met the other direction, run that there was a long run of equal lines.
func (s *search) ahead(b *box, f, r span, odd bool) (m middle, met, run bool) {
	v := s.forward
	for d := f.high; d >= f.low; d -= 2 {
		k := d + s.origin
		i := v[k+1]
		if v[k-1] >= v[k+1] {
			i = v[k-1] + 1
		}
		began, j := i, i-d
		for i < b.iEnd && j < b.jEnd && s.a[i] == s.b[j] {
			i, j = i+1, j+1
		}
		run = run || i-began > longRun
		v[k] = i
		if odd && r.has(d) && s.backward[k] <= i {
			return middle{i, j, true, true}, true, run
		}
	}
	return m, false, run
}

// back does the same from the end.
func (s *search) back(b *box, f, r span, odd bool) (m middle, met, run bool) {
	v := s.backward
	for d := r.high; d >= r.low; d -= 2 {
		k := d + s.origin
		i := v[k+1] - 1
		if v[k-1] < v[k+1] {
			i = v[k-1]
		}
		began, j := i, i-d
		for i > b.i && j > b.j && s.a[i-1] == s.b[j-1] {
			i, j = i-1, j-1
		}
		run = run || began-i > longRun
		v[k] = i
		if !odd && f.has(d) && i <= s.forward[k] {
			return middle{i, j, true, true}, true, run
		}
	}
	return m, false, run
}
