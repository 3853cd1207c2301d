package register

import (
	"reflect"
	"testing"

	"github.com/labsync/labsync/index"
	"pgregory.net/rapid"
)

// drawEntries draws versions of one name whose vectors and contents collide.
func drawEntries(t *rapid.T, label string) []index.Entry {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) index.Entry {
		var v index.Version
		for r := index.Replica(1); r <= 3; r++ {
			if n := rapid.Uint64Range(0, 2).Draw(t, "counter"); n > 0 {
				v = append(v, index.Counter{Replica: r, Value: n})
			}
		}
		if v == nil {
			v = index.Version{{Replica: 1, Value: 1}}
		}
		return index.Entry{Name: "n", Version: v, Hash: index.Hash{byte(rapid.IntRange(1, 2).Draw(t, "hash"))},
			Deleted: rapid.IntRange(0, 3).Draw(t, "deleted") == 0}
	}), 1, 3).Draw(t, label)
}

// step is a change of a register.
type step func(*Register)

func drawSteps(t *rapid.T) []step {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		entries := drawEntries(t, "entries")
		device := rapid.IntRange(1, 3).Draw(t, "device")
		quiet := rapid.IntRange(0, 4).Draw(t, "quiet") == 0
		lost := rapid.IntRange(0, 4).Draw(t, "lost") == 0
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return func(r *Register) { r.Derive(&entries[0]) }
		case 1:
			return func(r *Register) { r.Announce(device, nil) }
		case 2, 3, 4:
			return func(r *Register) { r.Announce(device, entries) }
		}
		return func(r *Register) {
			c := index.Change{Entry: entries[0], Quiet: quiet}
			for _, e := range entries {
				if lost && !quiet {
					c.Lost = append(c.Lost, e.Version)
				} else {
					c.Heads = append(c.Heads, e.Version)
				}
			}
			if v := r.Held(); v != nil {
				c.Base = v.Entry.Version
			}
			r.Commit(&c)
		}
	}), 0, 8).Draw(t, "steps")
}

// check fails if the register is not as its documentation says.
func check(t *rapid.T, r *Register) {
	held := 0
	for i := range r.Versions {
		v := &r.Versions[i]
		if v.Held {
			held++
		} else if v.quiet() {
			t.Fatalf("%v is kept for nobody", v.Entry.Version)
		}
		if i > 0 && compare(r.Versions[i-1], *v) >= 0 {
			t.Fatalf("versions %d and %d are not in order", i-1, i)
		}
		if _, ours := v.by(Self); v.Derived && (ours || dominated(r.Versions, i, nil)) {
			t.Fatalf("%v is derived still", v.Entry.Version)
		}
	}
	if held > 1 {
		t.Fatalf("%d versions are held", held)
	}
	if r.Dirty != index.Clean && r.Dirty != r.Open() {
		t.Fatalf("dirty %d, open %d", r.Dirty, r.Open())
	}
	if len(r.Versions) > 0 && len(r.Maximal()) == 0 && (len(r.Versions) > 1 || !r.Versions[0].quiet()) {
		t.Fatal("announced versions have no head")
	}
	first := make(map[int]int)
	for i := range r.Versions {
		for _, a := range r.Versions[i].Announced {
			if _, ok := first[a.Device]; !ok || a.First {
				first[a.Device] += map[bool]int{true: 1}[a.First]
			}
		}
	}
	for device, n := range first {
		if n != 1 {
			t.Fatalf("device %d has %d versions at the path", device, n)
		}
	}
}

func TestRegisterStaysInForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Register{Name: "n"}
		for _, step := range drawSteps(t) {
			before := *r
			versions := append([]Version(nil), r.Versions...)
			step(r)
			check(t, r)
			if !reflect.DeepEqual(append([]Version(nil), before.Versions...), versions) {
				t.Fatal("a snapshot was written to")
			}
		}
	})
}

func TestAnnouncementsOfDevicesCommute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := Register{Name: "n"}
		for _, step := range drawSteps(t) {
			step(&start)
		}
		one, two := drawEntries(t, "one"), drawEntries(t, "two")
		start.Announce(8, nil)
		a, b := start, start
		a.Announce(8, one)
		a.Announce(9, two)
		b.Announce(9, two)
		b.Announce(8, one)
		if !same(a.Maximal(), b.Maximal()) || len(a.Versions) != len(b.Versions) {
			t.Fatalf("in one order\n%+v\nin the other\n%+v", a, b)
		}
	})
}

func TestWithdrawingEverythingLeavesWhatIsOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Register{Name: "n"}
		for _, step := range drawSteps(t) {
			step(r)
		}
		for device := 1; device <= 3; device++ {
			r.Announce(device, nil)
		}
		check(t, r)
		for i := range r.Versions {
			v := &r.Versions[i]
			if _, ours := v.by(Self); !ours && !v.Held && !v.Derived {
				t.Fatalf("%+v is left", v)
			}
		}
	})
}

func TestTallyIsTheSumOfItsRegisters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept Tally
		r := &Register{Name: "n"}
		for _, step := range drawSteps(t) {
			before := *r
			step(r)
			kept.Replace(&before, r)
		}
		var fresh Tally
		fresh.Replace(nil, r)
		if kept.Counts != fresh.Counts || kept.Live != fresh.Live {
			t.Fatalf("kept %+v, counted %+v", kept, fresh)
		}
		for device := 1; device <= 3; device++ {
			if kept.Behind(device) != fresh.Behind(device) {
				t.Fatalf("device %d: kept %+v, counted %+v", device, kept.Behind(device), fresh.Behind(device))
			}
		}
	})
}
