package session

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/wire"
)

// source reads a stream with deadlines: within a frame something has to come,
// between frames only where pings do.
type source struct {
	stream transport.Stream
	limit  time.Duration // for the next read; zero is none
	bare   bool          // no deadline is set
}

func (s *source) Read(p []byte) (int, error) {
	if s.limit > 0 || !s.bare {
		var at time.Time
		if s.limit > 0 {
			at = time.Now().Add(s.limit)
		}
		if err := s.stream.SetReadDeadline(at); err != nil {
			return 0, fmt.Errorf("set deadline: %w", err)
		}
		s.bare = s.limit == 0
	}
	return s.stream.Read(p)
}

// reader reads the frames of one stream.
type reader struct {
	l       *link
	lane    *outbox // that answers on this stream go to
	control bool
	joined  bool // the link's Join has come; on the control stream nothing may come before
	src     *source
	buf     *bufio.Reader
	pieces  []wire.Piece // reused
	packed  []byte       // reused
}

// read reads frames until the stream ends or the other side errs.
func (l *link) read(o *outbox, control bool) error {
	r := &reader{l: l, lane: o, control: control, src: &source{stream: o.stream}}
	r.buf = bufio.NewReaderSize(r.src, 64<<10)
	for {
		if err := r.frame(); err != nil {
			return err
		}
	}
}

func (r *reader) frame() error {
	r.src.limit = 0
	if r.control {
		r.src.limit = silence
	}
	var b [wire.HeaderSize]byte
	if _, err := io.ReadFull(r.buf, b[:1]); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	r.src.limit = silence
	if _, err := io.ReadFull(r.buf, b[1:]); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	h, err := wire.ParseHeader(&b)
	if err != nil {
		return protocolError(err)
	}
	if r.control && !r.joined && h.Type != wire.TypeJoin && h.Type != wire.TypeClose {
		return protocolError(fmt.Errorf("message of type %d before join", h.Type))
	}
	if h.Type == wire.TypeBlocksResponse {
		return r.response(h)
	}
	if !h.Numbered && !r.known(h.Type) {
		_, err = io.CopyN(io.Discard, r.buf, int64(h.Length))
		return err
	}
	if err = r.check(h); err != nil {
		return err
	}
	payload, err := r.payload(h.Length)
	if err != nil {
		return err
	}
	return r.take(h, payload)
}

// known reports whether a message without number has a meaning here.
func (r *reader) known(t wire.Type) bool {
	switch t {
	case wire.TypeHello, wire.TypePing, wire.TypePong, wire.TypeAck, wire.TypeClose,
		wire.TypeJoin, wire.TypeBlocksRequest, wire.TypeBlocksCancel,
		wire.TypeClusterConfig, wire.TypeIndex, wire.TypeIndexUpdate, wire.TypeRecords:
		return true
	}
	return false
}

// check refuses a message that is out of place or too long, before its payload
// is read.
func (r *reader) check(h wire.Header) error {
	switch h.Type {
	case wire.TypeHello:
		return protocolError(fmt.Errorf("second hello"))
	case wire.TypeClusterConfig, wire.TypeIndex, wire.TypeIndexUpdate, wire.TypeRecords:
		if !h.Numbered {
			return protocolError(fmt.Errorf("message of type %d without number", h.Type))
		}
	case wire.TypeBlocksRequest:
		if h.Length > requestBytes {
			return protocolError(fmt.Errorf("request of %d bytes", h.Length))
		}
	default:
		if !h.Numbered && h.Length > smallest {
			return protocolError(fmt.Errorf("message of type %d with %d bytes", h.Type, h.Length))
		}
	}
	if !r.control && (h.Numbered || h.Type == wire.TypeJoin || h.Type == wire.TypeAck || h.Type == wire.TypeClose) {
		return protocolError(fmt.Errorf("message of type %d on a bulk stream", h.Type))
	}
	if h.Compressed && !h.Numbered {
		return protocolError(fmt.Errorf("compressed message of type %d", h.Type))
	}
	return nil
}

// requestBytes bounds the payload of a request: 1,024 ranges with the longest
// names fit.
const requestBytes = 5 << 20

// payload reads n bytes. Memory grows with what comes.
func (r *reader) payload(n int) ([]byte, error) {
	if n <= smallest {
		p := make([]byte, n)
		_, err := io.ReadFull(r.buf, p)
		return p, err
	}
	var b bytes.Buffer
	b.Grow(min(n, 1<<20))
	if _, err := io.CopyN(&b, r.buf, int64(n)); err != nil {
		return nil, fmt.Errorf("receive: %w", err)
	}
	return b.Bytes(), nil
}

// take acts on a message. It never waits for a Handler or a writer.
func (r *reader) take(h wire.Header, payload []byte) error {
	s := r.l.s
	switch {
	case h.Numbered:
		done, repeated, err := s.incoming.add(message{h, payload})
		if repeated {
			s.acknowledge(done)
		}
		return err
	case h.Type == wire.TypeJoin:
		other, err := wire.ParseJoin(payload)
		if err != nil {
			return protocolError(err)
		}
		r.joined = true
		return s.join(other)
	case h.Type == wire.TypePing:
		r.lane.putPong(h.Number)
	case h.Type == wire.TypePong:
		s.pong()
	case h.Type == wire.TypeAck:
		return s.outgoing.acknowledged(h.Number)
	case h.Type == wire.TypeClose:
		reason, err := wire.ParseClose(payload)
		if err != nil {
			return protocolError(err)
		}
		return fmt.Errorf("%w: %q", ErrClosed, reason)
	case h.Type == wire.TypeBlocksRequest:
		return r.asked(h.Number, payload)
	case h.Type == wire.TypeBlocksCancel:
		r.l.cancelAnswer(h.Number)
	}
	return nil
}

// asked begins to answer a batch. If the other side has more in flight than it
// may, reading stops here until there is room.
func (r *reader) asked(id uint32, payload []byte) error {
	req, bad, err := wire.ParseBlocksRequest(payload)
	if err != nil {
		return protocolError(err)
	}
	a := newAnswer(r.l, r.lane, id, req)
	if err := r.l.s.asked.acquire(r.l.ctx, int64(len(req.Ranges)), a.bytes); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(r.l.ctx)
	if !r.l.addAnswer(id, cancel) {
		cancel()
		return protocolError(fmt.Errorf("request %d asked twice", id))
	}
	r.l.s.wg.Go(func() {
		defer cancel()
		a.run(ctx, bad)
	})
	return nil
}
