package pool

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/transport/admission"
)

const (
	firstPause = 100 * time.Millisecond
	nearPause  = 2 * time.Second
	farPause   = 60 * time.Second
	// nearAttempt leaves time for four retransmissions of a first packet.
	nearAttempt = 2500 * time.Millisecond
)

// backoff is the pause between failing attempts, doubled each time.
type backoff struct{ pause time.Duration }

func (b *backoff) reset() { b.pause = 0 }

// next returns the pause before the next attempt: up to a quarter more or less,
// so that devices that lost each other together do not knock together.
func (b *backoff) next(near bool) time.Duration {
	b.pause = min(max(2*b.pause, firstPause), longest(near))
	quarter := b.pause / 4
	return b.pause - quarter + rand.N(2*quarter)
}

func longest(near bool) time.Duration {
	if near {
		return nearPause
	}
	return farPause
}

func attempt(near bool) time.Duration {
	if near {
		return nearAttempt
	}
	return admission.Timeout
}

// onThisNetwork reports whether a candidate's address is one that costs nobody
// else anything to try often.
func onThisNetwork(c addr.Candidate) bool {
	ap, err := netip.ParseAddrPort(c.Address)
	if err != nil {
		return false
	}
	ip := ap.Addr().Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}
