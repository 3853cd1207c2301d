package overquic

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/socket"
)

// Serve accepts labsync connections on s, which must have AcceptConfig, until
// ctx ends and every connection it holds is admitted or refused.
func Serve(ctx context.Context, s *socket.Socket, p admission.Policy) error {
	tc := p.Identity.TLS(admission.Anyone, transport.ProtocolLabsync)
	ln, err := s.Register(transport.ProtocolLabsync, func(*tls.ClientHelloInfo) (*tls.Config, error) { return tc, nil })
	if err != nil {
		return err
	}
	defer ln.Close()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for {
		qc, err := ln.Accept(ctx)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, quic.ErrServerClosed) {
				return nil
			}
			return fmt.Errorf("accept: %w", err)
		}
		waiting.Go(func() { receive(ctx, qc, p) })
	}
}

// receive takes a connection from the end of TLS to the policy's decision.
func receive(ctx context.Context, qc *quic.Conn, p admission.Policy) {
	peer, err := device.PeerID(qc.ConnectionState().TLS)
	if err != nil {
		closeWith(qc, admission.Refuse(admission.Violation, err.Error()))
		return
	}
	if !p.Trusted(peer) {
		closeWith(qc, admission.Unknown())
		p.Refused(peer, qc.RemoteAddr())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, admission.Timeout)
	defer cancel()
	streams, instance, err := acceptStreams(ctx, qc)
	if err != nil {
		closeWith(qc, admission.Refuse(admission.Violation, err.Error()))
		return
	}
	c := newConn(qc, peer, false, streams)
	p.Incoming(&admission.Incoming{Conn: c, Instance: instance, Answer: func(r *admission.Refusal) error {
		if r != nil {
			return c.end(r)
		}
		return admission.WriteAnswer(c.control, admission.Answer{Instance: p.Instance})
	}})
}

// acceptStreams waits for the dialer's streams, which come in the order in
// which it opened them, and reads their prefaces.
func acceptStreams(ctx context.Context, qc *quic.Conn) (streams []*quic.Stream, instance uint64, err error) {
	deadline, _ := ctx.Deadline()
	for n := range 1 + admission.BulkStreams {
		s, err := qc.AcceptStream(ctx)
		if err != nil {
			return nil, 0, fmt.Errorf("wait for stream %d: %w", n, err)
		}
		_ = s.SetReadDeadline(deadline)
		if n == admission.ControlStream {
			instance, err = admission.ReadHello(s)
		} else {
			err = readNumber(s, n)
		}
		if err != nil {
			return nil, 0, err
		}
		_ = s.SetReadDeadline(time.Time{})
		streams = append(streams, s)
	}
	return streams, instance, nil
}

func readNumber(r io.Reader, n int) error {
	var b [1]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return fmt.Errorf("read preface of stream %d: %w", n, err)
	}
	if int(b[0]) != n {
		return admission.ErrPreface
	}
	return nil
}
