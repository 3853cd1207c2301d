package session

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/labsync/labsync/transport/wire"
)

// batch is what one request frame asked for, on one link. Only the reader of
// the stream it goes by writes to data and got, and never to a range that has
// ended, so that those that have may be taken while others are under way.
type batch struct {
	l      *link
	lane   *outbox
	id     uint32
	want   []Range
	bytes  int64
	sentAt time.Time

	data [][]byte // by range
	got  []int    // bytes received

	done chan struct{} // closed when all ranges have ended, or the batch failed

	mu      sync.Mutex // guards what follows
	ended   []bool
	refused []bool
	left    int // ranges that have not ended
	err     error
}

func newBatch(want []Range) *batch {
	b := &batch{
		want: want, data: make([][]byte, len(want)), got: make([]int, len(want)),
		ended: make([]bool, len(want)), refused: make([]bool, len(want)),
		left: len(want), done: make(chan struct{}),
	}
	for i := range want {
		b.bytes += int64(want[i].Size)
	}
	whole := make([]byte, b.bytes)
	for i := range want {
		n := int(want[i].Size)
		b.data[i], whole = whole[:n:n], whole[n:]
	}
	return b
}

// wait waits until the batch is done, well or not.
func (b *batch) wait(ctx context.Context) error {
	select {
	case <-b.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take copies what was received to data, and returns the ranges that were not
// answered and why.
func (b *batch) take(data [][]byte) (missing []int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.want {
		switch {
		case !b.ended[i]:
			missing = append(missing, i)
		case !b.refused[i]:
			data[i] = b.data[i]
		}
	}
	return missing, b.err
}

// hasEnded reports whether a range has been answered.
func (b *batch) hasEnded(i int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended[i]
}

// end notes that a range was answered, and reports whether it was the last.
func (b *batch) end(i int, refused bool) (complete bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended[i], b.refused[i] = true, refused
	b.left--
	if b.left == 0 && b.err == nil {
		close(b.done)
	}
	return b.left == 0
}

// fail ends the batch for those who wait, unless it has ended. It reports
// whether it did.
func (b *batch) fail(err error) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == 0 || b.err != nil {
		return false
	}
	b.err = err
	close(b.done)
	return true
}

// addBatch notes a batch, unless the link is lost.
func (l *link) addBatch(b *batch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.batches == nil {
		return false
	}
	l.batches[b.id] = b
	return true
}

// forget drops a batch that was answered in full, and gives back its share of
// the caps. Who takes a batch off the map does that, and no one else.
func (l *link) forget(b *batch) {
	l.mu.Lock()
	_, known := l.batches[b.id]
	delete(l.batches, b.id)
	l.mu.Unlock()
	if known {
		l.s.asking.release(int64(len(b.want)), b.bytes)
		l.meter.event(time.Now(), 0, -1)
	}
}

// dropBatches ends all batches of a lost link.
func (l *link) dropBatches(err error) {
	l.mu.Lock()
	batches := l.batches
	l.batches = nil
	l.mu.Unlock()
	for _, b := range batches {
		l.s.asking.release(int64(len(b.want)), b.bytes)
		b.fail(err)
	}
}

// dropStalled gives up the batches of a link that owes answers and has brought
// none for a minute, and any that has waited ten times as long while others
// were answered. They stay known, so that late answers are not strays.
func (l *link) dropStalled(now time.Time) {
	since, owes := l.meter.silentSince()
	if !owes {
		return
	}
	silent := now.Sub(since) >= stall
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.batches {
		if (silent || now.Sub(b.sentAt) >= 10*stall) && b.fail(ErrNoProgress) {
			l.s.opt.Log.Warn("request made no progress", "device", l.s.peer.Short(), "connection", l.kind(), "ranges", len(b.want))
			b.lane.put(bareFrame(wire.TypeBlocksCancel, b.id))
		}
	}
}

// response reads answers, straight into the buffers of those who asked.
func (r *reader) response(h wire.Header) error {
	if h.Compressed || h.Numbered || h.Length < wire.PieceCountSize {
		return protocolError(fmt.Errorf("malformed response"))
	}
	var count [wire.PieceCountSize]byte
	if _, err := io.ReadFull(r.buf, count[:]); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	n, err := wire.ParsePieceCount(&count, h.Length)
	if err != nil {
		return protocolError(err)
	}
	table := r.scratch(n * wire.PieceSize)
	if _, err := io.ReadFull(r.buf, table); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if r.pieces, err = wire.ParsePieces(r.pieces[:0], table, h.Length); err != nil {
		return protocolError(err)
	}
	r.l.mu.Lock()
	b := r.l.batches[h.Number]
	r.l.mu.Unlock()
	for _, p := range r.pieces {
		if err := r.piece(b, p); err != nil {
			return err
		}
	}
	r.l.meter.event(time.Now(), h.Length, 0)
	return nil
}

// scratch returns n bytes that are free until the next call.
func (r *reader) scratch(n int) []byte {
	if cap(r.packed) < n {
		r.packed = make([]byte, max(n, 4096))
	}
	return r.packed[:n]
}

func (r *reader) piece(b *batch, p wire.Piece) error {
	if b == nil || p.Index < len(b.want) && b.hasEnded(p.Index) {
		return r.stray(p)
	}
	if p.Index >= len(b.want) || r.lane != b.lane {
		return protocolError(fmt.Errorf("answer to range %d of a request of %d, or on another stream", p.Index, len(b.want)))
	}
	if p.Code != wire.CodeNone {
		r.ended(b, p.Index, true)
		return nil
	}
	n, err := r.fill(b.data[p.Index][b.got[p.Index]:], p)
	if err != nil {
		return err
	}
	b.got[p.Index] += n
	if full := b.got[p.Index] == len(b.data[p.Index]); full != p.Last {
		return protocolError(fmt.Errorf("answer of %d bytes to a range of %d", b.got[p.Index], len(b.data[p.Index])))
	}
	if p.Last {
		r.ended(b, p.Index, false)
	}
	return nil
}

func (r *reader) ended(b *batch, i int, refused bool) {
	if b.end(i, refused) {
		r.l.forget(b)
	}
}

// fill reads a piece into room and returns how many bytes it was.
func (r *reader) fill(room []byte, p wire.Piece) (int, error) {
	if !p.Compressed {
		if p.Size > len(room) {
			return 0, protocolError(fmt.Errorf("answer is %d bytes too long", p.Size-len(room)))
		}
		_, err := io.ReadFull(r.buf, room[:p.Size])
		return p.Size, err
	}
	packed := r.scratch(p.Size)
	if _, err := io.ReadFull(r.buf, packed); err != nil {
		return 0, fmt.Errorf("receive: %w", err)
	}
	out, err := r.l.s.zstd.Unpack(room[:0], packed, min(len(room), wire.MaxPiece))
	if err != nil {
		return 0, protocolError(err)
	}
	return len(out), nil
}

// stray skips an answer that nobody asked for. After a lost race there may be
// some; a device that sends many is at fault.
func (r *reader) stray(p wire.Piece) error {
	if r.l.s.strays.Add(1) > maxStrays {
		return protocolError(fmt.Errorf("over %d answers to nothing", maxStrays))
	}
	_, err := io.CopyN(io.Discard, r.buf, int64(p.Size))
	return err
}
