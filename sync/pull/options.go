package pull

import (
	"log/slog"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/chunk"
	"github.com/labsync/labsync/sync/plan"
)

// Options of New. The zero value works.
type Options struct {
	// Parallel calls work(0) to work(n-1), at most as many at once as it likes,
	// and returns when all have returned. nil runs one after the other.
	Parallel func(n int, work func(i int))
	// Now is the wall clock; nil is time.Now.
	Now func() time.Time
	// Clock returns the unix seconds that versions made here bear; nil is Now.
	Clock func() int64
	// Boot tells one run of the machine from the next; "" if that is not known.
	Boot string
	// Fault is called at every failpoint (see the package documentation) with
	// its name; an error it returns is treated as one of the file system.
	Fault func(point string) error
	// OnEvent is told what happens while a call runs, from any goroutine.
	OnEvent func(Event)
	// Policy cuts versions that are made here of a save nobody had scanned.
	Policy chunk.Policy
	// Author gives siblings their names.
	Author plan.Names
	// Direction of the folder: in a receive-only folder no version is made
	// here, such a save stays among the displaced files.
	Direction plan.Direction
	// BatchBytes and Outstanding bound what one device is asked for at once:
	// bytes of one request (2 MiB) and requests (4).
	BatchBytes  int64
	Outstanding int
	// Quiet is how long a displaced file must have been left alone before it
	// is hashed again; 2 s.
	Quiet time.Duration
	Log   *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Parallel == nil {
		o.Parallel = serially
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Clock == nil {
		o.Clock = func() int64 { return o.Now().Unix() }
	}
	if o.Fault == nil {
		o.Fault = func(string) error { return nil }
	}
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	if o.BatchBytes <= 0 {
		o.BatchBytes = 2 << 20
	}
	if o.Outstanding <= 0 {
		o.Outstanding = 4
	}
	if o.Quiet <= 0 {
		o.Quiet = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func serially(n int, work func(i int)) {
	for i := range n {
		work(i)
	}
}

// EventKind tells events apart.
type EventKind uint8

// The kinds of events.
const (
	Progress  EventKind = iota // Received and Reused bytes of Name have arrived in the work directory
	BadBlock                   // Device sent bytes of Name that do not match their hash
	Struck                     // Device sent three bad blocks of Name and is not asked for it again
	Displaced                  // what stood at Name lies at Work now
	Saved                      // a save of Name that nobody had scanned was kept; its bytes lie at Work
	Recovered                  // bytes that nobody expected were found in the work directory, and put at Work
)

// Event is something that happened on the way.
type Event struct {
	Kind             EventKind
	Name             string
	Work             string // in the work directory
	Device           device.ID
	Received, Reused int64
}
