package engine

import (
	"testing"
	"time"

	"github.com/labsync/labsync/sync/plan"
)

// TestVersionsAreDated says by what clock a version made here is counted.
func TestVersionsAreDated(t *testing.T) {
	clock := func() int64 { return 2_000_000 }
	tests := []struct {
		name        string
		change      func(*Options)
		first, then uint64 // found by the first scan; by a later one
	}{
		{"by the time of the event", nil, 1_000_000, 1_000_000},
		{"by a clock of its own", func(o *Options) { o.Clock = clock }, 2_000_000, 2_000_000},
		{"before all else what a new index finds", func(o *Options) { o.Clock, o.Fresh = clock, true }, 1, 2_000_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.change)
			r.step(Started{})
			sc := one[Scan](r)
			r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: "first", Entry: directory("first", 0)}}})
			r.step(ScanDone{ID: sc.ID})
			r.step(Changed{Scopes: []Scope{{Name: "then"}}})
			sc = one[Scan](r)
			r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: "then", Entry: directory("then", 0)}}})
			for name, want := range map[string]uint64{"first": tt.first, "then": tt.then} {
				if got := r.state(name).Local.Entry.Clock(); got != want {
					t.Errorf("%s is dated %d, want %d", name, got, want)
				}
			}
		})
	}
}

// TestAClockThatIsSetBackDelaysNoRecheck: displaced files are looked at again
// after the time that was to pass, not when the clock comes to say so.
func TestAClockThatIsSetBackDelaysNoRecheck(t *testing.T) {
	r := started(t, nil)
	r.now = time.Now() // which knows time that nobody sets
	r.step(Rechecked{Next: r.now.Add(time.Minute).UnixNano()})
	if at := r.engine.recheck; at.Sub(r.now) != time.Minute || at.String() == at.Round(0).String() {
		t.Errorf("the next look is at %v, want it by the monotonic clock", at)
	}
}
