package pool

import (
	"context"
	"time"

	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

const (
	// newcomerProbe is how long an existing connection may take to answer while
	// another instance of the device waits at the door.
	newcomerProbe = time.Second
	// siblingProbe is the same after the connection beside it broke.
	siblingProbe = 3 * time.Second
)

// prober is a connection that can find out whether the other end answers.
type prober interface {
	Probe(context.Context) bool
}

// incoming decides on a connection from a trusted device.
func (p *Pool) incoming(in *admission.Incoming) {
	var silent *entry // found not to answer
	for {
		p.mu.Lock()
		pe := p.peers[in.Conn.Device()]
		if pe == nil || pe.want.Paused || p.run == nil {
			p.mu.Unlock()
			in.Refuse(p.refusal(pe))
			return
		}
		old := pe.conns[in.Conn.Kind()]
		v := judge(p.standing(pe, in))
		if v == duplicate {
			p.mu.Unlock()
			in.Refuse(admission.Refuse(admission.Duplicate, "a connection made from there comes first"))
			return
		}
		if v == admit || old == silent {
			p.admit(pe, in)
			return
		}
		ctx, witness := p.run, pe.witness(old)
		p.mu.Unlock()
		if witness.answers(ctx, newcomerProbe) {
			in.Refuse(admission.Refuse(admission.SecondInstance,
				"another computer with the same identity is connected; give one of them an identity of its own"))
			if p.options.SecondInstance != nil {
				p.options.SecondInstance(in.Conn.Device())
			}
			return
		}
		silent = old
	}
}

func (p *Pool) refusal(pe *peer) *admission.Refusal {
	switch {
	case pe == nil:
		return admission.Unknown()
	case pe.want.Paused:
		return admission.Refuse(admission.Paused, "this device is paused there")
	}
	return admission.Refuse(admission.Busy, "the other device is stopping")
}

func (p *Pool) standing(pe *peer, in *admission.Incoming) standing {
	kind := in.Conn.Kind()
	s := standing{smaller: p.self.Compare(pe.id) < 0, asking: pe.asking[kind]}
	if old := pe.conns[kind]; old != nil {
		s.connected, s.dialed, s.age = true, old.conn.Dialed(), time.Since(old.since)
		s.otherInstance = old.instance != 0 && in.Instance != 0 && old.instance != in.Instance
	}
	return s
}

// admit is called with the lock and releases it. The connection is in the pool
// before the dialer hears so: what is established there is established here.
func (p *Pool) admit(pe *peer, in *admission.Incoming) {
	old := pe.conns[in.Conn.Kind()]
	e := p.install(pe, in.Conn, in.Instance)
	p.mu.Unlock()
	if old != nil {
		_ = old.conn.Close("replaced by a newer connection")
	}
	if err := in.Admit(); err != nil {
		_ = e.conn.Close("could not be admitted")
		return
	}
	p.options.OnConn(e.conn)
}

// install makes a connection the one of its kind; the lock is held.
func (p *Pool) install(pe *peer, conn transport.Conn, instance uint64) *entry {
	e := &entry{conn: limit(conn, p.all, pe.buckets), inner: conn, instance: instance, since: time.Now()}
	pe.conns[conn.Kind()] = e
	p.open[e] = struct{}{}
	delete(pe.errs, conn.Kind())
	broadcast(&pe.changed)
	context.AfterFunc(conn.Context(), func() { p.ended(pe, e) })
	p.options.Log.Debug("connected", "device", pe.id.Short(), "kind", conn.Kind(), "address", conn.RemoteAddr())
	return e
}

// ended forgets a connection and, when TCP broke, looks after the one beside it.
func (p *Pool) ended(pe *peer, e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, e)
	kind := e.conn.Kind()
	if pe.conns[kind] != e {
		return
	}
	delete(pe.conns, kind)
	pe.errs[kind] = context.Cause(e.conn.Context())
	pe.since = time.Now()
	broadcast(&pe.changed)
	p.options.Log.Debug("disconnected", "device", pe.id.Short(), "kind", kind, "cause", pe.errs[kind])
	sibling := pe.conns[transport.KindQUIC]
	if kind != transport.KindTCP || sibling == nil || p.run == nil {
		return
	}
	ctx := p.run
	p.tasks.Go(func() {
		if !sibling.answers(ctx, siblingProbe) && ctx.Err() == nil {
			_ = sibling.conn.Close("no answer")
		}
	})
}

// witness returns the connection that can best tell whether the other end of
// one is alive.
func (pe *peer) witness(e *entry) *entry {
	if quic := pe.conns[transport.KindQUIC]; quic != nil && quic.instance == e.instance {
		return quic
	}
	return e
}

// answers reports whether the other end of a connection is alive. One that
// cannot tell is believed for a while and then not: the kernel has long reset
// the TCP connections of a process that has ended, so only a machine that lost
// power leaves one behind, and that takes longer to come back.
func (e *entry) answers(ctx context.Context, patience time.Duration) bool {
	pr, ok := e.inner.(prober)
	if !ok {
		return time.Since(e.since) < crossing
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return pr.Probe(ctx)
}
