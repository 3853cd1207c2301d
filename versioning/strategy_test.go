package versioning

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var now = time.Date(2027, 3, 4, 14, 12, 0, 0, time.UTC)

func ago(d time.Duration) Kept { return Kept{Since: now.Add(-d)} }

func (k Kept) because(c Cause) Kept { k.Cause = c; return k }
func (k Kept) pinned() Kept         { k.Pinned = true; return k }
func (k Kept) waited(q Quarantine) Kept {
	k.Cause, k.Quarantine = LostConflict, q
	return k
}

func TestExpire(t *testing.T) {
	unseen := Quarantine{Ran: -1, RanAll: 89 * day}
	tests := []struct {
		name     string
		strategy Strategy
		kept     []Kept
		want     string // place and cause of what expires
	}{
		{"none: what was replaced goes at once", None{}, []Kept{ago(0)}, "0 replaced-by-author"},
		{"none: not what an open conflict needs", None{}, []Kept{ago(time.Hour).pinned()}, ""},
		{"none: what was deleted stays for 30 days", None{}, []Kept{ago(30*day - 1).because(Deleted), ago(30 * day).because(Deleted)}, "1 expired"},
		{"none: what lost waits for a week", None{}, []Kept{ago(day).waited(Quarantine{Ran: 7*day - 1}), ago(day).waited(Quarantine{Ran: 7 * day})}, "1 expired"},
		{"none: however old it is", None{}, []Kept{ago(400 * day).waited(Quarantine{Ran: 6 * day, RanAll: 6 * day})}, ""},
		{"none: for 90 days if its author has not seen it", None{}, []Kept{ago(100 * day).waited(unseen), ago(100 * day).waited(Quarantine{Ran: -1, RanAll: 90 * day})}, "1 expired"},
		{"none: or until it is acknowledged", None{}, []Kept{ago(time.Second).waited(Quarantine{Acknowledged: true, Ran: -1})}, "0 acknowledged"},
		{"none: what is pinned is not let go by an acknowledgement", None{}, []Kept{ago(time.Second).waited(Quarantine{Acknowledged: true}).pinned()}, ""},
		{"none: what left the path tomorrow stays", None{}, []Kept{ago(-day)}, ""},

		{"simple: the last ones stay", Simple{Keep: 2}, []Kept{ago(3 * day), ago(day), ago(2 * day), ago(4 * day)}, "0 over-keep-n, 3 over-keep-n"},
		{"simple: however old they are", Simple{Keep: 2}, []Kept{ago(3000 * day), ago(4000 * day)}, ""},
		{"simple: what was deleted beyond them stays for 30 days", Simple{Keep: 1}, []Kept{ago(day), ago(29 * day).because(Deleted), ago(31 * day).because(Deleted)}, "2 over-keep-n"},
		{"simple: so does what an open conflict needs", Simple{Keep: 1}, []Kept{ago(day), ago(90 * day).pinned(), ago(91 * day)}, "2 over-keep-n"},
		{"simple: of versions that left together the first given counts as the latest", Simple{Keep: 1}, []Kept{ago(day), ago(day)}, "1 over-keep-n"},
		{"simple: none at all", Simple{}, []Kept{ago(day)}, "0 over-keep-n"},

		{"staggered: one for 30 seconds of the last hour", Staggered{}, []Kept{ago(58*time.Minute + 40*time.Second), ago(58*time.Minute + 50*time.Second), ago(57 * time.Minute)}, "1 thinned"},
		{"staggered: one an hour of the last day", Staggered{}, []Kept{ago(5*time.Hour + 13*time.Minute), ago(5*time.Hour + 11*time.Minute), ago(5*time.Hour + 10*time.Minute)}, "1 thinned"},
		{"staggered: one a day of the last month", Staggered{}, []Kept{ago(10 * day), ago(10*day + time.Hour), ago(11 * day)}, "1 thinned"},
		{"staggered: one a week of the last year", Staggered{}, []Kept{ago(66 * day), ago(70 * day), ago(77 * day)}, "1 thinned"},
		{"staggered: nothing after a year", Staggered{}, []Kept{ago(364 * day), ago(365 * day)}, "1 expired"},
		{"staggered: but for what an open conflict needs", Staggered{}, []Kept{ago(500 * day).pinned(), ago(10 * day), ago(10*day + time.Minute).pinned()}, ""},
		{"staggered: what was deleted stays for 30 days", Staggered{}, []Kept{ago(10 * day), ago(10*day + time.Minute).because(Deleted)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := text(tt.strategy.Expire(tt.kept, now)); got != tt.want {
				t.Errorf("expired is %q, want %q", got, tt.want)
			}
		})
	}
}

func text(expired []Expiry) (s string) {
	for i, e := range expired {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%d %v", e.Index, e.Cause)
	}
	return s
}

// TestThinningDoesNotDependOnWhenItIsDone lets a device thin what it keeps at
// any times, and compares with one that does so at the end only.
func TestThinningDoesNotDependOnWhenItIsDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ages := rapid.SliceOfNDistinct(rapid.Int64Range(0, int64(400*day/time.Second)), 0, 60, rapid.ID).Draw(t, "ages")
		looks := rapid.SliceOfN(rapid.Int64Range(0, int64(400*day/time.Second)), 0, 20).Draw(t, "looks")
		slices.Sort(looks)
		var all []Kept
		for _, a := range ages {
			all = append(all, ago(time.Duration(a)*time.Second))
		}
		left := slices.Clone(all)
		for _, back := range slices.Backward(looks) {
			at := now.Add(-time.Duration(back) * time.Second)
			left = without(left, Staggered{}.Expire(left, at))
		}
		left = without(left, Staggered{}.Expire(left, now))
		if want := without(all, Staggered{}.Expire(all, now)); !slices.Equal(left, want) {
			t.Fatalf("left are %v, want %v", left, want)
		}
	})
}

func without(kept []Kept, expired []Expiry) (left []Kept) {
	for i := range kept {
		if !slices.ContainsFunc(expired, func(e Expiry) bool { return e.Index == i }) {
			left = append(left, kept[i])
		}
	}
	return left
}

func TestByName(t *testing.T) {
	for name, want := range map[string]Strategy{"none": None{}, "simple": Simple{Keep: 5}, "staggered": Staggered{}} {
		if s, err := ByName(name); err != nil || s != want {
			t.Errorf("%s is %v, %v", name, s, err)
		}
	}
	if _, err := ByName("all"); err == nil {
		t.Error("a strategy that does not exist is accepted")
	}
}
