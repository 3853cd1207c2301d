package session

import (
	"log/slog"
	"time"

	"github.com/labsync/labsync/transport/wire"
)

// Options of New. The zero value works.
type Options struct {
	Log *slog.Logger
	// Now is the wall clock that version counters are checked against.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Times and sizes of a conversation. docs/protocol.md has those that both sides
// must agree on.
const (
	helloTimeout = 10 * time.Second
	pingInterval = 10 * time.Second
	// silence is how long a connection may bring nothing before it is given up.
	silence = 30 * time.Second
	// stall is how long a write or an answer may make no progress.
	stall       = 60 * time.Second
	answersIn   = 2 * time.Second // a live instance answers a ping
	closeWithin = time.Second     // to write the last frame

	// window bounds the control messages that wait for acknowledgement, in
	// bytes on the wire; one message is always allowed.
	window = 8 << 20
	// indexFrame is about how large an Index payload gets.
	indexFrame = 1 << 20

	// A batch is what one request frame asks for at most. Smaller than the caps
	// allow, so that several share the streams and a lost one costs little.
	batchRanges = 256
	batchBytes  = 4 << 20

	maxStrays = 100 // answers to nothing before the other side is cut off

	servedAtOnce = 8 // batches of the other side answered at the same time

	writeStep = 128 << 10 // bytes per Write, hence per write deadline
	smallest  = 16 << 10  // payload of any frame that carries no list
	// compressAbove is the round-trip time from which block data is compressed:
	// on a LAN the wire is faster than the compressor, but for zeros.
	compressAbove = 3 * time.Millisecond
)

// bareFrame is a whole frame without a payload.
func bareFrame(t wire.Type, number uint32) []byte {
	return wire.AppendFrame(make([]byte, 0, wire.HeaderSize), wire.Header{Type: t, Number: number}, nil)
}
