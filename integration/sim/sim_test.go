package sim

import (
	"slices"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
		second          DeviceSetup
	}{
		{"content that is nowhere any more", "I2", func(w *World) {
			for _, d := range w.devices {
				w.must(d.user.RemoveAll("a"))
			}
		}, DeviceSetup{}},
		{"content that nobody wrote", "I3", func(w *World) {
			for _, d := range w.devices {
				w.must(d.user.Write("a", []byte("zeros")))
				w.must(d.user.Touch("a", 0))
			}
		}, DeviceSetup{}},
		{"a device whose tree differs", "I1", func(w *World) { w.must(w.devices[1].user.Chmod("a", 0o600)) }, DeviceSetup{}},
		{"a directory that a send-only device lacks", "I1", func(w *World) { w.must(w.devices[0].user.Mkdir("d")) }, DeviceSetup{SendOnly: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{
				Setup:  &Setup{Topology: Mesh, Devices: []DeviceSetup{{}, tt.second}},
				Script: []Operation{{Kind: Edit, Name: "a"}},
			}
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
