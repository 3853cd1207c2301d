package versioning

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Strategy says which old versions of one name have expired.
type Strategy interface {
	// Expire returns what has expired of the versions that are kept of one name,
	// in the order given. now has to be a time that can be trusted: without one
	// nothing expires, and Expire is not to be called.
	Expire(kept []Kept, now time.Time) []Expiry
}

// Expiry is a version that may go.
type Expiry struct {
	Index int // of what was given to Expire
	Cause Cause
}

// DefaultKeep is how many versions Simple keeps if nothing else is said.
const DefaultKeep = 5

// ByName returns the strategy with the name that configurations and records use.
func ByName(name string) (Strategy, error) {
	switch name {
	case "none":
		return None{}, nil
	case "simple":
		return Simple{Keep: DefaultKeep}, nil
	case "staggered":
		return Staggered{}, nil
	}
	return nil, fmt.Errorf("there is no strategy %q; use none, simple or staggered", name)
}

// None keeps no history.
type None struct{}

// Expire implements Strategy.
func (None) Expire(kept []Kept, now time.Time) (out []Expiry) {
	for i := range kept {
		k := &kept[i]
		if k.held(now) {
			continue
		}
		cause, over := k.Cause, true
		switch k.Cause {
		case Deleted:
			cause = Expired
		case LostConflict:
			cause, over = k.Quarantine.over()
		}
		if over {
			out = append(out, Expiry{i, cause})
		}
	}
	return out
}

// Simple keeps the last versions.
type Simple struct{ Keep int }

// Expire implements Strategy. What is kept for other reasons counts.
func (s Simple) Expire(kept []Kept, now time.Time) (out []Expiry) {
	for n, i := range latestFirst(kept) {
		if n >= s.Keep && !kept[i].held(now) {
			out = append(out, Expiry{i, OverKeepN})
		}
	}
	return inOrder(out)
}

// Staggered keeps fewer versions the older they get.
type Staggered struct{}

// steps are the intervals of Staggered, and up to which age they hold.
var steps = [...]struct{ age, interval time.Duration }{
	{time.Hour, 30 * time.Second},
	{day, time.Hour},
	{30 * day, day},
	{365 * day, 7 * day},
}

// Expire implements Strategy. Of each interval the latest version stays.
func (Staggered) Expire(kept []Kept, now time.Time) (out []Expiry) {
	type slot struct {
		interval time.Duration
		number   int64
	}
	taken := map[slot]bool{}
	for _, i := range latestFirst(kept) {
		k := &kept[i]
		step := slices.IndexFunc(steps[:], func(s struct{ age, interval time.Duration }) bool { return now.Sub(k.Since) < s.age })
		if step < 0 {
			if !k.held(now) {
				out = append(out, Expiry{i, Expired})
			}
			continue
		}
		in := slot{steps[step].interval, k.Since.Unix() / int64(steps[step].interval/time.Second)}
		if taken[in] && !k.held(now) {
			out = append(out, Expiry{i, Thinned})
		}
		taken[in] = true
	}
	return inOrder(out)
}

// latestFirst returns the places of versions, those that left the path last first.
func latestFirst(kept []Kept) []int {
	order := make([]int, len(kept))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return kept[b].Since.Compare(kept[a].Since) })
	return order
}

func inOrder(out []Expiry) []Expiry {
	slices.SortFunc(out, func(a, b Expiry) int { return cmp.Compare(a.Index, b.Index) })
	return out
}
