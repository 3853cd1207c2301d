package merge

import "math"

// promising returns the place that a long run of equal lines leads up to and that
// has gained most for the edits spent, if there is one.
func (s *search) promising(b *box, f, r span, edits int) (m middle, ok bool) {
	most := goodRate * edits
	for d := f.high; d >= f.low; d -= 2 {
		i := s.forward[d+s.origin]
		j := i - d
		gain := (i - b.i) + (j - b.j) - distance(d, b.i-b.j)
		inside := b.i+longRun <= i && i < b.iEnd && b.j+longRun <= j && j < b.jEnd
		if gain > most && inside && s.equal(i-longRun, j-longRun) {
			most, m, ok = gain, middle{i, j, true, false}, true
		}
	}
	if ok {
		return m, true
	}
	for d := r.high; d >= r.low; d -= 2 {
		i := s.backward[d+s.origin]
		j := i - d
		gain := (b.iEnd - i) + (b.jEnd - j) - distance(d, b.iEnd-b.jEnd)
		inside := b.i < i && i <= b.iEnd-longRun && b.j < j && j <= b.jEnd-longRun
		if gain > most && inside && s.equal(i, j) {
			most, m, ok = gain, middle{i, j, false, true}, true
		}
	}
	return m, ok
}

func distance(a, b int) int { return max(a-b, b-a) }

// equal reports whether a long run of equal lines begins at i and j.
func (s *search) equal(i, j int) bool {
	for n := range longRun {
		if s.a[i+n] != s.b[j+n] {
			return false
		}
	}
	return true
}

// furthest returns the place that has got furthest, whichever direction it is of.
func (s *search) furthest(b *box, f, r span) middle {
	ahead, aheadAt := -1, -1
	for d := f.high; d >= f.low; d -= 2 {
		i := min(s.forward[d+s.origin], b.iEnd)
		j := i - d
		if b.jEnd < j {
			i, j = b.jEnd+d, b.jEnd
		}
		if ahead < i+j {
			ahead, aheadAt = i+j, i
		}
	}
	back, backAt := math.MaxInt, math.MaxInt
	for d := r.high; d >= r.low; d -= 2 {
		i := max(s.backward[d+s.origin], b.i)
		j := i - d
		if j < b.j {
			i, j = b.j+d, b.j
		}
		if i+j < back {
			back, backAt = i+j, i
		}
	}
	if b.iEnd+b.jEnd-back < ahead-(b.i+b.j) {
		return middle{aheadAt, ahead - aheadAt, true, false}
	}
	return middle{backAt, back - backAt, false, true}
}
