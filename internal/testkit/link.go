package testkit

import (
	"errors"
	"sync"
	"time"
)

// ErrCut is what both ends of a cut link see.
var ErrCut = errors.New("connection reset by the test")

// Link is the path between the two ends of a Pipe. Its controls take effect on
// what is under way, too.
type Link struct {
	mu      sync.Mutex // guards the fields below and all buffers
	latency time.Duration
	stalled bool
	changed chan struct{} // closed and replaced whenever someone may go on
	ends    [2]*Conn
}

// wake lets every waiting Read and Write look again; the lock is held.
func (l *Link) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// SetLatency delays what is written from now on, one way.
func (l *Link) SetLatency(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latency = d
}

// Stall lets nothing arrive until Resume: the path is a black hole that loses
// nothing. Writes go on until the buffers are full.
func (l *Link) Stall() { l.setStalled(true) }

// Resume ends Stall.
func (l *Link) Resume() { l.setStalled(false) }

func (l *Link) setStalled(stalled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stalled = stalled
	l.wake()
}

// Cut ends the connection at both ends with ErrCut, losing what is under way.
func (l *Link) Cut() {
	for _, c := range l.ends {
		c.end(ErrCut)
	}
}
