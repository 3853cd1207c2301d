package sim

import (
	"context"
	"flag"
	"os"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

var (
	cases = flag.Int("sim.n", 300, "how many cases to play")
	seed  = flag.Uint64("sim.seed", 1, "seed of the first case")
	show  = flag.Bool("sim.trace", false, "write the trace of the first case")
	deep  = flag.Bool("sim.strict", false, "look for lost content after every step")
	ops   = flag.Int("sim.ops", 0, "operations of a case, 0 for the usual number")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDevicesConverge(t *testing.T) {
	n, failures := *cases, 0
	if *show {
		n = 1
	}
	for i := range n {
		o := Options{Seed: *seed + uint64(i), Operations: *ops, Strict: *deep}
		if *show {
			o.Trace = os.Stdout
		}
		res, err := Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Violations) == 0 {
			continue
		}
		t.Errorf("seed %d: %v (%d steps)", o.Seed, res.Violations[0], res.Steps)
		if failures++; failures == 20 {
			t.Fatal("too many failures")
		}
	}
}

func TestEveryTopologyConverges(t *testing.T) {
	for name, shape := range map[string]Topology{"mesh": Mesh, "star": Star, "chain": Chain} {
		t.Run(name, func(t *testing.T) {
			for devices := 2; devices <= 4; devices++ {
				for s := range uint64(5) {
					res, err := Run(t.Context(), Options{Seed: s, Devices: devices, Topology: shape})
					if err != nil || len(res.Violations) > 0 {
						t.Errorf("%d devices, seed %d: %v %v", devices, s, res.Violations, err)
					}
				}
			}
		})
	}
}

// An oracle that finds nothing proves little unless it can find something.
func TestTheOracleSeesWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, invariant string
		harm            func(w *World)
	}{
		{"content that is nowhere any more", "I2", func(w *World) {
			for _, d := range w.devices {
				w.must(d.user.RemoveAll("a"))
			}
		}},
		{"content that nobody wrote", "I3", func(w *World) {
			for _, d := range w.devices {
				w.must(d.user.Write("a", []byte("zeros")))
				w.must(d.user.Touch("a", 0))
			}
		}},
		{"a device whose tree differs", "I1", func(w *World) { w.must(w.devices[1].user.Chmod("a", 0o600)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Devices: 2, Script: []Operation{{Kind: Edit, Name: "a"}}}
			res, err := run(t.Context(), o, tt.harm)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(res.Violations, func(v Violation) bool { return v.Invariant == tt.invariant }) {
				t.Fatalf("violations %v, want %s", res.Violations, tt.invariant)
			}
		})
	}
}

func (w *World) must(err error) {
	if err != nil {
		panic(err)
	}
}

func TestSameSeedSameTrace(t *testing.T) {
	for s := range uint64(20) {
		first, err := Run(context.Background(), Options{Seed: s})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Run(context.Background(), Options{Seed: s})
		if err != nil {
			t.Fatal(err)
		}
		if first.Hash != again.Hash {
			t.Errorf("seed %d: two traces, %s and %s", s, first.Hash, again.Hash)
		}
	}
}
