package overquic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

const (
	probeLook   = 10 * time.Millisecond
	probeRepeat = 25 // looks between two datagrams
	// probeSize makes the packet of a probe long enough to be answered by a
	// stateless reset, which must be shorter than what it answers.
	probeSize = 64
)

// Conn is a connection over QUIC.
type Conn struct {
	qc      *quic.Conn
	peer    device.ID
	dialed  bool
	control transport.Stream
	bulk    []transport.Stream
	ctx     context.Context
	close   sync.Once
}

var _ transport.Conn = (*Conn)(nil)

// newConn takes the streams in the order of their numbers.
func newConn(qc *quic.Conn, peer device.ID, dialed bool, streams []*quic.Stream) *Conn {
	c := &Conn{qc: qc, peer: peer, dialed: dialed, control: streams[0]}
	streams[0].SetPriority(0, true)
	for _, s := range streams[1:] {
		c.bulk = append(c.bulk, s)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	context.AfterFunc(qc.Context(), func() { cancel(cause(context.Cause(qc.Context()))) })
	c.ctx = ctx
	return c
}

func (c *Conn) Device() device.ID          { return c.peer }
func (c *Conn) Kind() string               { return transport.KindQUIC }
func (c *Conn) Protocol() string           { return transport.ProtocolLabsync }
func (c *Conn) Dialed() bool               { return c.dialed }
func (c *Conn) LocalAddr() net.Addr        { return c.qc.LocalAddr() }
func (c *Conn) RemoteAddr() net.Addr       { return c.qc.RemoteAddr() }
func (c *Conn) RTT() time.Duration         { return c.qc.ConnectionStats().SmoothedRTT }
func (c *Conn) Control() transport.Stream  { return c.control }
func (c *Conn) Bulk() []transport.Stream   { return c.bulk }
func (c *Conn) Context() context.Context   { return c.ctx }
func (c *Conn) Close(reason string) error  { return c.end(admission.Refuse(admission.Closed, reason)) }
func (c *Conn) Traffic() (sent, got int64) { return traffic(c.qc.ConnectionStats()) }

func traffic(s quic.ConnectionStats) (sent, received int64) {
	return int64(s.BytesSent), int64(s.BytesReceived)
}

func (c *Conn) end(r *admission.Refusal) error {
	c.close.Do(func() { closeWith(c.qc, r) })
	<-c.ctx.Done()
	return nil
}

// Probe reports whether the other end still answers, within ctx. It sends
// datagrams and looks for any packet in return. They are repeated because
// quic-go's own probes are too short for a stateless reset, with which a peer
// that comes back in the meantime says that it has forgotten the connection.
func (c *Conn) Probe(ctx context.Context) bool {
	before := c.qc.ConnectionStats().PacketsReceived
	tick := time.NewTicker(probeLook)
	defer tick.Stop()
	for n := 0; ; n++ {
		if n%probeRepeat == 0 && c.qc.SendDatagram(make([]byte, probeSize)) != nil {
			return false
		}
		select {
		case <-tick.C:
			if c.qc.ConnectionStats().PacketsReceived > before {
				return c.ctx.Err() == nil
			}
		case <-c.ctx.Done():
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func closeWith(qc *quic.Conn, r *admission.Refusal) {
	_ = qc.CloseWithError(quic.ApplicationErrorCode(r.Code), r.Reason)
}

// cause turns an error of quic-go into one for people: what the other end said
// if it said something, and plain words for silence.
func cause(err error) error {
	var app *quic.ApplicationError
	var idle *quic.IdleTimeoutError
	var reset *quic.StatelessResetError
	switch {
	case errors.As(err, &app) && app.Remote:
		return admission.NewRemote(admission.Code(min(app.ErrorCode, 255)), app.ErrorMessage)
	case errors.As(err, &app):
		return admission.Refuse(admission.Code(min(app.ErrorCode, 255)), app.ErrorMessage)
	case errors.As(err, &idle):
		return fmt.Errorf("the other device has not answered for %v: %w", idleTimeout, err)
	case errors.As(err, &reset):
		return fmt.Errorf("the other device has restarted: %w", err)
	}
	return err
}
