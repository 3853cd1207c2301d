package overquic

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/socket"
)

// Dial opens a connection to peer at an address from s, up to the end of TLS.
// Another device at the address is an error that names both.
func Dial(ctx context.Context, s *socket.Socket, p admission.Policy, peer device.ID, to *net.UDPAddr) (admission.Outgoing, error) {
	ctx, cancel := context.WithTimeout(ctx, admission.Timeout)
	defer cancel()
	tc := p.Identity.TLS(device.Expect(peer), transport.ProtocolLabsync)
	qc, err := s.Dial(ctx, to, tc, dialConfig())
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer: %w", ctx.Err())
		}
		return nil, fmt.Errorf("dial quic://%s: %w", to, cause(err))
	}
	return &outgoing{qc: qc, peer: peer, instance: p.Instance}, nil
}

type outgoing struct {
	qc       *quic.Conn
	peer     device.ID
	instance uint64
}

func (o *outgoing) Abandon() {
	closeWith(o.qc, admission.Refuse(admission.Closed, "another connection was faster"))
}

func (o *outgoing) Enter(ctx context.Context) (transport.Conn, uint64, error) {
	stop := context.AfterFunc(ctx, o.Abandon)
	defer stop()
	streams, answer, err := o.enter()
	if err != nil {
		o.Abandon()
		return nil, 0, fmt.Errorf("connect to quic://%s: %w", o.qc.RemoteAddr(), cause(err))
	}
	return newConn(o.qc, o.peer, true, streams), answer.Instance, nil
}

func (o *outgoing) enter() ([]*quic.Stream, admission.Answer, error) {
	var streams []*quic.Stream
	for n := range 1 + admission.BulkStreams {
		s, err := o.qc.OpenStream()
		if err != nil {
			return nil, admission.Answer{}, fmt.Errorf("open stream %d: %w", n, err)
		}
		if n == admission.ControlStream {
			err = admission.WriteHello(s, o.instance)
		} else {
			_, err = s.Write([]byte{byte(n)})
		}
		if err != nil {
			return nil, admission.Answer{}, err
		}
		streams = append(streams, s)
	}
	control := streams[0]
	_ = control.SetReadDeadline(time.Now().Add(admission.Timeout))
	answer, err := admission.ReadAnswer(control)
	if err != nil {
		return nil, answer, err
	}
	if answer.Refusal != nil {
		return nil, answer, answer.Refusal
	}
	return streams, answer, control.SetReadDeadline(time.Time{})
}
