package pool

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/labsync/labsync/transport"
)

// Control frames up to this size do not wait for bulk that was sent before
// them, as long as the debt is small. They are charged, so bulk pays.
const (
	urgentSize = 4 << 10
	urgentDebt = 250 * time.Millisecond
)

// limitedConn applies rate limits to the streams of a connection.
type limitedConn struct {
	transport.Conn
	control transport.Stream
	bulk    []transport.Stream
}

func limit(c transport.Conn, all, device buckets) transport.Conn {
	send := meter{all.send, device.send}
	receive := meter{all.receive, device.receive}
	wrap := func(s transport.Stream, urgent bool) transport.Stream {
		return &limitedStream{Stream: s, ctx: c.Context(), send: newPacer(send), receive: newPacer(receive), urgent: urgent}
	}
	l := &limitedConn{Conn: c}
	for _, s := range c.Bulk() {
		l.bulk = append(l.bulk, wrap(s, false))
	}
	// Without bulk streams the control stream carries bulk.
	l.control = wrap(c.Control(), len(l.bulk) > 0)
	return l
}

func (l *limitedConn) Control() transport.Stream { return l.control }
func (l *limitedConn) Bulk() []transport.Stream  { return l.bulk }

// limitedStream pays after each chunk, so that what has arrived is handed on at
// once and only the next call waits.
type limitedStream struct {
	transport.Stream
	ctx           context.Context
	send, receive *pacer
	urgent        bool
}

func (s *limitedStream) Read(p []byte) (int, error) {
	if err := s.receive.wait(s.ctx, 0); err != nil {
		return 0, err
	}
	n, err := s.Stream.Read(p[:s.receive.meter.chunk(len(p))])
	s.receive.charge(n)
	return n, err
}

func (s *limitedStream) Write(p []byte) (written int, err error) {
	var patience time.Duration
	if s.urgent && len(p) <= urgentSize {
		patience = urgentDebt
	}
	for first := true; first || len(p) > 0; first = false {
		if err := s.send.wait(s.ctx, patience); err != nil {
			return written, err
		}
		n, err := s.Stream.Write(p[:s.send.meter.chunk(len(p))])
		s.send.charge(n)
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

func (s *limitedStream) SetReadDeadline(t time.Time) error {
	s.receive.setDeadline(t)
	return s.Stream.SetReadDeadline(t)
}

func (s *limitedStream) SetWriteDeadline(t time.Time) error {
	s.send.setDeadline(t)
	return s.Stream.SetWriteDeadline(t)
}

// pacer makes one direction of a stream wait until its debt is paid.
type pacer struct {
	meter meter

	mu       sync.Mutex // guards the fields below
	due      time.Time
	deadline time.Time
	changed  chan struct{} // closed when deadline changes
}

func newPacer(m meter) *pacer { return &pacer{meter: m, changed: make(chan struct{})} }

func (p *pacer) charge(n int) {
	due := p.meter.charge(n)
	p.mu.Lock()
	p.due = due
	p.mu.Unlock()
}

func (p *pacer) setDeadline(t time.Time) {
	p.mu.Lock()
	p.deadline = t
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
}

// wait returns when the debt is down to patience, the deadline has passed or
// the connection has ended.
func (p *pacer) wait(ctx context.Context, patience time.Duration) error {
	for {
		p.mu.Lock()
		due, deadline, changed := p.due.Add(-patience), p.deadline, p.changed
		p.mu.Unlock()
		now := time.Now()
		if !due.After(now) {
			return nil
		}
		if !deadline.IsZero() {
			if !deadline.After(now) {
				return os.ErrDeadlineExceeded
			}
			if deadline.Before(due) {
				due = deadline
			}
		}
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}
