package overtcp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

// keepAlive notices a dead path after 30 to 45 s, as QUIC's idle timeout does.
func keepAlive() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 4}
}

// Dial opens a connection to peer at host:port, up to the end of TLS. Another
// device at the address is an error that names both.
func Dial(ctx context.Context, p admission.Policy, peer device.ID, address string) (admission.Outgoing, error) {
	ctx, cancel := context.WithTimeout(ctx, admission.Timeout)
	defer cancel()
	d := net.Dialer{KeepAliveConfig: keepAlive()}
	nc, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("dial tcp://%s: %w", address, err)
	}
	raw := &counted{TCPConn: nc.(*net.TCPConn)} // what network "tcp" gives
	preferBBR(raw.TCPConn)
	tc := tls.Client(raw, p.Identity.TLS(device.Expect(peer), transport.ProtocolLabsync, transport.ProtocolBEP))
	if err := tc.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("dial tcp://%s: %w", address, err)
	}
	if tc.ConnectionState().NegotiatedProtocol == "" {
		_ = raw.Close()
		return nil, fmt.Errorf("dial tcp://%s: the device there speaks neither %s nor %s", address, transport.ProtocolLabsync, transport.ProtocolBEP)
	}
	return &outgoing{conn: newConn(raw, tc, peer, true), instance: p.Instance, address: address}, nil
}

type outgoing struct {
	conn     *Conn
	instance uint64
	address  string
}

func (o *outgoing) Abandon() { _ = o.conn.Close("another connection was faster") }

func (o *outgoing) Enter(ctx context.Context) (transport.Conn, uint64, error) {
	if o.conn.Protocol() == transport.ProtocolBEP {
		return o.conn, 0, nil
	}
	stop := context.AfterFunc(ctx, o.Abandon)
	defer stop()
	answer, err := o.enter()
	if err == nil && answer.Refusal != nil {
		err = answer.Refusal
	}
	if err != nil {
		o.Abandon()
		return nil, 0, fmt.Errorf("connect to tcp://%s: %w", o.address, err)
	}
	return o.conn, answer.Instance, nil
}

func (o *outgoing) enter() (admission.Answer, error) {
	_ = o.conn.tls.SetDeadline(time.Now().Add(admission.Timeout))
	if err := admission.WriteHello(o.conn.tls, o.instance); err != nil {
		return admission.Answer{}, err
	}
	answer, err := admission.ReadAnswer(o.conn.tls)
	if err != nil {
		return admission.Answer{}, err
	}
	return answer, o.conn.tls.SetDeadline(time.Time{})
}
