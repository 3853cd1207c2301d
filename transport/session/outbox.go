package session

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/wire"
)

// outbox is what waits to be written on one stream. Frames are either control,
// which go first, or bulk: so control waits for one bulk frame at most. Control
// frames are queued without waiting, because readers queue them too; what
// bounds them is the window, the caps of requests, and that of several acks or
// pongs only the last is kept. Bulk frames wait until there is room.
type outbox struct {
	stream transport.Stream
	bulk   chan bulkFrame
	wake   chan struct{} // one token: something below has changed

	mu         sync.Mutex // guards what follows; held briefly
	first      []byte     // the frame to begin with, nil when written
	frames     [][]byte
	ack, pong  uint32
	acks, ping bool   // ack or pong is due
	last       []byte // the frame to end with
	ending     bool
}

// bulkFrame is a frame in a pooled buffer, where it begins at start.
type bulkFrame struct {
	buf   []byte
	start int
}

// newOutbox returns an outbox that writes the frame first before all others.
func newOutbox(s transport.Stream, first []byte) *outbox {
	return &outbox{stream: s, first: first, bulk: make(chan bulkFrame, 2), wake: make(chan struct{}, 1)}
}

// put queues a control frame, which belongs to the outbox and stays unchanged.
func (o *outbox) put(frame []byte) { o.change(func() { o.frames = append(o.frames, frame) }) }

// putAck acknowledges numbered frames up to n.
func (o *outbox) putAck(n uint32) { o.change(func() { o.ack, o.acks = n, true }) }

// putPong answers a ping.
func (o *outbox) putPong(n uint32) { o.change(func() { o.pong, o.ping = n, true }) }

// finish makes frame the last one written. It gives a write that is under way
// a second to end.
func (o *outbox) finish(frame []byte) {
	o.change(func() { o.last, o.ending = frame, true })
	_ = o.stream.SetWriteDeadline(time.Now().Add(closeWithin)) // if it fails, the stream has ended
}

func (o *outbox) change(f func()) {
	o.mu.Lock()
	f()
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// putBulk queues a bulk frame when there is room.
func (o *outbox) putBulk(ctx context.Context, frame bulkFrame) error {
	select {
	case o.bulk <- frame:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take appends the control frames that wait, or what is to be written last.
func (o *outbox) take(frames [][]byte) (_ [][]byte, ending bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending {
		return append(frames, o.last), true
	}
	if o.first != nil {
		frames = append(frames, o.first)
		o.first = nil
	}
	if o.acks {
		frames = append(frames, bareFrame(wire.TypeAck, o.ack))
	}
	if o.ping {
		frames = append(frames, bareFrame(wire.TypePong, o.pong))
	}
	frames = append(frames, o.frames...)
	clear(o.frames)
	o.frames, o.acks, o.ping = o.frames[:0], false, false
	return frames, false
}

// write writes frames until ctx ends, finish has its way or a write fails.
// Bulk frames are handed to free when written.
func (o *outbox) write(ctx context.Context, free func(bulkFrame)) error {
	var frames [][]byte
	joined := make([]byte, 0, writeStep)
	for {
		var ending bool
		frames, ending = o.take(frames[:0])
		if err := o.writeAll(frames, joined); err != nil {
			return err
		}
		clear(frames)
		switch {
		case ending:
			return io.EOF
		case len(frames) > 0:
			// More may have come meanwhile, but bulk gets its turn: a flood of
			// pings must not stop it.
			select {
			case b := <-o.bulk:
				if err := o.writeBulk(b, free); err != nil {
					return err
				}
			default:
			}
			continue
		}
		select {
		case b := <-o.bulk:
			if err := o.writeBulk(b, free); err != nil {
				return err
			}
		case <-o.wake:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (o *outbox) writeBulk(b bulkFrame, free func(bulkFrame)) error {
	err := o.writeOne(b.buf[b.start:])
	free(b)
	return err
}

// writeAll writes small frames together, large ones by themselves.
func (o *outbox) writeAll(frames [][]byte, joined []byte) error {
	for _, f := range frames {
		if len(joined)+len(f) > cap(joined) && len(joined) > 0 {
			if err := o.writeOne(joined); err != nil {
				return err
			}
			joined = joined[:0]
		}
		if len(f) > cap(joined) {
			if err := o.writeOne(f); err != nil {
				return err
			}
			continue
		}
		joined = append(joined, f...)
	}
	if len(joined) == 0 {
		return nil
	}
	return o.writeOne(joined)
}

// writeOne writes in steps, each of which must be done within a minute.
func (o *outbox) writeOne(p []byte) error {
	for len(p) > 0 {
		n := min(len(p), writeStep)
		if err := o.deadline(); err != nil {
			return err
		}
		if _, err := o.stream.Write(p[:n]); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		p = p[n:]
	}
	return nil
}

func (o *outbox) deadline() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	within := stall
	if o.ending {
		within = closeWithin
	}
	if err := o.stream.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	return nil
}
