package pool

import (
	"time"

	"github.com/labsync/labsync/transport/admission"
)

// crossing is how long after a connection came up the peer's own attempt, begun
// before it knew, may still arrive: no longer than an attempt lives.
const crossing = admission.Timeout

// standing is what there is to know about a kind of connection to a device when
// that device asks for one.
type standing struct {
	// smaller reports whether our ID is the smaller one.
	smaller bool
	// asking reports whether we have asked the same and await the answer.
	asking bool
	// connected reports whether there is a connection. The rest is about it:
	// whether we dialled it, its age, and whether the newcomer is another
	// instance of the device.
	connected, dialed, otherInstance bool
	age                              time.Duration
}

type verdict int

const (
	admit     verdict = iota // and replace what there is
	duplicate                // refuse: the crossing one stays
	probe                    // admit unless the existing connection answers
)

// judge is the rule of the package documentation.
func judge(s standing) verdict {
	switch {
	case s.asking && s.smaller:
		return duplicate
	case !s.connected:
		return admit
	case s.otherInstance:
		return probe
	case s.dialed && s.smaller && s.age < crossing:
		return duplicate
	}
	return admit
}
