package daemon

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/labsync/labsync/index"
)

func set(t interface{ Fatal(...any) }, value string, v ...index.Counter) index.Record {
	payload, err := newRegister(value)
	if err != nil {
		t.Fatal(err)
	}
	return index.Record{Kind: kindFolder, Key: keyStrategy, Version: v, Payload: payload}
}

func TestRegisterActs(t *testing.T) {
	simple := set(t, "simple", index.Counter{Replica: 1, Value: 1})
	staggered := set(t, "staggered", index.Counter{Replica: 2, Value: 1})
	none := set(t, "none", index.Counter{Replica: 2, Value: 2})
	tests := []struct {
		name    string
		records []index.Record
		want    string
	}{
		{"one value acts", []index.Record{simple}, "simple"},
		{"of two set apart the more preserving one acts", []index.Record{simple, staggered}, "staggered"},
		{"a value that was overwritten does not come back", []index.Record{simple, staggered, none}, "simple"},
		{"in whatever order they arrive", []index.Record{none, staggered, simple}, "simple"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := tt.records[0]
			for _, next := range tt.records[1:] {
				r = joinRegister(r, next)
			}
			if got := registerActs(r); got != tt.want {
				t.Fatalf("%s acts, want %s", got, tt.want)
			}
		})
	}
}

func TestRegistersJoinInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) index.Record {
			var v index.Version
			for r := range index.Replica(3) {
				if n := rapid.Uint64Range(0, 2).Draw(t, label); n > 0 {
					v = append(v, index.Counter{Replica: r, Value: n})
				}
			}
			if v == nil {
				v = index.Version{{Replica: 9, Value: 1}}
			}
			return set(t, rapid.SampledFrom([]string{"none", "simple", "staggered"}).Draw(t, label), v...)
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		same(t, joinRegister(a, b), joinRegister(b, a), "commutative")
		same(t, joinRegister(joinRegister(a, b), c), joinRegister(a, joinRegister(b, c)), "associative")
		same(t, joinRegister(joinRegister(a, b), b), joinRegister(a, b), "idempotent")
	})
}

func same(t *rapid.T, a, b index.Record, what string) {
	if a.Version.Compare(b.Version) != index.Equal || !bytes.Equal(a.Payload, b.Payload) {
		t.Fatalf("the join is not %s: %s %v and %s %v", what, a.Payload, a.Version, b.Payload, b.Version)
	}
}
