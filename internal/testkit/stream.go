package testkit

import (
	"io"
	"net"
	"os"
	"time"
)

// bufferSize bounds what a stream holds that is not read yet.
const bufferSize = 256 << 10

// half is one direction of a stream. The link's lock guards it.
type half struct {
	segments []segment
	size     int
	ended    bool // no more will be written
}

type segment struct {
	due   time.Time // when it arrives
	bytes []byte
}

// stream is one end of a stream.
type stream struct {
	conn                        *Conn
	in, out                     *half
	readDeadline, writeDeadline time.Time
}

func (s *stream) Read(p []byte) (n int, err error) {
	l := s.conn.Link
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case s.conn.err != nil:
			return 0, s.conn.err
		case expired(s.readDeadline, now):
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case l.stalled:
		case len(s.in.segments) == 0 && s.in.ended:
			return 0, io.EOF
		case len(s.in.segments) > 0 && !s.in.segments[0].due.After(now):
			n = s.in.take(p)
			s.conn.received += int64(n)
			l.wake()
			return n, nil
		}
		until := s.readDeadline
		if !l.stalled && len(s.in.segments) > 0 {
			until = earlier(until, s.in.segments[0].due)
		}
		s.wait(until)
	}
}

func (h *half) take(p []byte) int {
	first := &h.segments[0]
	n := copy(p, first.bytes)
	h.size -= n
	if first.bytes = first.bytes[n:]; len(first.bytes) == 0 {
		h.segments = h.segments[1:]
	}
	return n
}

func (s *stream) Write(p []byte) (written int, err error) {
	l := s.conn.Link
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		now := time.Now()
		switch {
		case s.conn.err != nil:
			return written, s.conn.err
		case s.out.ended:
			return written, net.ErrClosed
		case expired(s.writeDeadline, now):
			return written, os.ErrDeadlineExceeded
		}
		if n := min(len(p), bufferSize-s.out.size); n > 0 {
			s.out.segments = append(s.out.segments, segment{now.Add(l.latency), append([]byte(nil), p[:n]...)})
			s.out.size += n
			s.conn.sent += int64(n)
			written += n
			p = p[n:]
			l.wake()
		}
		if len(p) == 0 {
			return written, nil
		}
		s.wait(s.writeDeadline)
	}
}

// wait releases the lock until something changes or a time has come; zero is
// never.
func (s *stream) wait(until time.Time) {
	l := s.conn.Link
	changed := l.changed
	l.mu.Unlock()
	defer l.mu.Lock()
	var after <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-changed:
	case <-after:
	}
}

// Close ends the writing direction, as closing a QUIC stream does.
func (s *stream) Close() error {
	s.locked(func() { s.out.ended = true })
	return nil
}

func (s *stream) SetReadDeadline(t time.Time) error {
	s.locked(func() { s.readDeadline = t })
	return nil
}

func (s *stream) SetWriteDeadline(t time.Time) error {
	s.locked(func() { s.writeDeadline = t })
	return nil
}

func (s *stream) locked(change func()) {
	l := s.conn.Link
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.wake()
}

func expired(deadline, now time.Time) bool { return !deadline.IsZero() && !deadline.After(now) }

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
