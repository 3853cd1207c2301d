package index_test

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"testing"

	"github.com/labsync/labsync/index"
	"pgregory.net/rapid"
)

// versions draws versions of few replicas with small counters, so that all
// four orders are common.
func versions() *rapid.Generator[index.Version] {
	return rapid.Custom(func(t *rapid.T) index.Version {
		var v index.Version
		for r := index.Replica(1); r <= 4; r++ {
			if n := rapid.Uint64Range(0, 3).Draw(t, "counter"); n > 0 {
				v = append(v, index.Counter{Replica: r << 60, Value: n})
			}
		}
		return v
	})
}

// compareByCounters is Compare as the definition has it.
func compareByCounters(v, w index.Version) index.Order {
	less, more := false, false
	for _, side := range []index.Version{v, w} {
		for _, c := range side {
			a, b := v.Counter(c.Replica), w.Counter(c.Replica)
			less, more = less || a < b, more || a > b
		}
	}
	switch {
	case less && more:
		return index.Concurrent
	case less:
		return index.Before
	case more:
		return index.After
	}
	return index.Equal
}

func TestVersionCompareIsTheOrderOfCounters(t *testing.T) {
	reverse := map[index.Order]index.Order{index.Equal: index.Equal, index.Concurrent: index.Concurrent, index.Before: index.After, index.After: index.Before}
	rapid.Check(t, func(t *rapid.T) {
		v, w := versions().Draw(t, "v"), versions().Draw(t, "w")
		got := v.Compare(w)
		if want := compareByCounters(v, w); got != want {
			t.Fatalf("%v to %v is %d, want %d", v, w, got, want)
		}
		if w.Compare(v) != reverse[got] {
			t.Fatalf("%v to %v is %d, and back %d", v, w, got, w.Compare(v))
		}
		if v.Dominates(w) != (got == index.After || got == index.Equal) {
			t.Fatalf("%v dominates %v: %v", v, w, v.Dominates(w))
		}
	})
}

func TestVersionMergeIsTheLeastUpperBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, v, w := versions().Draw(t, "u"), versions().Draw(t, "v"), versions().Draw(t, "w")
		m := v.Merge(w)
		if !m.Dominates(v) || !m.Dominates(w) {
			t.Fatalf("%v does not dominate %v and %v", m, v, w)
		}
		if u.Dominates(v) && u.Dominates(w) && !u.Dominates(m) {
			t.Fatalf("%v is an upper bound below %v", u, m)
		}
		if m.Compare(w.Merge(v)) != index.Equal || v.Merge(v).Compare(v) != index.Equal || u.Merge(m).Compare(u.Merge(v).Merge(w)) != index.Equal {
			t.Fatalf("merging %v, %v, %v is no join", u, v, w)
		}
	})
}

func TestVersionBumpDescendsAndIsNew(t *testing.T) {
	bumps := map[bool]func(v index.Version, r index.Replica, now int64, heads ...index.Version) index.Version{
		false: index.Version.Bump, true: index.Version.BumpShadow,
	}
	rapid.Check(t, func(t *rapid.T) {
		v := versions().Draw(t, "v")
		heads := rapid.SliceOfN(versions(), 0, 3).Draw(t, "heads")
		r := index.Replica(rapid.Uint64Range(1, 5).Draw(t, "replica")) << 60
		now := rapid.Int64Range(-2, 6).Draw(t, "now")
		shadows := rapid.Bool().Draw(t, "shadow")
		if rapid.Bool().Draw(t, "shadow before") {
			v = v.BumpShadow(r, now)
		}
		author := r
		if shadows {
			author = r.Shadow()
		}
		before := v.String()
		b := bumps[shadows](v, r, now, heads...)
		if b.Compare(v) != index.After {
			t.Fatalf("%v does not descend from %v", b, v)
		}
		for _, h := range append(heads, v) {
			if c := b.Counter(author); c <= h.Counter(r) || c <= h.Counter(r.Shadow()) {
				t.Fatalf("%v uses a counter that %v has", b, h)
			}
		}
		if now > 0 && b.Counter(author) < uint64(now) {
			t.Fatalf("%v is before its time %d", b, now)
		}
		if v.String() != before {
			t.Fatalf("%s became %v", before, v)
		}
	})
}

// What is made of a sibling never bears the version of what was made of the file
// that it stands beside, however the clocks of their authors are set.
func TestAVersionSetAsideIsNoneOfItsAuthors(t *testing.T) {
	lost := index.Version{{Replica: 1, Value: 5}, {Replica: 9, Value: 2}}
	aside := lost.Aside()
	if !slices.IsSortedFunc(aside, func(a, b index.Counter) int { return cmp.Compare(a.Replica, b.Replica) }) {
		t.Errorf("%v is not in order", aside)
	}
	if lost.Aside().Aside().Compare(lost) != index.Equal || aside.Compare(lost) != index.Concurrent {
		t.Errorf("%v of %v", aside, lost)
	}
	if a, b := aside.Bump(1, 0), lost.Bump(1, 0); a.Compare(b) == index.Equal {
		t.Errorf("an edit of either is %v", a)
	}
	later := index.Version{{Replica: 1, Value: 6}, {Replica: 9, Value: 2}}
	if later.Aside().Compare(aside) != index.After {
		t.Error("versions set aside do not follow each other as they did")
	}
}

func TestVersionEncodingIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, w := versions().Draw(t, "v"), versions().Draw(t, "w")
		encoded := v.Append(nil)
		if bytes.Equal(encoded, w.Append(nil)) != (v.Compare(w) == index.Equal) {
			t.Fatalf("%v and %v", v, w)
		}
		back, err := index.ParseVersion(encoded)
		if err != nil || back.Compare(v) != index.Equal {
			t.Fatalf("%v came back as %v, %v", v, back, err)
		}
	})
}

func FuzzParseVersion(f *testing.F) {
	f.Add(index.Version{{Replica: 1, Value: 1}, {Replica: 2, Value: 1 << 40}}.Append(nil))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0})          // a zero counter
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0x81, 0x00}) // a varint longer than it need be
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := index.ParseVersion(b)
		if err != nil {
			if !errors.Is(err, index.ErrBadVersion) {
				t.Fatal(err)
			}
			return
		}
		if back := v.Append(nil); !bytes.Equal(back, b) {
			t.Fatalf("%x was read as %v, which is %x", b, v, back)
		}
	})
}

func TestCanonical(t *testing.T) {
	const now = 1_700_000_000
	tooMany := make([]index.Counter, index.MaxCounters+1)
	for i := range tooMany {
		tooMany[i] = index.Counter{Replica: index.Replica(i + 1), Value: 1}
	}
	tests := []struct {
		name     string
		counters []index.Counter
		want     string // "" for a refusal
	}{
		{"counters are sorted by replica", []index.Counter{{Replica: 2, Value: 5}, {Replica: 1, Value: 6}}, "{0000000000000001:6 0000000000000002:5}"},
		{"a counter of today is taken", []index.Counter{{Replica: 1, Value: now}}, "{0000000000000001:1700000000}"},
		{"nine years ahead is taken", []index.Counter{{Replica: 1, Value: now + 9*365*24*3600}}, "{0000000000000001:1983824000}"},
		{"eleven years ahead is refused", []index.Counter{{Replica: 1, Value: now + 11*365*24*3600}}, ""},
		{"the greatest counter is refused", []index.Counter{{Replica: 1, Value: 1<<64 - 1}}, ""},
		{"a zero counter is refused", []index.Counter{{Replica: 1}}, ""},
		{"a replica named twice is refused", []index.Counter{{Replica: 1, Value: 1}, {Replica: 1, Value: 2}}, ""},
		{"more counters than anyone has are refused", tooMany, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := index.Canonical(test.counters, now)
			switch {
			case test.want == "" && !errors.Is(err, index.ErrBadVersion):
				t.Fatalf("%v, %v; want a refusal", v, err)
			case test.want != "" && (err != nil || v.String() != test.want):
				t.Fatalf("%v, %v; want %s", v, err, test.want)
			}
		})
	}
	counters := []index.Counter{{Replica: 2, Value: 5}, {Replica: 1, Value: 6}}
	if _, err := index.Canonical(counters, now); err != nil || counters[0].Replica != 2 {
		t.Fatalf("the caller's counters became %v, %v", counters, err)
	}
}

func TestReplicaText(t *testing.T) {
	for _, r := range []index.Replica{0, 1, 0xfedcba9876543210} {
		if back, err := index.ParseReplica(r.String()); err != nil || back != r {
			t.Errorf("%v came back as %v, %v", r, back, err)
		}
	}
	for _, s := range []string{"", "1", "fedcba987654321g", "fedcba98765432100", "+edcba9876543210", "fedc_a9876543210"} {
		if r, err := index.ParseReplica(s); err == nil {
			t.Errorf("%q was read as %v", s, r)
		}
	}
}
