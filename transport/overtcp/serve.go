package overtcp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

// acceptPause is how long Serve waits when the process is out of descriptors.
const acceptPause = 100 * time.Millisecond

// Serve accepts connections on ln until ctx ends, closes ln, and returns when
// every connection it holds is admitted or refused. gate bounds unfinished
// handshakes.
func Serve(ctx context.Context, ln *net.TCPListener, gate *admission.Gate, p admission.Policy, log *slog.Logger) error {
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var waiting sync.WaitGroup
	defer waiting.Wait()
	for {
		nc, err := ln.AcceptTCP()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept on tcp %s: %w", ln.Addr(), err)
		default:
			log.Warn("cannot accept a TCP connection, trying again", "error", err)
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
			continue
		}
		leave, ok := gate.Enter(nc.RemoteAddr())
		if !ok {
			_ = nc.SetLinger(0) // a reset costs nothing afterwards
			_ = nc.Close()
			continue
		}
		waiting.Go(func() { receive(ctx, nc, leave, p) })
	}
}

// receive takes a connection from its first byte to the policy's decision.
func receive(ctx context.Context, nc *net.TCPConn, leave func(), p admission.Policy) {
	defer leave()
	_ = nc.SetKeepAliveConfig(keepAlive())
	preferBBR(nc)
	raw := &counted{TCPConn: nc}
	tc := tls.Server(raw, p.Identity.TLS(admission.Anyone, transport.ProtocolLabsync, transport.ProtocolBEP))
	peer, err := handshake(ctx, tc)
	if err != nil {
		_ = raw.Close()
		return
	}
	c := newConn(raw, tc, peer, false)
	stop := context.AfterFunc(ctx, func() { _ = c.Close("stopping") })
	defer stop()
	_ = tc.SetDeadline(time.Now().Add(admission.Timeout))
	in := &admission.Incoming{Conn: c, Answer: func(r *admission.Refusal) error { return answer(c, p.Instance, r) }}
	// The preface is read before anything is refused: closing a socket with bytes
	// unread resets it, and the reset can overtake the answer.
	if c.Protocol() == transport.ProtocolLabsync {
		in.Instance, err = admission.ReadHello(tc)
	}
	switch {
	case !p.Trusted(peer):
		in.Refuse(admission.Unknown())
		p.Refused(peer, nc.RemoteAddr())
		return
	case err != nil:
		in.Refuse(admission.Refuse(admission.Violation, err.Error()))
		return
	}
	// An admitted connection is no longer this function's to close.
	if !stop() {
		return
	}
	leave()
	p.Incoming(in)
}

func handshake(ctx context.Context, tc *tls.Conn) (device.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, admission.Timeout)
	defer cancel()
	if err := tc.HandshakeContext(ctx); err != nil {
		return device.ID{}, err
	}
	state := tc.ConnectionState()
	if state.NegotiatedProtocol == "" {
		return device.ID{}, errors.New("no protocol in common")
	}
	return device.PeerID(state)
}

// answer sends the decision if the protocol has room for it.
func answer(c *Conn, instance uint64, r *admission.Refusal) error {
	var err error
	if c.Protocol() == transport.ProtocolLabsync {
		err = admission.WriteAnswer(c.tls, admission.Answer{Instance: instance, Refusal: r})
	}
	switch {
	case r != nil:
		c.end(r)
	case err != nil:
		c.end(err)
	default:
		err = c.tls.SetDeadline(time.Time{})
	}
	return err
}
