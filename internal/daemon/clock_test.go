package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
)

func TestVersionsAreDatedByAClockThatCanBeRight(t *testing.T) {
	made := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	at := func(year int) time.Time { return time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC) }
	top := made.Add(believed)
	tests := []struct {
		name    string
		wall    time.Time
		heard   int64
		want    int64
		others  time.Time // by which others' versions are judged
		problem string
	}{
		{"a clock that is right", at(2027), 0, at(2027).Unix(), at(2027), ""},
		{"what others say is nothing to a clock that is right", at(2027), at(2030).Unix(), at(2027).Unix(), at(2027), ""},
		{"1970, alone", time.Unix(5, 0), 0, made.Unix(), made, "says 1970-01-01, before"},
		{"1970, beside others", time.Unix(5, 0), at(2027).Unix(), at(2027).Unix(), made, "says 1970-01-01, before"},
		{"before 1970", at(1901), 0, made.Unix(), made, "before"},
		{"2099", at(2099), 0, top.Unix(), at(2099), "says 2099-07-01, years after"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wall := tt.wall
			c := newClock(func() time.Time { return wall }, made)
			c.hear([]index.Update{{Heads: []index.Entry{{Version: index.Version{{Replica: 1, Value: uint64(tt.heard)}}, ModifiedBy: 1}}}})
			if got := c.seconds(); got != tt.want {
				t.Errorf("versions are dated %v, want %v", time.Unix(got, 0), time.Unix(tt.want, 0))
			}
			if got := c.now(); !got.Equal(tt.others) {
				t.Errorf("others' versions are judged at %v, want %v", got, tt.others)
			}
			p := c.problem()
			if (p != nil) != (tt.problem != "") || p != nil && !strings.Contains(p.Text, tt.problem) {
				t.Errorf("the problem is %+v, want one with %q", p, tt.problem)
			}
			if wall = at(2027); c.problem() != nil {
				t.Error("the problem stays when the clock is right")
			}
			// Whatever a clock says, the others, whose clocks are right, take it.
			if _, err := index.Canonical([]index.Counter{{Replica: 1, Value: uint64(tt.want)}}, at(2026).Unix()); err != nil {
				t.Errorf("another device refuses it: %v", err)
			}
		})
	}
}
