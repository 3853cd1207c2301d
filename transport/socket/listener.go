package socket

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"github.com/quic-go/quic-go"

	"github.com/labsync/labsync/transport/admission"
)

// queueLength bounds the accepted connections of a protocol that nobody has
// taken yet; more are refused.
const queueLength = 16

// TLSSource gives the configuration for one incoming handshake.
type TLSSource func(*tls.ClientHelloInfo) (*tls.Config, error)

// Listener receives the connections of one protocol.
type Listener struct {
	socket *Socket
	alpn   string
	tls    TLSSource
	queue  chan *quic.Conn
	closed chan struct{}
	once   sync.Once
}

// Register claims an ALPN name. Its configurations come from source, which must
// offer that name; closing the Listener frees it.
func (s *Socket) Register(alpn string, source TLSSource) (*Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.protocols[alpn]; taken {
		return nil, fmt.Errorf("register %q: already registered on this socket", alpn)
	}
	l := &Listener{
		socket: s, alpn: alpn, tls: source,
		queue: make(chan *quic.Conn, queueLength), closed: make(chan struct{}),
	}
	s.protocols[alpn] = l
	return l, nil
}

// Accept returns the next connection, or quic.ErrServerClosed after Close.
func (l *Listener) Accept(ctx context.Context) (*quic.Conn, error) {
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.closed:
		return nil, quic.ErrServerClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Addr is the socket's address.
func (l *Listener) Addr() net.Addr { return l.socket.LocalAddr() }

// Close frees the name and refuses what waits in the queue. Connections that
// were accepted stay.
func (l *Listener) Close() error {
	l.once.Do(func() {
		l.socket.mu.Lock()
		delete(l.socket.protocols, l.alpn)
		close(l.closed)
		l.socket.mu.Unlock()
		for {
			select {
			case c := <-l.queue:
				refuse(c, "this device no longer speaks that protocol")
			default:
				return
			}
		}
	})
	return nil
}

// choose picks the configuration of the first offered protocol that is
// registered, in the client's order.
func (s *Socket) choose(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	for _, alpn := range hello.SupportedProtos {
		if l := s.listener(alpn); l != nil {
			return l.tls(hello)
		}
	}
	return nil, fmt.Errorf("no protocol in common: the client offers %q", hello.SupportedProtos)
}

func (s *Socket) listener(alpn string) *Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.protocols[alpn]
}

// dispatch never blocks: a protocol that does not keep up loses connections and
// holds up no other. The lock makes it exclusive with Close, which empties the
// queue for good.
func (s *Socket) dispatch(c *quic.Conn) {
	s.mu.Lock()
	l := s.protocols[c.ConnectionState().TLS.NegotiatedProtocol]
	queued := false
	if l != nil {
		select {
		case l.queue <- c:
			queued = true
		default:
		}
	}
	s.mu.Unlock()
	if !queued {
		refuse(c, "too many connections are waiting here; try again later")
	}
}

func refuse(c *quic.Conn, reason string) {
	_ = c.CloseWithError(quic.ApplicationErrorCode(admission.Busy), reason)
}
