package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/quic-go/quic-go"
	"golang.org/x/time/rate"

	"github.com/labsync/labsync/transport/admission"
)

// Above this rate of first packets a stranger's address is validated by a Retry
// before its handshake begins.
const (
	freeHandshakes      = 50 // per second
	freeHandshakesBurst = 100
)

// Options are the optional parts of a Socket.
type Options struct {
	// Config applies to every accepted connection, since quic-go chooses it
	// before the protocol is known.
	Config *quic.Config
	// ResetKey signs stateless resets. Kept over restarts it lets a peer notice
	// at once that its connection is gone; nil disables them.
	ResetKey *quic.StatelessResetKey
	Log      *slog.Logger
}

// Socket is one UDP socket and the QUIC transport on it.
type Socket struct {
	conn      *net.UDPConn
	transport *quic.Transport
	options   Options
	gate      admission.Gate

	mu        sync.Mutex // guards protocols
	protocols map[string]*Listener
}

// Open binds a UDP socket; network is udp, udp4 or udp6. Whoever opens a Socket
// runs it or closes it.
func Open(network, address string, o Options) (*Socket, error) {
	ua, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", address, err)
	}
	conn, err := net.ListenUDP(network, ua)
	if err != nil {
		return nil, fmt.Errorf("bind %s: %w", address, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	// quic-go would print to the process's default logger, once for all sockets;
	// reportBuffers says it with what to do.
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	s := &Socket{conn: conn, options: o, protocols: make(map[string]*Listener)}
	fast := rate.NewLimiter(freeHandshakes, freeHandshakesBurst)
	s.transport = &quic.Transport{
		Conn:                conn,
		StatelessResetKey:   o.ResetKey,
		VerifySourceAddress: func(net.Addr) bool { return !fast.Allow() },
		ConnContext:         s.enter,
	}
	return s, nil
}

// LocalAddr is where the socket is bound.
func (s *Socket) LocalAddr() *net.UDPAddr { return s.conn.LocalAddr().(*net.UDPAddr) }

// Dial opens a connection from this socket while it runs.
func (s *Socket) Dial(ctx context.Context, to net.Addr, tc *tls.Config, qc *quic.Config) (*quic.Conn, error) {
	return s.transport.Dial(ctx, to, tc, qc)
}

// WriteTo sends a packet that is not QUIC's, such as one that opens a NAT.
func (s *Socket) WriteTo(b []byte, to net.Addr) (int, error) { return s.transport.WriteTo(b, to) }

// ReadNonQUICPacket receives one.
func (s *Socket) ReadNonQUICPacket(ctx context.Context, b []byte) (int, net.Addr, error) {
	return s.transport.ReadNonQUICPacket(ctx, b)
}

// Close gives up a Socket that is not run.
func (s *Socket) Close() error { return s.conn.Close() }

// Run accepts connections until ctx ends, then drops what is still open without
// a word and closes the socket. Who wants to say goodbye closes its connections
// before.
func (s *Socket) Run(ctx context.Context) error {
	defer s.conn.Close()
	defer s.transport.Close()
	ln, err := s.transport.Listen(&tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		GetConfigForClient:     s.choose,
	}, s.options.Config)
	if err != nil {
		return fmt.Errorf("listen on udp %s: %w", s.LocalAddr(), err)
	}
	defer ln.Close()
	reportBuffers(s.conn, s.options.Log)
	for {
		conn, err := ln.Accept(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept on udp %s: %w", s.LocalAddr(), err)
		}
		if leave, ok := conn.Context().Value(gateKey{}).(func()); ok {
			leave()
		}
		s.dispatch(conn)
	}
}

type gateKey struct{}

// enter counts a handshake until the connection is accepted or ends.
func (s *Socket) enter(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	leave, ok := s.gate.Enter(info.RemoteAddr)
	if !ok {
		return nil, errors.New("too many unfinished handshakes")
	}
	context.AfterFunc(ctx, leave)
	return context.WithValue(ctx, gateKey{}, leave), nil
}
