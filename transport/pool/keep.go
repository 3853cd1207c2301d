package pool

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/overtcp"
)

const (
	// headStart is how long TCP waits for QUIC when nothing is connected.
	headStart = 250 * time.Millisecond
	// stagger keeps a device with many addresses from being dialled at all of
	// them when the first works.
	stagger = 100 * time.Millisecond
	// settled is how long a connection must have lasted to be redialled at once.
	settled = 10 * time.Second
)

// keep dials one kind of connection to a device whenever there is none.
func (p *Pool) keep(ctx context.Context, pe *peer, kind string) {
	var pause backoff
	var last *entry // the connection whose end is awaited
	fresh := true   // nothing has failed since the last connection
	for ctx.Err() == nil {
		p.mu.Lock()
		current, rests := pe.conns[kind], p.rests(pe, kind)
		changed, nudged := pe.changed, pe.nudged
		candidates := pe.candidates(kind)
		near := pe.near(candidates)
		quicMayCome := pe.conns[transport.KindQUIC] == nil && len(pe.candidates(transport.KindQUIC)) > 0
		p.mu.Unlock()
		if rests {
			if current != nil {
				last, fresh = current, true
			}
			sleep(ctx, 0, changed)
			continue
		}
		if last != nil {
			// One that was closed soon after it came up would be again.
			if time.Since(last.since) < settled {
				sleep(ctx, pause.next(near), nudged)
			} else {
				pause.reset()
			}
			last = nil
			continue
		}
		if fresh && kind == transport.KindTCP && quicMayCome {
			sleep(ctx, headStart, changed)
		}
		err := p.dial(ctx, pe, kind, candidates, attempt(near))
		if err == nil || ctx.Err() != nil {
			continue
		}
		fresh = false
		p.failed(pe, kind, err)
		sleep(ctx, pause.next(near), nudged)
	}
}

// rests reports whether a keeper has nothing to do until something changes.
func (p *Pool) rests(pe *peer, kind string) bool {
	tcp := pe.conns[transport.KindTCP]
	bepOnly := tcp != nil && tcp.conn.Protocol() == transport.ProtocolBEP
	return pe.conns[kind] != nil || len(pe.candidates(kind)) == 0 ||
		kind == transport.KindQUIC && bepOnly
}

// sleep returns after d (zero: never), on wake or when ctx ends.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	var after <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-after:
	case <-wake:
	case <-ctx.Done():
	}
}

func (p *Pool) failed(pe *peer, kind string, err error) {
	p.mu.Lock()
	fresh := pe.errs[kind] == nil || pe.errs[kind].Error() != err.Error()
	pe.errs[kind] = err
	p.mu.Unlock()
	if fresh {
		p.options.Log.Debug("cannot connect", "device", pe.id.Short(), "kind", kind, "error", err)
	}
}

// dial connects to one of the candidates. It returns nil also when the device
// has connected to us meanwhile.
func (p *Pool) dial(ctx context.Context, pe *peer, kind string, candidates []addr.Candidate, patience time.Duration) error {
	out, from, err := p.race(ctx, pe, kind, candidates, patience)
	if err != nil {
		return err
	}
	p.mu.Lock()
	superfluous := pe.conns[kind] != nil
	if !superfluous {
		pe.asking[kind] = true
		pe.reached[from.Address] = true
	}
	p.mu.Unlock()
	if superfluous {
		out.Abandon()
		return nil
	}
	conn, instance, err := out.Enter(ctx)
	p.mu.Lock()
	delete(pe.asking, kind)
	var refusal *admission.Refusal
	if errors.As(err, &refusal) && refusal.Code == admission.Duplicate && pe.conns[kind] != nil {
		err = nil // theirs came first, as agreed
	}
	var e *entry
	if conn != nil && ctx.Err() == nil && pe.conns[kind] == nil {
		e = p.install(pe, conn, instance)
	}
	p.mu.Unlock()
	switch {
	case e != nil:
		p.options.OnConn(e.conn)
	case conn != nil:
		_ = conn.Close("another connection was faster")
	}
	return err
}

type dialed struct {
	out  admission.Outgoing
	from addr.Candidate
	err  error
}

// race dials all candidates, one a little after the other, up to the end of TLS
// and keeps the first that gets there. All its goroutines have ended when it
// returns.
func (p *Pool) race(ctx context.Context, pe *peer, kind string, candidates []addr.Candidate, patience time.Duration) (admission.Outgoing, addr.Candidate, error) {
	ctx, cancel := context.WithTimeout(ctx, patience+time.Duration(len(candidates)-1)*stagger)
	defer cancel()
	results := make(chan dialed, len(candidates))
	var dialing sync.WaitGroup
	for i, c := range candidates {
		dialing.Go(func() {
			if i > 0 {
				sleep(ctx, time.Duration(i)*stagger, nil)
			}
			r := dialed{from: c, err: ctx.Err()}
			if r.err == nil {
				r.out, r.err = p.dialOne(ctx, pe, kind, c)
			}
			results <- r
		})
	}
	go func() { dialing.Wait(); close(results) }()
	var first *dialed
	var failure error
	for r := range results {
		switch {
		case r.err != nil:
			failure = worse(failure, r.err)
		case first == nil:
			first = &r
			cancel()
		default:
			r.out.Abandon()
		}
	}
	if first == nil {
		return nil, addr.Candidate{}, failure
	}
	return first.out, first.from, nil
}

// worse keeps the error that says more: the first that is not mere silence.
func worse(a, b error) error {
	if a == nil || errors.Is(a, context.DeadlineExceeded) && !errors.Is(b, context.Canceled) {
		return b
	}
	return a
}

func (p *Pool) dialOne(ctx context.Context, pe *peer, kind string, c addr.Candidate) (admission.Outgoing, error) {
	if kind == transport.KindQUIC {
		return p.sockets.dial(ctx, p.policy, pe.id, c.Address)
	}
	return overtcp.Dial(ctx, p.policy, pe.id, c.Address)
}
