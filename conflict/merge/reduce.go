package merge

const (
	frequent    = 1024 // occurrences from which a line always counts as frequent
	nearby      = 100  // lines looked at on either side of a frequent one
	frequentFor = 4    // frequent lines that one unmatched line stands against
)

// commonness of a line in the other text.
type commonness uint8

const (
	absent commonness = iota
	common
	tooCommon
)

// reduce marks lines as changed for which that is clear, and collects the others
// for the search.
func reduce(x, y *side) {
	head, tail := commonEnds(x.lines, y.lines)
	x.keep(count(y.lines), head, len(x.lines)-tail)
	y.keep(count(x.lines), head, len(y.lines)-tail)
}

// commonEnds returns how many lines two texts have in common at the beginning, and
// how many of the others at the end.
func commonEnds(a, b []int32) (head, tail int) {
	shorter := min(len(a), len(b))
	for head < shorter && a[head] == b[head] {
		head++
	}
	for tail < shorter-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head, tail
}

func count(lines []int32) map[int32]int {
	n := make(map[int32]int, len(lines))
	for _, l := range lines {
		n[l]++
	}
	return n
}

// keep collects the lines of [from, to) that take part in the search and marks
// the rest.
func (x *side) keep(other map[int32]int, from, to int) {
	limit := min(roughRoot(len(x.lines)), frequent)
	how := make([]commonness, to)
	for i := from; i < to; i++ {
		switch n := other[x.lines[i]]; {
		case n >= limit:
			how[i] = tooCommon
		case n > 0:
			how[i] = common
		}
	}
	for i := from; i < to; i++ {
		if how[i] == common || how[i] == tooCommon && !lost(how[from:], i-from) {
			x.kept = append(x.kept, i)
		} else {
			x.changed[i] = true
		}
	}
}

// lost reports whether a frequent line stands between lines that the other text
// does not have, with few frequent ones among them: a match would be chance.
func lost(how []commonness, i int) bool {
	absentBefore, frequentBefore := run(how, i, -1)
	absentAfter, frequentAfter := run(how, i, 1)
	if absentBefore == 0 || absentAfter == 0 {
		return false
	}
	rare, often := absentBefore+absentAfter, frequentBefore+frequentAfter+2
	return often*frequentFor < often+rare
}

// run counts the lines next to i, in one direction, up to a common one.
func run(how []commonness, i, step int) (missing, often int) {
	for n := 1; n <= nearby; n++ {
		at := i + n*step
		if at < 0 || at >= len(how) || how[at] == common {
			break
		}
		if how[at] == absent {
			missing++
		} else {
			often++
		}
	}
	return missing, often
}

// roughRoot is a power of two near the square root of n.
func roughRoot(n int) int {
	root := 1
	for ; n > 0; n >>= 2 {
		root <<= 1
	}
	return root
}
