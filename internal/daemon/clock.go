package daemon

import (
	"fmt"
	"sync"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

// clock gives versions their time. Nothing is decided by it but which of two
// versions made apart stands at the path. Still a wrong one would do harm: one
// that stands at 1970 refuses everybody's versions as far ahead, and what is
// counted in 2099 is refused by everybody. So versions are never dated before
// this program was made, nor long after; a clock that is behind goes on from
// the latest version that others have shown.
type clock struct {
	wall func() time.Time
	made time.Time

	mu    sync.Mutex // guards what follows
	heard int64      // the highest counter of others', unix seconds
	since time.Time  // when the clock was first seen to be wrong, zero while it is not
}

// believed is how long after it was made a program takes the clock's word. Other
// devices refuse what is ten years ahead of theirs.
const believed = 9 * 365 * 24 * time.Hour

// released is when the program was made, if nobody says so.
var released = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newClock(wall func() time.Time, made time.Time) *clock {
	if wall == nil {
		wall = time.Now
	}
	if made.IsZero() {
		made = released
	}
	return &clock{wall: wall, made: made}
}

// seconds is what a version made now bears.
func (c *clock) seconds() int64 {
	now := c.wall().Unix()
	switch low, high := c.made.Unix(), c.made.Add(believed).Unix(); {
	case now < low:
		c.mu.Lock()
		defer c.mu.Unlock()
		return max(low, c.heard)
	case now > high:
		return high
	}
	return now
}

// now is the time by which versions of others are found to be too far ahead.
func (c *clock) now() time.Time {
	if now := c.wall(); now.After(c.made) {
		return now
	}
	return c.made
}

// hear takes note of the versions that another device announces, as long as the
// clock is behind.
func (c *clock) hear(batch []index.Update) {
	if !c.wall().Before(c.made) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range batch {
		for j := range batch[i].Heads {
			c.heard = max(c.heard, int64(batch[i].Heads[j].Clock()))
		}
	}
}

const codeClock = "clock-wrong"

// problem says what is wrong with the clock, nil for nothing.
func (c *clock) problem() *api.Problem {
	now, made := c.wall(), c.made.UTC().Format(time.DateOnly)
	says := now.UTC().Format(time.DateOnly)
	var text string
	switch {
	case now.Before(c.made):
		text = fmt.Sprintf("The clock of this device says %s, before this labsync was made (%s); set it: until then changes made here are dated by those of other devices.", says, made)
	case now.After(c.made.Add(believed)):
		text = fmt.Sprintf("The clock of this device says %s, years after this labsync was made (%s); set it, or update labsync: until then changes made here are dated %s.",
			says, made, c.made.Add(believed).UTC().Format(time.DateOnly))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if text == "" {
		c.since = time.Time{}
		return nil
	}
	if c.since.IsZero() {
		c.since = now
	}
	return &api.Problem{Code: codeClock, Text: text, Since: c.since}
}

// lookAtClock tells once when the clock is found to be wrong, and when it is
// right again. Only follow calls it.
func (d *Daemon) lookAtClock() {
	p := d.clock.problem()
	switch wrong := p != nil; {
	case wrong == d.clockWrong:
		return
	case wrong:
		d.tell(event.Event{Type: event.Problem, Text: p.Text, Fields: map[string]string{"code": codeClock}})
	default:
		d.tell(event.Event{Type: event.ProblemCleared, Text: "The clock of this device is right again.", Fields: map[string]string{"code": codeClock}})
	}
	d.clockWrong = p != nil
}
