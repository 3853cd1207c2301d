package merge

import "slices"

// Kind says which side a region of a merge comes from.
type Kind uint8

// The kinds of regions.
const (
	Same     Kind = iota // neither side changed it
	FromA                // only A did
	FromB                // only B did
	FromBoth             // both did the same
	Conflict             // both did, differently
)

// Region is a part of a merge: the lines of the three texts that stand for one
// another, each with its newline.
type Region struct {
	Kind       Kind
	Base, A, B [][]byte
}

// Regions returns the parts of the merge of a and b, in order; together they hold
// every line of each text once.
func Regions(base, a, b []byte) []Region {
	m := merger{base: split(base), a: split(a), b: split(b)}
	t := table{}
	lines := t.numbers(m.base)
	m.aLines, m.bLines = t.numbers(m.a), t.numbers(m.b)
	m.run(diff(lines, m.aLines), diff(lines, m.bLines))
	return m.out
}

// Text returns the merge of a and b, which were both made from base. ok is false
// if they are in conflict somewhere. Text is symmetric in a and b.
func Text(base, a, b []byte) (merged []byte, ok bool) {
	for _, r := range Regions(base, a, b) {
		lines := r.A
		switch r.Kind {
		case FromB:
			lines = r.B
		case Conflict:
			return nil, false
		}
		for _, l := range lines {
			merged = append(merged, l...)
		}
	}
	return merged, true
}

// merger walks through the changes of both sides.
type merger struct {
	base, a, b     [][]byte
	aLines, bLines []int32
	at             struct{ base, a, b int } // up to which the regions have got
	out            []Region
}

// run takes up the changes of both sides in order. Those that no untouched line
// keeps apart go into one region.
func (m *merger) run(ofA, ofB []hunk) {
	for len(ofA) > 0 || len(ofB) > 0 {
		var as, bs []hunk
		from := m.start(ofA, ofB)
		end := from
		take := func(rest, taken *[]hunk) bool {
			if len(*rest) == 0 || (*rest)[0].a > end {
				return false
			}
			end = max(end, (*rest)[0].aEnd)
			*taken, *rest = append(*taken, (*rest)[0]), (*rest)[1:]
			return true
		}
		for take(&ofA, &as) || take(&ofB, &bs) {
		}
		m.same(from)
		m.region(end, as, bs)
	}
	m.same(len(m.base))
}

// start returns where the next change of either side begins in the base.
func (m *merger) start(ofA, ofB []hunk) int {
	from := len(m.base)
	for _, hunks := range [][]hunk{ofA, ofB} {
		if len(hunks) > 0 {
			from = min(from, hunks[0].a)
		}
	}
	return from
}

// same adds what nobody changed up to a line of the base.
func (m *merger) same(to int) {
	if n := to - m.at.base; n > 0 {
		m.add(Same, to, m.at.a+n, m.at.b+n)
	}
}

// region adds what the changes have made of the base up to a line of it.
func (m *merger) region(end int, as, bs []hunk) {
	a, b := m.at.a+grown(end-m.at.base, as), m.at.b+grown(end-m.at.base, bs)
	kind := Conflict
	switch {
	case len(bs) == 0:
		kind = FromA
	case len(as) == 0:
		kind = FromB
	case slices.Equal(m.aLines[m.at.a:a], m.bLines[m.at.b:b]):
		kind = FromBoth
	}
	m.add(kind, end, a, b)
}

// grown is how many lines n lines of the base have become.
func grown(n int, hunks []hunk) int {
	for _, h := range hunks {
		n += h.bEnd - h.b - (h.aEnd - h.a)
	}
	return n
}

func (m *merger) add(kind Kind, base, a, b int) {
	m.out = append(m.out, Region{kind, m.base[m.at.base:base], m.a[m.at.a:a], m.b[m.at.b:b]})
	m.at.base, m.at.a, m.at.b = base, a, b
}
