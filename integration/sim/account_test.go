package sim

import (
	"testing"

	"github.com/labsync/labsync/index"
)

func TestWhatStandsForAnAct(t *testing.T) {
	v := func(counters ...index.Counter) index.Version { return counters }
	c := func(r index.Replica, n uint64) index.Counter { return index.Counter{Replica: r, Value: n} }
	tests := []struct {
		name  string
		known []index.Version
		next  index.Version
		act   bool
	}{
		{"the first version of a name", nil, v(c(1, 10)), true},
		{"an edit", []index.Version{v(c(1, 10))}, v(c(1, 11)), true},
		{"an edit beside another", []index.Version{v(c(1, 10)), v(c(1, 10), c(2, 20))}, v(c(1, 11)), true},
		{"a version that was recorded before is none", []index.Version{v(c(1, 10)), v(c(1, 11))}, v(c(1, 10)), false},
		{"the join of what is known is none", []index.Version{v(c(1, 10)), v(c(2, 20)), v(c(3, 30))}, v(c(1, 10), c(2, 20)), false},
		{"an edit by a replica that counted further before its version was lost", []index.Version{v(c(1, 10)), v(c(2, 20))}, v(c(1, 10), c(2, 3)), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccounts()
			for _, v := range tt.known {
				a.enter(&index.Entry{Name: "n", Version: v}, false)
			}
			a.enter(&index.Entry{Name: "n", Version: tt.next}, true)
			if act := len(a.acts["n"]) > 0; act != tt.act {
				t.Errorf("an act: %v, want %v", act, tt.act)
			}
		})
	}
}

func TestAVersionMayBeMadeAgainOnceNobodyHasIt(t *testing.T) {
	tests := []struct {
		name  string
		lose  int // devices whose index is lost
		twice bool
	}{
		{"all have it", 0, true},
		{"one has it", 1, true},
		{"nobody has it", 2, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Setup: &Setup{Topology: Mesh, Devices: make([]DeviceSetup, 2)}, Script: []Operation{{Kind: Edit, Name: "a"}}}
			_, err := run(t.Context(), o, func(w *World) {
				held, err := w.devices[0].index.Local(w.ctx, "a")
				w.must(err)
				other := held.Entry.Clone()
				other.Hash[0]++
				for _, d := range w.devices[:tt.lose] {
					w.must(d.loseIndex())
				}
				w.devices[0].mean(&other)
				if twice := len(w.failed) > 0; twice != tt.twice {
					t.Errorf("reported %v, want that it is: %v", w.failed, tt.twice)
				}
				w.violate("done", nil, "this world is not judged")
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
