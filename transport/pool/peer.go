package pool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

// peer is what the pool knows of a wanted device. The pool's lock guards it.
type peer struct {
	id      device.ID // never changes, so it needs no lock
	want    Wanted
	buckets buckets
	conns   map[string]*entry // by kind
	asking  map[string]bool   // kinds for which we await the answer
	reached map[string]bool   // addresses that have answered in this run
	errs    map[string]error  // by kind, since the last connection of it
	since   time.Time         // when the last connection ended, or the device was added
	stop    context.CancelFunc
	changed chan struct{} // closed and replaced when connections change
	nudged  chan struct{} // closed and replaced to end pauses
}

// entry is a connection in the pool.
type entry struct {
	conn     transport.Conn // with limits
	inner    transport.Conn // without
	instance uint64
	since    time.Time
}

func newPeer(w Wanted) *peer {
	return &peer{
		id: w.ID, want: w, buckets: newBuckets(w.Limits), since: time.Now(),
		conns: make(map[string]*entry), asking: make(map[string]bool),
		reached: make(map[string]bool), errs: make(map[string]error),
		changed: make(chan struct{}), nudged: make(chan struct{}),
	}
}

func broadcast(c *chan struct{}) {
	close(*c)
	*c = make(chan struct{})
}

// candidates returns those of a kind.
func (pe *peer) candidates(kind string) []addr.Candidate {
	return slices.DeleteFunc(slices.Clone(pe.want.Candidates), func(c addr.Candidate) bool { return c.Scheme != kind })
}

// near reports whether one of the candidates is worth frequent attempts.
func (pe *peer) near(candidates []addr.Candidate) bool {
	return slices.ContainsFunc(candidates, func(c addr.Candidate) bool {
		return onThisNetwork(c) || pe.reached[c.Address]
	})
}

// SetDevices replaces the devices to keep connected. Connections to those that
// are gone or paused are closed before it returns.
func (p *Pool) SetDevices(wanted []Wanted) {
	p.mu.Lock()
	keep := make(map[device.ID]bool, len(wanted))
	var removed, paused []transport.Conn
	for _, w := range wanted {
		if w.ID == p.self {
			continue
		}
		keep[w.ID] = true
		paused = append(paused, p.want(w)...)
	}
	for id, pe := range p.peers {
		if !keep[id] {
			delete(p.peers, id)
			removed = append(removed, pe.halt()...)
		}
	}
	p.mu.Unlock()
	closeTogether(removed, "this device was removed there")
	closeTogether(paused, "this device is paused there")
}

// want adds or changes a device and returns the connections to close.
func (p *Pool) want(w Wanted) []transport.Conn {
	pe := p.peers[w.ID]
	if pe == nil {
		pe = newPeer(w)
		p.peers[w.ID] = pe
	}
	before := pe.want
	pe.want = w
	pe.buckets.set(w.Limits)
	if w.Paused {
		return pe.halt()
	}
	p.startKeepers(pe)
	if !slices.EqualFunc(before.Candidates, w.Candidates, sameAddress) {
		broadcast(&pe.changed)
		broadcast(&pe.nudged)
	}
	return nil
}

func sameAddress(a, b addr.Candidate) bool { return a.Scheme == b.Scheme && a.Address == b.Address }

// startKeepers does nothing for a device that has them or shall have none.
func (p *Pool) startKeepers(pe *peer) {
	if p.run == nil || pe.stop != nil || pe.want.Paused {
		return
	}
	ctx, stop := context.WithCancel(p.run)
	pe.stop = stop
	for _, kind := range []string{transport.KindQUIC, transport.KindTCP} {
		p.tasks.Go(func() { p.keep(ctx, pe, kind) })
	}
}

// halt ends the keepers and gives up the connections, for the caller to close.
func (pe *peer) halt() (conns []transport.Conn) {
	if pe.stop != nil {
		pe.stop()
		pe.stop = nil
	}
	for kind, e := range pe.conns {
		conns = append(conns, e.conn)
		delete(pe.conns, kind)
	}
	clear(pe.errs)
	return conns
}

// Nudge dials a device that is not connected at once, say because the network
// has changed.
func (p *Pool) Nudge(id device.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pe := p.peers[id]; pe != nil {
		broadcast(&pe.nudged)
	}
}

// Status says how a device stands.
type Status struct {
	ID device.ID
	// Kinds are those connected, QUIC first.
	Kinds []string
	// Err is why it is not connected, nil if it is or nothing has failed yet.
	Err error
	// Since is when the device was last seen connected or was added; zero while
	// it is connected.
	Since time.Time
}

// Status returns all wanted devices, ordered by ID.
func (p *Pool) Status() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Status, 0, len(p.peers))
	for id, pe := range p.peers {
		s := Status{ID: id}
		for _, kind := range []string{transport.KindQUIC, transport.KindTCP} {
			if pe.conns[kind] != nil {
				s.Kinds = append(s.Kinds, kind)
			}
		}
		if len(s.Kinds) == 0 {
			s.Err, s.Since = pe.failure(), pe.since
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Status) int { return a.ID.Compare(b.ID) })
	return list
}

// failure picks the error that says most: what the other end said, then what
// the kernel says of TCP, then QUIC's silence.
func (pe *peer) failure() error {
	quic, tcp := pe.errs[transport.KindQUIC], pe.errs[transport.KindTCP]
	var refusal *admission.Refusal
	if tcp == nil || errors.As(quic, &refusal) {
		return quic
	}
	return tcp
}
