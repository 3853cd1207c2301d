package overtcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

// partingTimeout bounds how long Close may wait for TLS to say goodbye to an
// end that does not read.
const partingTimeout = 200 * time.Millisecond

// Conn is a connection over TCP.
type Conn struct {
	raw    *counted
	tls    *tls.Conn
	peer   device.ID
	dialed bool
	ctx    context.Context
	cancel context.CancelCauseFunc
	close  sync.Once
}

var _ transport.Conn = (*Conn)(nil)

func newConn(raw *counted, tc *tls.Conn, peer device.ID, dialed bool) *Conn {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &Conn{raw: raw, tls: tc, peer: peer, dialed: dialed, ctx: ctx, cancel: cancel}
}

func (c *Conn) Device() device.ID         { return c.peer }
func (c *Conn) Kind() string              { return transport.KindTCP }
func (c *Conn) Protocol() string          { return c.tls.ConnectionState().NegotiatedProtocol }
func (c *Conn) Dialed() bool              { return c.dialed }
func (c *Conn) LocalAddr() net.Addr       { return c.raw.LocalAddr() }
func (c *Conn) RemoteAddr() net.Addr      { return c.raw.RemoteAddr() }
func (c *Conn) RTT() time.Duration        { return roundTrip(c.raw.TCPConn) }
func (c *Conn) Control() transport.Stream { return stream{c} }
func (c *Conn) Bulk() []transport.Stream  { return nil }
func (c *Conn) Context() context.Context  { return c.ctx }

func (c *Conn) Traffic() (sent, received int64) {
	return c.raw.sent.Load(), c.raw.received.Load()
}

func (c *Conn) Close(reason string) error {
	c.end(admission.Refuse(admission.Closed, reason))
	return nil
}

// end closes the connection for a cause; the first cause stands.
func (c *Conn) end(cause error) {
	c.close.Do(func() {
		c.cancel(cause)
		c.raw.parting.Store(true)
		_ = c.tls.Close()
	})
}

// stream is the connection's byte stream. Its errors end the connection, save
// for an expired deadline.
type stream struct{ c *Conn }

func (s stream) Read(p []byte) (int, error) {
	n, err := s.c.tls.Read(p)
	return n, s.observe(err)
}

func (s stream) Write(p []byte) (int, error) {
	n, err := s.c.tls.Write(p)
	return n, s.observe(err)
}

func (s stream) observe(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if errors.Is(err, io.EOF) {
		s.c.end(errClosedByPeer)
	} else {
		s.c.end(err)
	}
	return err
}

var errClosedByPeer = errors.New("the other device closed the connection")

func (s stream) Close() error                       { return s.c.tls.CloseWrite() }
func (s stream) SetReadDeadline(t time.Time) error  { return s.c.tls.SetReadDeadline(t) }
func (s stream) SetWriteDeadline(t time.Time) error { return s.c.tls.SetWriteDeadline(t) }

// counted counts what passes below TLS.
type counted struct {
	*net.TCPConn
	sent, received atomic.Int64
	parting        atomic.Bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.received.Add(int64(n))
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// SetWriteDeadline shortens the five seconds that crypto/tls grants its closing
// alert.
func (c *counted) SetWriteDeadline(t time.Time) error {
	if soon := time.Now().Add(partingTimeout); c.parting.Load() && t.After(soon) {
		t = soon
	}
	return c.TCPConn.SetWriteDeadline(t)
}
