package chunk

import (
	"crypto/sha256"
	"encoding/binary"
)

type gearTable [256]uint64

func newGearTable() *gearTable {
	t := new(gearTable)
	for i := range t {
		h := sha256.Sum256(append([]byte("labsync gear"), byte(i)))
		t[i] = binary.BigEndian.Uint64(h[:])
	}
	return t
}

// gears is read-only.
var gears = newGearTable()

// window is how many bytes the rolling sum depends on: with each byte it moves
// up one of its 64 bits.
const window = 64

// resting returns the sum that any number of zeros leaves as it is. A window of
// zeros leads to it.
func resting() uint64 { return -gears[0] }

// lane is how many bytes each of two sums is rolled over at a time. A sum has to
// wait for the one before it, two sums side by side do not wait for each other,
// which nearly doubles the pace. Longer lanes mean that more is rolled in vain
// behind a cut, shorter ones that more windows are rolled twice.
const lane = 2048

// find rolls sum over p and returns the first position after which it is below
// limit, or -1, and the sum there. The byte at the cut still belongs to the
// block.
func find(p []byte, sum, limit uint64) (int, uint64) {
	done := 0
	for ; len(p)-done >= 2*lane; done += 2 * lane {
		two := (*[2 * lane]byte)(p[done:])
		if sum == resting() && sum >= limit && isZero(two[:]) {
			continue
		}
		n, last := beside(two, sum, limit)
		if n >= 0 {
			return done + n, last
		}
		sum = last
	}
	n, sum := roll(p[done:], sum, limit)
	if n < 0 {
		return -1, sum
	}
	return done + n, sum
}

// roll is find, one byte after another.
func roll(p []byte, sum, limit uint64) (int, uint64) {
	g := gears
	for i, b := range p {
		if sum = sum<<1 + g[b]; sum < limit {
			return i + 1, sum
		}
	}
	return -1, sum
}

// beside is find over both halves at once. It is written out for two bytes at
// a time, and such that the compiler needs no check of bounds.
func beside(two *[2 * lane]byte, sum, limit uint64) (int, uint64) {
	g := gears
	a, b := (*[lane]byte)(two[:lane]), (*[lane]byte)(two[lane:])
	_, ahead := roll(a[lane-window:], 0, 0)
	for i := 0; i <= lane-2; i += 2 {
		sum = sum<<1 + g[a[i]]
		ahead = ahead<<1 + g[b[i]]
		if sum < limit {
			return i + 1, sum
		}
		if ahead < limit {
			return firstOf(a[i+1:], sum, limit, i+1, ahead)
		}
		sum = sum<<1 + g[a[i+1]]
		ahead = ahead<<1 + g[b[i+1]]
		if sum < limit {
			return i + 2, sum
		}
		if ahead < limit {
			return firstOf(a[i+2:], sum, limit, i+2, ahead)
		}
	}
	return -1, ahead
}

// firstOf looks for a cut in the rest of the first lane, when there is one in
// the second after at bytes, with the sum ahead.
func firstOf(rest []byte, sum, limit uint64, at int, ahead uint64) (int, uint64) {
	if n, sum := roll(rest, sum, limit); n >= 0 {
		return at + n, sum
	}
	return lane + at, ahead
}
