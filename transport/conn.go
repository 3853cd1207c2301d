package transport

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/labsync/labsync/internal/device"
)

// Stream is an ordered, reliable byte stream with deadlines.
type Stream interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// Conn is a connection to a device that has proven its identity.
type Conn interface {
	// Device is who is at the other end.
	Device() device.ID
	// Kind is "quic", "tcp" or "relay".
	Kind() string
	// Protocol is the ALPN agreed on: ProtocolLabsync or ProtocolBEP.
	Protocol() string
	// Dialed reports whether this side opened the connection.
	Dialed() bool
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
	// RTT is the smoothed round-trip time, zero if not known.
	RTT() time.Duration
	// Control is the stream of the conversation.
	Control() Stream
	// Bulk returns the streams for request batches, in the same order at both
	// ends. A connection without them carries requests on Control.
	Bulk() []Stream
	// Traffic returns the bytes sent and received on the wire so far.
	Traffic() (sent, received int64)
	// Close ends the connection at once and tells the other end why, in a few
	// words. Further calls do nothing.
	Close(reason string) error
	// Context is cancelled when the connection has ended, with the cause.
	Context() context.Context
}

// The application protocols, as agreed on by ALPN.
const (
	ProtocolLabsync = "labsync/1"
	ProtocolBEP     = "bep/1.0"
)

// The kinds of connections.
const (
	KindQUIC  = "quic"
	KindTCP   = "tcp"
	KindRelay = "relay"
)
