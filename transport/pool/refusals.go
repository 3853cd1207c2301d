package pool

import (
	"sync"
	"time"

	"github.com/labsync/labsync/internal/device"
)

const (
	refusalInterval = time.Minute
	maxRefusals     = 256
)

// refusals remembers which strangers have been reported lately. Beyond its size
// nobody new is reported until an entry is old: making identities is free.
type refusals struct {
	mu       sync.Mutex
	reported map[device.ID]time.Time
}

func (r *refusals) first(id device.ID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, known := r.reported[id]; known && now.Sub(at) < refusalInterval {
		return false
	}
	if len(r.reported) >= maxRefusals {
		for other, at := range r.reported {
			if now.Sub(at) >= refusalInterval {
				delete(r.reported, other)
			}
		}
		if len(r.reported) >= maxRefusals {
			return false
		}
	}
	if r.reported == nil {
		r.reported = make(map[device.ID]time.Time)
	}
	r.reported[id] = now
	return true
}
