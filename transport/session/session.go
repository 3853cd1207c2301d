package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/wire"
)

// Session is the conversation with one device. Its methods may be called from
// any goroutine, at any time. What is sent before Run waits for it; after the
// end all fail with ErrEnded.
type Session struct {
	id      uint64 // random; what this session calls itself
	peer    device.ID
	hello   Hello
	handler Handler
	opt     Options
	since   time.Time

	// ctx ends with the session; its cause says why.
	ctx context.Context
	end context.CancelCauseFunc
	wg  sync.WaitGroup // all goroutines; added to by Run, Attach and readers only

	zstd     *wire.Compressor
	buffers  sync.Pool     // of *[]byte, bulk frames to fill
	outgoing *outgoing     // control messages to the other side
	incoming *incoming     // and from it
	asking   caps          // what we have asked for
	asked    caps          // what the other side has asked for
	serving  chan struct{} // a token per batch being answered
	strays   atomic.Int32  // answers that nobody asked for

	mu      sync.Mutex // guards what follows; never held while waiting
	links   []*link    // those that live, best for control first
	running bool
	closed  bool
	batch   uint32        // number of the last batch
	other   uint64        // what the other side calls its session
	joined  bool          // other is known
	heard   chan struct{} // closed, and made anew, when a pong comes
	// Bytes of connections that are gone.
	sent, received int64
}

// caps bound what is in flight in one direction.
type caps struct {
	ranges, bytes *semaphore.Weighted
}

func newCaps() caps {
	return caps{semaphore.NewWeighted(wire.MaxRanges), semaphore.NewWeighted(wire.MaxBytes)}
}

func (c caps) acquire(ctx context.Context, ranges, bytes int64) error {
	if err := c.ranges.Acquire(ctx, ranges); err != nil {
		return context.Cause(ctx)
	}
	if err := c.bytes.Acquire(ctx, bytes); err != nil {
		c.ranges.Release(ranges)
		return context.Cause(ctx)
	}
	return nil
}

func (c caps) release(ranges, bytes int64) {
	c.ranges.Release(ranges)
	c.bytes.Release(bytes)
}

// New returns a session that starts with one link. Run must be called, or the
// link closed by the caller.
func New(first *Link, h Handler, o Options) (*Session, error) {
	z, err := wire.NewCompressor()
	if err != nil {
		return nil, fmt.Errorf("new session: %w", err)
	}
	s := &Session{
		id: rand.Uint64(), peer: first.conn.Device(), hello: first.hello, handler: h, opt: o.withDefaults(),
		since: time.Now(), zstd: z, incoming: newIncoming(), asking: newCaps(), asked: newCaps(),
		serving: make(chan struct{}, servedAtOnce), heard: make(chan struct{}),
	}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	s.outgoing = newOutgoing()
	s.add(newLink(s, first))
	return s, nil
}

// Device is who is at the other end.
func (s *Session) Device() device.ID { return s.peer }

// Hello is what the other side said of itself.
func (s *Session) Hello() Hello { return s.hello }

// Done is closed when the session has begun to end.
func (s *Session) Done() <-chan struct{} { return s.ctx.Done() }

// Run holds the conversation until ctx ends, Close is called, the last link is
// lost or the other side breaks the protocol. It returns why, never nil. All
// links are closed then and all it started has ended.
func (s *Session) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { s.end(context.Cause(ctx)) })
	defer stop()
	s.mu.Lock()
	s.running = true
	for _, l := range s.links {
		l.start()
	}
	s.mu.Unlock()
	s.wg.Go(s.dispatch)
	s.wg.Go(s.watch)

	<-s.ctx.Done()
	cause := context.Cause(s.ctx)
	s.mu.Lock()
	s.closed = true
	links := s.links
	s.mu.Unlock()
	for _, l := range links {
		l.shut(cause)
	}
	s.wg.Wait()
	s.zstd.Close()
	return fmt.Errorf("session with %s: %w", s.peer.Short(), cause)
}

// Close ends the session and tells the other side why, in a few words.
func (s *Session) Close(reason string) { s.end(&closeError{reason}) }

// closeError is the cause of a session that was closed here.
type closeError struct{ reason string }

func (e *closeError) Error() string { return "closed here: " + e.reason }
func (e *closeError) Unwrap() error { return ErrEnded }

// Attach adds a link to the same device. If that is another instance of the
// device, an error wraps ErrSecondInstance when the session's own instance still
// answers a ping (within 2 s): two processes share one identity, and the link
// was closed with that reason. If it does not answer it is gone; the session
// ends, the error wraps ErrEnded, and the link is good for a New session. An
// ended session returns ErrEnded too.
func (s *Session) Attach(ctx context.Context, l *Link) error {
	if l.conn.Device() != s.peer {
		return fmt.Errorf("attach connection of %s to session with %s", l.conn.Device().Short(), s.peer.Short())
	}
	if l.hello.Instance != s.hello.Instance {
		return s.attachOther(ctx, l)
	}
	if !s.add(newLink(s, l)) {
		return fmt.Errorf("attach connection: %w", ErrEnded)
	}
	return nil
}

func (s *Session) attachOther(ctx context.Context, l *Link) error {
	answers, err := s.answers(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("attach connection: %w", err)
	case answers:
		err = fmt.Errorf("%w: two running devices have the ID %s", ErrSecondInstance, s.peer)
		_ = l.conn.Close(err.Error()) // the error is told to the caller, who can do no more
		return err
	}
	s.end(fmt.Errorf("%w: the device has restarted", ErrEnded))
	return fmt.Errorf("attach connection: %w: the device has restarted", ErrEnded)
}

// answers asks on all links for a sign of life.
func (s *Session) answers(ctx context.Context) (bool, error) {
	s.mu.Lock()
	heard := s.heard
	for _, l := range s.links {
		l.control.put(bareFrame(wire.TypePing, 0))
	}
	s.mu.Unlock()
	t := time.NewTimer(answersIn)
	defer t.Stop()
	select {
	case <-heard:
		return true, nil
	case <-t.C:
		return false, nil
	case <-s.ctx.Done():
		return false, ErrEnded
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// errBegunAnew ends a session that the other side holds no more. It has nothing
// of what was said in it but what it recorded, and counts from the beginning.
var errBegunAnew = fmt.Errorf("%w: the device has begun a new one", ErrEnded)

// join notes to which session of the other side a link belongs. If one side
// ends a session and the other has not noticed, a new link joins two different
// ones, which this finds out.
func (s *Session) join(other uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined && s.other != other {
		return errBegunAnew
	}
	s.other, s.joined = other, true
	return nil
}

// pong notes that the other side answered a ping.
func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.heard)
	s.heard = make(chan struct{})
}

// add takes in a link, unless the session has ended.
func (s *Session) add(l *link) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.ctx.Err() != nil {
		return false
	}
	at := len(s.links)
	for at > 0 && controlRank(l.kind()) < controlRank(s.links[at-1].kind()) {
		at--
	}
	s.links = append(s.links[:at:at], append([]*link{l}, s.links[at:]...)...)
	if s.running {
		l.start()
	}
	if at == 0 {
		s.outgoing.moveTo(l.control)
	}
	return true
}

// lose drops a link. The control messages it may have swallowed are sent again
// on the next one; its batches end and are asked again by those who wait.
func (s *Session) lose(l *link, err error) {
	if errors.Is(err, ErrProtocol) || errors.Is(err, errBegunAnew) {
		s.end(err) // Run closes the links, telling why
		return
	}
	// The cause is set before the connection is closed, which makes its other
	// readers fail for no reason of their own.
	if fatal(err) {
		s.end(err)
	}
	l.cancel(err)
	_ = l.conn.Close(reasonOf(err)) // it is gone for us either way
	l.dropBatches(fmt.Errorf("connection lost: %w", err))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.links {
		if s.links[i] != l {
			continue
		}
		sent, received := l.conn.Traffic()
		s.sent, s.received = s.sent+sent, s.received+received
		s.links = append(s.links[:i:i], s.links[i+1:]...)
		if len(s.links) == 0 {
			break
		}
		if i == 0 {
			s.outgoing.moveTo(s.links[0].control)
		}
		// The link may have swallowed an ack that the other side waits for.
		s.links[0].control.putAck(s.incoming.handledUpTo())
		break
	}
	if len(s.links) == 0 {
		s.end(err)
	}
}

// fatal reports whether an error ends the session, not only the connection.
func fatal(err error) bool { return errors.Is(err, ErrProtocol) || errors.Is(err, ErrClosed) }

// watch keeps connections alive and gives up batches that stall.
func (s *Session) watch() {
	t := time.NewTicker(pingInterval)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-s.ctx.Done():
			return
		}
		s.mu.Lock()
		links := s.links
		s.mu.Unlock()
		for _, l := range links {
			l.control.put(bareFrame(wire.TypePing, 0))
			l.dropStalled(time.Now())
		}
	}
}

// bind returns a context that ends with ctx or the session.
func (s *Session) bind(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.ctx, func() {
		cancel(fmt.Errorf("%w: %w", ErrEnded, context.Cause(s.ctx)))
	})
	return ctx, func() { stop(); cancel(nil) }
}

// protocolError marks an error as the other side's fault.
func protocolError(err error) error { return fmt.Errorf("%w: %w", ErrProtocol, err) }
