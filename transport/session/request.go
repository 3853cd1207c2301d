package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labsync/labsync/transport/wire"
)

// Request asks for ranges and waits for all answers. data[i] is what want[i]
// asked for, not yet verified, or nil if the other device refused it: it does
// not have these bytes (any more). Callers run many Requests at once; the
// session bounds the bytes and ranges in flight and splits what is larger. If a
// connection is lost or stalls, what it owes is asked for once more on another.
// An error means that the session or the context ended, or that the other
// device made no progress.
func (s *Session) Request(ctx context.Context, folder string, want []Range) (data [][]byte, err error) {
	ctx, unbind := s.bind(ctx)
	defer unbind()
	if err := checkRanges(want); err != nil {
		return nil, fmt.Errorf("request from %s: %w", s.peer.Short(), err)
	}
	data = make([][]byte, len(want))
	var begun []*batch
	for part := range runs(want) {
		b, err := s.ask(ctx, folder, part, nil)
		if err != nil {
			s.abandon(begun)
			return nil, fmt.Errorf("request from %s: %w", s.peer.Short(), err)
		}
		begun = append(begun, b)
	}
	at := 0
	for i, b := range begun {
		if err := s.await(ctx, folder, b, data[at:at+len(b.want)]); err != nil {
			s.abandon(begun[i:])
			return nil, fmt.Errorf("request from %s: %w", s.peer.Short(), err)
		}
		at += len(b.want)
	}
	return data, nil
}

func checkRanges(want []Range) error {
	for i := range want {
		if r := &want[i]; r.Size < 1 || r.Size > wire.MaxRange || r.Offset < 0 {
			return fmt.Errorf("range of %q from %d, %d bytes", r.Name, r.Offset, r.Size)
		}
	}
	return nil
}

// runs cuts ranges into batches.
func runs(want []Range) func(func([]Range) bool) {
	return func(yield func([]Range) bool) {
		start, bytes := 0, 0
		for i := range want {
			if i > start && (i-start == batchRanges || bytes+int(want[i].Size) > batchBytes) {
				if !yield(want[start:i:i]) {
					return
				}
				start, bytes = i, 0
			}
			bytes += int(want[i].Size)
		}
		if start < len(want) {
			yield(want[start:])
		}
	}
}

// ask sends a batch when the caps allow, if possible not on the link avoid.
func (s *Session) ask(ctx context.Context, folder string, want []Range, avoid *link) (*batch, error) {
	b := newBatch(want)
	wait, cancel := context.WithTimeoutCause(ctx, stall, ErrNoProgress)
	err := s.asking.acquire(wait, int64(len(want)), b.bytes)
	cancel()
	if err != nil {
		return nil, err
	}
	for {
		l, id := s.pick(avoid)
		if l == nil {
			s.asking.release(int64(len(want)), b.bytes)
			return nil, errNoLink
		}
		b.l, b.id, b.lane, b.sentAt = l, id, l.lane(), time.Now()
		if l.addBatch(b) {
			break
		}
	}
	b.l.meter.ask(b.sentAt)
	payload := wire.AppendBlocksRequest(nil, wire.BlocksRequest{Folder: folder, Ranges: want})
	b.lane.put(wire.AppendFrame(nil, wire.Header{Type: wire.TypeBlocksRequest, Number: b.id}, payload))
	return b, nil
}

// errNoLink says that there is no (other) link to ask on.
var errNoLink = errors.New("no connection left")

// pick chooses the link for the next batch and numbers it.
func (s *Session) pick(avoid *link) (*link, uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	links := s.links
	if avoid != nil {
		links = slices.DeleteFunc(slices.Clone(links), func(l *link) bool { return l == avoid })
	}
	if len(links) == 0 || s.closed {
		return nil, 0
	}
	paths := make([]path, len(links))
	now := time.Now()
	for i, l := range links {
		paths[i] = l.meter.path(l.kind(), now)
	}
	s.batch++
	return links[choose(paths)], s.batch
}

// await waits for a batch and, if its link fails, asks once more for what is
// missing. The answers go to data.
func (s *Session) await(ctx context.Context, folder string, b *batch, data [][]byte) error {
	if err := b.wait(ctx); err != nil {
		return err
	}
	again, cause := b.take(data)
	if len(again) == 0 {
		return nil
	}
	want := make([]Range, len(again))
	for i, at := range again {
		want[i] = b.want[at]
	}
	retry, err := s.ask(ctx, folder, want, b.l)
	if err != nil {
		return fmt.Errorf("%w, and asked again: %w", cause, err)
	}
	if err := retry.wait(ctx); err != nil {
		s.abandon([]*batch{retry})
		return err
	}
	more := make([][]byte, len(again))
	if missing, err := retry.take(more); len(missing) > 0 {
		return err
	}
	for i, at := range again {
		data[at] = more[i]
	}
	return nil
}

// abandon tells the other side that answers are no longer wanted. The batches
// keep their share of the caps until they are answered all the same, because
// the other side counts them until then.
func (s *Session) abandon(batches []*batch) {
	for _, b := range batches {
		select {
		case <-b.done:
		default:
			b.lane.put(bareFrame(wire.TypeBlocksCancel, b.id))
		}
	}
}
