package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/wire"
)

// link is one connection of a session.
type link struct {
	*Link
	s       *Session
	control *outbox
	// lanes are the streams for batches: the connection's bulk streams, or its
	// control stream if it has none.
	lanes []*outbox
	meter meter

	// ctx ends with the link; its cause says why.
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu      sync.Mutex        // guards what follows
	batches map[uint32]*batch // asked on this link and not answered in full; nil at the end
	next    int               // lane
	answers map[uint32]context.CancelFunc
}

func newLink(s *Session, l *Link) *link {
	join := wire.AppendFrame(nil, wire.Header{Type: wire.TypeJoin}, wire.AppendJoin(nil, s.id))
	k := &link{
		Link: l, s: s, control: newOutbox(l.conn.Control(), join),
		batches: make(map[uint32]*batch), answers: make(map[uint32]context.CancelFunc),
	}
	k.ctx, k.cancel = context.WithCancelCause(s.ctx)
	for _, stream := range l.conn.Bulk() {
		k.lanes = append(k.lanes, newOutbox(stream, nil))
	}
	if len(k.lanes) == 0 {
		k.lanes = []*outbox{k.control}
	}
	return k
}

func (l *link) kind() string { return l.conn.Kind() }

// start begins reading and writing. The caller holds s.mu.
func (l *link) start() {
	s := l.s
	stop := context.AfterFunc(l.conn.Context(), func() { l.cancel(context.Cause(l.conn.Context())) })
	s.wg.Go(func() { defer stop(); l.run(l.control, true) })
	for _, lane := range l.lanes {
		if lane == l.control {
			continue
		}
		s.wg.Go(func() { l.run(lane, false) })
	}
}

// run reads and writes one stream until the link is lost.
func (l *link) run(o *outbox, control bool) {
	var writing sync.WaitGroup
	writing.Go(func() {
		err := o.write(l.writing(control), l.s.free)
		if control && errors.Is(err, io.EOF) {
			l.linger()
		}
		l.cancel(err)
		if l.s.ctx.Err() == nil || control {
			_ = l.conn.Close(reasonOf(context.Cause(l.ctx))) // wakes the readers
		}
	})
	err := l.read(o, control)
	if l.s.ctx.Err() == nil {
		// What made the connection end says more than the read that failed.
		if cause := context.Cause(l.ctx); cause != nil && !fatal(err) {
			err = cause
		}
		l.s.lose(l, err)
	} else if errors.Is(err, ErrClosed) {
		_ = l.conn.Close("closed") // both sides said so at once
	}
	writing.Wait()
}

// linger waits for the other side to close the connection, as it does when it
// has read the last frame. Closing it here first could destroy that frame.
func (l *link) linger() {
	t := time.NewTimer(closeWithin)
	defer t.Stop()
	select {
	case <-l.conn.Context().Done():
	case <-t.C:
	}
}

// writing is the context of a writer. That of the control stream outlives the
// session for the moment that the last frame takes.
func (l *link) writing(control bool) context.Context {
	if control {
		return l.conn.Context()
	}
	return l.ctx
}

// shut ends the link with the session, telling the other side why unless it
// has said so itself.
func (l *link) shut(cause error) {
	l.dropBatches(fmt.Errorf("%w: %w", ErrEnded, cause))
	if errors.Is(cause, ErrClosed) {
		_ = l.conn.Close("closed") // nobody is left to tell
		return
	}
	reason := reasonOf(cause)
	l.control.finish(wire.AppendFrame(nil, wire.Header{Type: wire.TypeClose}, wire.AppendClose(nil, reason)))
}

// lane takes turns among the streams for batches.
func (l *link) lane() *outbox {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = (l.next + 1) % len(l.lanes)
	return l.lanes[l.next]
}

// compresses reports whether block data that is not mere zeros is worth
// compressing on this link.
func (l *link) compresses() bool {
	return l.kind() == transport.KindRelay || l.conn.RTT() >= compressAbove
}
