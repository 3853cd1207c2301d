package merge

import "bytes"

// table gives equal lines equal numbers, from 0 on.
type table map[string]int32

func (t table) numbers(lines [][]byte) []int32 {
	out := make([]int32, len(lines))
	for i, line := range lines {
		n, ok := t[string(line)]
		if !ok {
			n = int32(len(t))
			t[string(line)] = n
		}
		out[i] = n
	}
	return out
}

// split cuts a text into lines, each with its newline.
func split(text []byte) [][]byte {
	lines := bytes.SplitAfter(text, []byte{'\n'})
	if last := len(lines) - 1; len(lines[last]) == 0 {
		lines = lines[:last]
	}
	return lines
}

// hunk says that lines [A, AEnd) of one text stand for lines [B, BEnd) of another.
type hunk struct{ a, aEnd, b, bEnd int }

// diff returns what makes b of a, in order. Lines are given by their numbers.
func diff(a, b []int32) []hunk {
	x, y := newSide(a), newSide(b)
	reduce(x, y)
	s := newSearch(x, y)
	s.compare(0, len(x.kept), 0, len(y.kept), false)
	x.slide(y)
	y.slide(x)
	return hunks(x, y)
}

// side is one of two texts that are compared.
type side struct {
	lines   []int32
	kept    []int  // places of the lines that take part in the search
	changed []bool // by line, with one more at the end that never is
}

func newSide(lines []int32) *side { return &side{lines: lines, changed: make([]bool, len(lines)+1)} }

// hunks reads the differences off the marks: what is not marked is the same, in
// the same order, on both sides.
func hunks(x, y *side) (out []hunk) {
	for i, j := 0, 0; i < len(x.lines) || j < len(y.lines); i, j = i+1, j+1 {
		h := hunk{a: i, b: j}
		for x.changed[i] {
			i++
		}
		for y.changed[j] {
			j++
		}
		if h.aEnd, h.bEnd = i, j; h.a < i || h.b < j {
			out = append(out, h)
		}
	}
	return out
}
