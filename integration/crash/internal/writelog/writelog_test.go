package writelog

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestPagesHoldWhatWasWritten(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const size = 20 * pageSize
	p, plain := Pages{}, make([]byte, size)
	for range 500 {
		at := rng.IntN(size)
		data := make([]byte, rng.IntN(min(3*pageSize, size-at)+1))
		if rng.IntN(4) > 0 { // else zeros
			for i := range data {
				data[i] = byte(rng.Uint32())
			}
		}
		before := p.clone()
		snapshot := make([]byte, size)
		before.read(snapshot, 0)
		p.write(data, int64(at))
		copy(plain[at:], data)
		got := make([]byte, size)
		if p.read(got, 0); !bytes.Equal(got, plain) {
			t.Fatal("what is read is not what was written")
		}
		if before.read(got, 0); !bytes.Equal(got, snapshot) {
			t.Fatal("a copy changed with what it was made of")
		}
	}
	p.write(make([]byte, size), 0)
	if len(p) != 0 {
		t.Errorf("%d pages of zeros are kept", len(p))
	}
}

func at(p Pages, offset int64) byte {
	var b [1]byte
	p.read(b[:], offset)
	return b[0]
}

func all(int) bool  { return true }
func none(int) bool { return false }

func TestALossOfPowerTakesOnlyWhatWasNotFlushed(t *testing.T) {
	var l Log
	d, other := l.NewDevice(1<<20), l.NewDevice(1<<20)
	d.writeAt([]byte{1}, 0, false)
	l.Begin()
	d.writeAt([]byte{2}, 0, false)     // 0
	l.Mark("first")                    // 1
	d.flush()                          // 2
	d.writeAt([]byte{3}, 0, false)     // 3
	d.writeAt([]byte{4}, 5000, false)  // 4
	other.flush()                      // 5
	other.writeAt([]byte{9}, 0, true)  // 6, 7
	l.Mark("second")                   // 8
	d.writeAt([]byte{5}, 5000, false)  // 9
	other.writeAt([]byte{8}, 0, false) // 10
	for _, one := range []struct {
		says        string
		to          int
		survives    func(int) bool
		first, deep byte // at 0 and 5000 of d
		other       byte
		marks       int
	}{
		{"at the beginning nothing but the base is there", 0, all, 1, 0, 0, 0},
		{"an unflushed write is lost", 1, none, 1, 0, 0, 0},
		{"an unflushed write survives", 1, all, 2, 0, 0, 0},
		{"a flushed write is there", 3, none, 2, 0, 0, 1},
		{"a later write survives without an earlier one", 5, func(i int) bool { return i == 1 }, 2, 4, 0, 1},
		{"a flush of another device is none of this", 6, none, 2, 0, 0, 1},
		{"a write through the cache needs no flush", 8, none, 2, 0, 9, 1},
		{"all has reached the disk", 11, all, 3, 5, 8, 2},
		{"all that was not flushed is lost", 11, none, 2, 0, 9, 2},
	} {
		r := NewReplay(&l)
		r.Advance(one.to)
		left := r.Left(d, one.survives)
		if at(left, 0) != one.first || at(left, 5000) != one.deep || at(r.Left(other, one.survives), 0) != one.other {
			t.Errorf("%s: found %d, %d and %d", one.says, at(left, 0), at(left, 5000), at(r.Left(other, one.survives), 0))
		}
		if len(r.Marks()) != one.marks {
			t.Errorf("%s: marks are %v", one.says, r.Marks())
		}
	}
	if writes, flushes := l.Counts(); writes != 6 || flushes != 3 {
		t.Errorf("counted %d writes and %d flushes", writes, flushes)
	}
}
