package testkit

import (
	"context"
	"net"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

// Conn is one end of a connection in memory.
type Conn struct {
	// Link is the path to the other end, shared by both.
	Link *Link

	peer           device.ID
	kind, protocol string
	dialed         bool
	streams        []*stream
	ctx            context.Context
	cancel         context.CancelCauseFunc
	other          *Conn
	err            error // why it ended; guarded by the link, as the counts
	sent, received int64
}

var _ transport.Conn = (*Conn)(nil)

// PipeOptions vary a pipe; the zero value is that of Pipe.
type PipeOptions struct {
	Kind     string // default quic
	Protocol string // default labsync/1
	NoBulk   bool   // as over TCP
}

// Pipe connects device a, which dialled, with device b: a control stream and
// two for bulk. The first result is a's end.
func Pipe(a, b device.ID) (*Conn, *Conn) { return PipeWith(a, b, PipeOptions{}) }

// PipeWith is Pipe with options.
func PipeWith(a, b device.ID, o PipeOptions) (*Conn, *Conn) {
	if o.Kind == "" {
		o.Kind = transport.KindQUIC
	}
	if o.Protocol == "" {
		o.Protocol = transport.ProtocolLabsync
	}
	l := &Link{changed: make(chan struct{})}
	near, far := newConn(l, b, o, true), newConn(l, a, o, false)
	near.other, far.other = far, near
	l.ends = [2]*Conn{near, far}
	count := 1 + admission.BulkStreams
	if o.NoBulk {
		count = 1
	}
	for range count {
		there, back := &half{}, &half{}
		near.streams = append(near.streams, &stream{conn: near, in: back, out: there})
		far.streams = append(far.streams, &stream{conn: far, in: there, out: back})
	}
	return near, far
}

func newConn(l *Link, peer device.ID, o PipeOptions, dialed bool) *Conn {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Conn{Link: l, peer: peer, kind: o.Kind, protocol: o.Protocol, dialed: dialed, ctx: ctx, cancel: cancel}
}

func (c *Conn) Device() device.ID         { return c.peer }
func (c *Conn) Kind() string              { return c.kind }
func (c *Conn) Protocol() string          { return c.protocol }
func (c *Conn) Dialed() bool              { return c.dialed }
func (c *Conn) LocalAddr() net.Addr       { return address(c.other.peer.Short()) }
func (c *Conn) RemoteAddr() net.Addr      { return address(c.peer.Short()) }
func (c *Conn) Control() transport.Stream { return c.streams[0] }
func (c *Conn) Context() context.Context  { return c.ctx }

func (c *Conn) Bulk() []transport.Stream {
	var bulk []transport.Stream
	for _, s := range c.streams[1:] {
		bulk = append(bulk, s)
	}
	return bulk
}

// RTT is twice the link's latency.
func (c *Conn) RTT() time.Duration {
	c.Link.mu.Lock()
	defer c.Link.mu.Unlock()
	return 2 * c.Link.latency
}

// Traffic counts the payload.
func (c *Conn) Traffic() (sent, received int64) {
	c.Link.mu.Lock()
	defer c.Link.mu.Unlock()
	return c.sent, c.received
}

// Close ends both ends, the other one after the latency and with the reason.
// Over a stalled link the other end does not hear of it.
func (c *Conn) Close(reason string) error {
	if !c.end(admission.Refuse(admission.Closed, reason)) {
		return nil
	}
	c.Link.mu.Lock()
	latency, stalled := c.Link.latency, c.Link.stalled
	c.Link.mu.Unlock()
	tell := func() { c.other.end(admission.NewRemote(admission.Closed, reason)) }
	switch {
	case stalled:
	case latency == 0:
		tell()
	default:
		time.AfterFunc(latency, tell)
	}
	return nil
}

// end reports whether it was the first.
func (c *Conn) end(cause error) bool {
	c.Link.mu.Lock()
	defer c.Link.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.err = cause
	c.cancel(cause)
	c.Link.wake()
	return true
}

// address names an end.
type address string

func (address) Network() string  { return "memory" }
func (a address) String() string { return string(a) }
