package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire"
)

// outgoing is the sequence of control messages to the other side. A message is
// kept until acknowledged, and queued again on the next link when its link is
// lost; the other side drops what it has had.
type outgoing struct {
	// sending is a lock of one token, held while one message or one batch of an
	// index is sent, which may wait for room.
	sending chan struct{}
	room    *semaphore.Weighted // what is left of the window

	configured chan struct{} // closed when the first ClusterConfig is queued

	// Used by the holder of sending.
	last map[string]int64 // per folder, the sequence announced so far

	mu     sync.Mutex // guards what follows
	number uint32     // of the last message
	kept   []kept     // not acknowledged, in order
	to     *outbox    // where they go
}

// kept is a numbered frame.
type kept struct {
	number uint32
	frame  []byte
}

func newOutgoing() *outgoing {
	return &outgoing{
		sending: make(chan struct{}, 1), configured: make(chan struct{}), room: semaphore.NewWeighted(window), last: make(map[string]int64),
	}
}

// weight of a frame in the window: one that is larger takes it all.
func weight(frame []byte) int64 { return min(int64(len(frame)), window) }

// moveTo sends on another link from here on, first of all what was not
// acknowledged.
func (o *outgoing) moveTo(to *outbox) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = to
	for _, k := range o.kept {
		to.put(k.frame)
	}
}

// acknowledged forgets the messages up to n.
func (o *outgoing) acknowledged(n uint32) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n > o.number {
		return protocolError(fmt.Errorf("acknowledges message %d of %d", n, o.number))
	}
	for len(o.kept) > 0 && o.kept[0].number <= n {
		o.room.Release(weight(o.kept[0].frame))
		o.kept[0].frame = nil
		o.kept = o.kept[1:]
	}
	return nil
}

// send numbers a message and queues it when there is room. The caller holds
// sending.
func (o *outgoing) send(ctx context.Context, z *wire.Compressor, t wire.Type, payload []byte) error {
	h := wire.Header{Type: t, Numbered: true, Number: o.number + 1}
	if h.Number == math.MaxUint32 {
		return errors.New("session has sent all messages it can number")
	}
	frame := z.AppendFrame(nil, h, payload)
	if err := o.room.Acquire(ctx, weight(frame)); err != nil {
		return context.Cause(ctx)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.number = h.Number
	o.kept = append(o.kept, kept{h.Number, frame})
	o.to.put(frame)
	return nil
}

// exclusively runs f while nothing else is sent.
func (s *Session) exclusively(ctx context.Context, f func(ctx context.Context, o *outgoing) error) error {
	ctx, done := s.bind(ctx)
	defer done()
	select {
	case s.outgoing.sending <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-s.outgoing.sending }()
	if err := s.ctx.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrEnded, context.Cause(s.ctx))
	}
	return f(ctx, s.outgoing)
}

// SendClusterConfig sends c. Indexes and records wait for the first one.
func (s *Session) SendClusterConfig(ctx context.Context, c ClusterConfig) error {
	err := s.exclusively(ctx, func(ctx context.Context, o *outgoing) error {
		payload := wire.AppendClusterConfig(nil, c)
		if len(payload) > wire.MaxPayload {
			return wire.ErrTooLarge
		}
		if err := o.send(ctx, s.zstd, wire.TypeClusterConfig, payload); err != nil {
			return err
		}
		select {
		case <-o.configured:
		default:
			close(o.configured)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("send cluster configuration: %w", err)
	}
	return nil
}

// configured runs f while nothing else is sent, once the first ClusterConfig
// has been.
func (s *Session) configured(ctx context.Context, f func(ctx context.Context, o *outgoing) error) error {
	select {
	case <-s.outgoing.configured:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.ctx.Done():
	}
	return s.exclusively(ctx, f)
}

// SendIndex announces updates of a folder, in ascending sequence, with blocks;
// last is the highest sequence that is announced by now, also when there is no
// update. It returns when they are queued; it waits while much is
// unacknowledged. Updates that start below what was announced before are an
// announcement from there on anew. An update too large for any message (a file of some hundred
// GiB cut in small blocks) is left out and logged.
func (s *Session) SendIndex(ctx context.Context, folder string, updates []index.Update, last int64) error {
	err := s.configured(ctx, func(ctx context.Context, o *outgoing) error {
		kind, previous := o.next(folder, updates, last)
		in := wire.Index{Folder: folder, Updates: updates, Last: last, Previous: previous}
		tooLarge, err := wire.EachIndex(in, indexFrame, func(payload []byte) error {
			err := o.send(ctx, s.zstd, kind, payload)
			kind = wire.TypeIndexUpdate
			return err
		})
		for _, name := range tooLarge {
			s.opt.Log.Warn("block list is too long to announce", "folder", folder, "name", name)
		}
		if err != nil {
			delete(o.last, folder) // some of it may have gone out
			return err
		}
		o.last[folder] = in.Covers()
		return nil
	})
	if err != nil {
		return fmt.Errorf("send index of %q: %w", folder, err)
	}
	return nil
}

// next says how an announcement goes on from the one before: as an update where
// it ended, or as an index from a new place.
func (o *outgoing) next(folder string, updates []index.Update, last int64) (kind wire.Type, previous int64) {
	previous, known := o.last[folder]
	first := last
	if len(updates) > 0 {
		first = updates[0].Sequence - 1
	}
	if !known || first < previous {
		return wire.TypeIndex, first
	}
	return wire.TypeIndexUpdate, previous
}

// SendRecords sends replicated records in ascending sequence.
func (s *Session) SendRecords(ctx context.Context, folder string, records []index.Record) error {
	err := s.configured(ctx, func(ctx context.Context, o *outgoing) error {
		for _, run := range wire.SplitRecords(records, indexFrame) {
			payload := wire.AppendRecords(nil, wire.Records{Folder: folder, Records: run})
			if err := o.send(ctx, s.zstd, wire.TypeRecords, payload); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("send records of %q: %w", folder, err)
	}
	return nil
}
