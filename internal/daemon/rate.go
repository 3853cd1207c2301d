package daemon

import (
	"sync"
	"time"
)

// rates measures bytes per second over the last seconds, of anything that
// counts bytes.
type rates struct {
	mu   sync.Mutex // guards last
	last map[string]sample
}

type sample struct {
	at    time.Time
	value int64
	rate  float64
}

// tick is how often counters are looked at when somebody asks; older samples
// start anew.
const (
	shortest = 500 * time.Millisecond
	longest  = 10 * time.Second
)

// of returns the rate of a counter, and takes note of its value.
func (r *rates) of(name string, value int64, now time.Time) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = map[string]sample{}
	}
	s, ok := r.last[name]
	since := now.Sub(s.at)
	switch {
	case !ok || since > longest || value < s.value:
		r.last[name] = sample{at: now, value: value}
		return 0
	case since < shortest:
		return s.rate
	}
	now1 := float64(value-s.value) / since.Seconds()
	rate := now1
	if s.rate > 0 {
		rate = 0.5*s.rate + 0.5*now1 // smoothed, so that bars do not jump
	}
	r.last[name] = sample{at: now, value: value, rate: rate}
	return rate
}
