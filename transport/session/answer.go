package session

import (
	"context"
	"errors"
	"sync"

	"github.com/labsync/labsync/transport/wire"
)

const (
	// framePieces bounds the table of one BlocksResponse.
	framePieces = 128
	// tableSpace is kept free before the bytes of the pieces, so that the table
	// can be put there when it is known, without moving them.
	tableSpace = wire.HeaderSize + wire.PieceCountSize + framePieces*wire.PieceSize
	frameSpace = tableSpace + wire.MaxPiece + wire.MaxPiece/8
)

// answer collects the answers to one batch into frames of about MaxPiece bytes.
type answer struct {
	l     *link
	lane  *outbox
	id    uint32
	req   wire.BlocksRequest
	bytes int64
	pack  bool

	mu       sync.Mutex // guards what follows; held while a frame waits for room
	answered []bool
	pieces   []wire.Piece
	frame    []byte // tableSpace, then the bytes of pieces; nil if none is begun
	err      error
}

func newAnswer(l *link, lane *outbox, id uint32, req wire.BlocksRequest) *answer {
	a := &answer{l: l, lane: lane, id: id, req: req, pack: l.compresses(), answered: make([]bool, len(req.Ranges))}
	for i := range req.Ranges {
		a.bytes += int64(req.Ranges[i].Size)
	}
	return a
}

// errAnswered ends an answer that came twice.
var errAnswered = errors.New("range is answered already")

// run has the Handler answer, and answers what it left out.
func (a *answer) run(ctx context.Context, bad []int) {
	s := a.l.s
	defer s.asked.release(int64(len(a.req.Ranges)), a.bytes)
	defer a.l.dropAnswer(a.id)
	select {
	case s.serving <- struct{}{}:
		defer func() { <-s.serving }()
	case <-a.l.ctx.Done():
		return
	}
	if len(bad) > 0 {
		a.refuse(bad)
	}
	if err := a.serve(ctx, bad); err != nil && ctx.Err() == nil {
		s.opt.Log.Debug("answering a request failed", "device", s.peer.Short(), "folder", a.req.Folder, "err", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, done := range a.answered {
		if !done {
			a.add(i, wire.CodeGeneric, true, nil)
		}
	}
	a.flush()
}

// serve calls the Handler with the ranges that can be answered.
func (a *answer) serve(ctx context.Context, bad []int) error {
	if len(bad) == 0 {
		return a.l.s.handler.Serve(ctx, a.req.Folder, a.req.Ranges, a.reply)
	}
	var want []Range
	var at []int
	for i := range a.req.Ranges {
		if !a.answered[i] {
			want = append(want, a.req.Ranges[i])
			at = append(at, i)
		}
	}
	if len(want) == 0 {
		return nil
	}
	return a.l.s.handler.Serve(ctx, a.req.Folder, want, func(i int, data []byte, err error) error {
		return a.reply(at[i], data, err)
	})
}

func (a *answer) refuse(bad []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, i := range bad {
		a.answered[i] = true
		a.add(i, wire.CodeInvalid, true, nil)
	}
}

// reply is what the Handler calls.
func (a *answer) reply(i int, data []byte, err error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return a.err
	}
	if a.answered[i] {
		return errAnswered
	}
	a.answered[i] = true
	if err != nil || len(data) != int(a.req.Ranges[i].Size) {
		a.add(i, wire.CodeNoSuchFile, true, nil)
		return a.err
	}
	for len(data) > 0 && a.err == nil {
		n := min(len(data), wire.MaxPiece)
		a.add(i, wire.CodeNone, n == len(data), data[:n])
		data = data[n:]
	}
	return a.err
}

// add adds a piece, after sending the frame if it has no room for it.
func (a *answer) add(i int, code wire.Code, last bool, data []byte) {
	if a.frame != nil && (len(a.pieces) == framePieces || len(a.frame)-tableSpace+len(data) > wire.MaxPiece) {
		a.flush()
	}
	if a.frame == nil {
		a.frame = a.l.s.buffer()[:tableSpace]
	}
	start := len(a.frame)
	packed := false
	if a.pack && wire.Compressible(data) || wire.Zeros(data) {
		a.frame, packed = a.l.s.zstd.Pack(a.frame, data)
	}
	if !packed {
		a.frame = append(a.frame, data...)
	}
	a.pieces = append(a.pieces, wire.Piece{
		Index: i, Code: code, Last: last, Compressed: packed, Size: len(a.frame) - start,
	})
}

// flush sends the pieces collected. The table is written just before the bytes.
func (a *answer) flush() {
	if len(a.pieces) == 0 {
		return
	}
	table := wire.PieceCountSize + len(a.pieces)*wire.PieceSize
	start := tableSpace - table - wire.HeaderSize
	frame := a.frame[start:]
	wire.Header{Type: wire.TypeBlocksResponse, Number: a.id, Length: len(frame) - wire.HeaderSize}.Put(frame)
	wire.PutPieces(frame[wire.HeaderSize:], a.pieces)
	whole := bulkFrame{a.frame, start}
	a.pieces, a.frame = a.pieces[:0], nil
	if a.err == nil {
		a.err = a.lane.putBulk(a.l.ctx, whole)
	}
}

// addAnswer notes a batch that is being answered, unless there is one of that
// number.
func (l *link) addAnswer(id uint32, cancel context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.answers[id]; ok {
		return false
	}
	l.answers[id] = cancel
	return true
}

func (l *link) dropAnswer(id uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.answers, id)
}

// cancelAnswer stops the Handler; what it has not answered is refused.
func (l *link) cancelAnswer(id uint32) {
	l.mu.Lock()
	cancel := l.answers[id]
	l.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// buffer returns an empty bulk frame.
func (s *Session) buffer() []byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, frameSpace)
}

// free takes a frame back.
func (s *Session) free(b bulkFrame) {
	if cap(b.buf) <= 2*frameSpace {
		s.buffers.Put(&b.buf)
	}
}
