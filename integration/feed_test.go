package integration

import (
	"context"
	"slices"
	"sync"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

// feed gathers the events of one run of a daemon.
type feed struct {
	ended chan struct{} // closed when the daemon has gone

	mu      sync.Mutex // guards all below
	events  []api.Event
	missed  bool          // the daemon dropped some before they were read
	arrived chan struct{} // closed and replaced at each event
}

// newFeed reads the client's events until its daemon goes or ctx ends.
func newFeed(ctx context.Context, c *api.Client) *feed {
	f := &feed{ended: make(chan struct{}), arrived: make(chan struct{})}
	go func() {
		defer close(f.ended)
		c.Events(ctx, 0, f.add) // ends with the daemon, which is no failure
	}()
	return f
}

func (f *feed) add(e api.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.missed = f.missed || e.ID != int64(len(f.events))+1
	f.events = append(f.events, e)
	close(f.arrived)
	f.arrived = make(chan struct{})
	return nil
}

// next is closed at the next event.
func (f *feed) next() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.arrived
}

// of returns the events so far of some types; complete is false if the daemon
// dropped any.
func (f *feed) of(types ...event.Type) (events []api.Event, complete bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events {
		if slices.Contains(types, event.Type(e.Type)) {
			events = append(events, e)
		}
	}
	return events, !f.missed
}
