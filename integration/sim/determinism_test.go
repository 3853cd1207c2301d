package sim

import (
	"bytes"
	"runtime"
	"testing"
)

// One seed, one trace, to the byte: on one core or eight, again and again.
func TestOneSeedOneTrace(t *testing.T) {
	const times = 50
	for _, seed := range []uint64{1, 12, 123} {
		var first bytes.Buffer
		want := play(t, Options{Seed: seed, Trace: &first})
		for _, procs := range []int{1, 8} {
			was := runtime.GOMAXPROCS(procs)
			defer runtime.GOMAXPROCS(was)
			for i := range times {
				var trace bytes.Buffer
				got := play(t, Options{Seed: seed, Trace: &trace})
				if !bytes.Equal(trace.Bytes(), first.Bytes()) {
					t.Fatalf("seed %d, GOMAXPROCS=%d, run %d: another trace, from line\n%s", seed, procs, i, difference(first.Bytes(), trace.Bytes()))
				}
				if got.Hash != want.Hash || first.Len() == 0 {
					t.Fatalf("seed %d: the hash of equal traces differs", seed)
				}
			}
		}
	}
}

func difference(a, b []byte) []byte {
	theirs := bytes.Split(b, []byte{'\n'})
	for i, line := range bytes.Split(a, []byte{'\n'}) {
		if i == len(theirs) || !bytes.Equal(line, theirs[i]) {
			return line
		}
	}
	return nil
}

func TestSameSeedSameTrace(t *testing.T) {
	for s := range uint64(20) {
		if first, again := play(t, Options{Seed: s}), play(t, Options{Seed: s}); first.Hash != again.Hash {
			t.Errorf("seed %d: two traces, %s and %s", s, first.Hash, again.Hash)
		}
	}
}
