package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func anyone(device.ID) error { return nil }

func run(t *testing.T) *Socket {
	t.Helper()
	s, err := Open("udp4", "127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

func register(t *testing.T, s *Socket, id device.Identity, alpn string) *Listener {
	t.Helper()
	l, err := s.Register(alpn, func(*tls.ClientHelloInfo) (*tls.Config, error) { return id.TLS(anyone, alpn), nil })
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dial(t *testing.T, from, to *Socket, id device.Identity, alpn ...string) (*quic.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return from.Dial(ctx, to.LocalAddr(), id.TLS(anyone, alpn...), nil)
}

func TestProtocolsShareASocket(t *testing.T) {
	here, there := testkit.Identity(t, 1), testkit.Identity(t, 2)
	server, client := run(t), run(t)
	names := []string{"one/1", "two/1"}
	for _, name := range names {
		register(t, server, there, name)
	}
	for _, name := range names {
		if _, err := dial(t, client, server, here, name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c, err := server.listener(name).Accept(t.Context())
		if err != nil || c.ConnectionState().TLS.NegotiatedProtocol != name {
			t.Fatalf("%s: %v", name, err)
		}
		if id, err := device.PeerID(c.ConnectionState().TLS); err != nil || id != here.ID() {
			t.Errorf("%s: the client is %v, %v", name, id, err)
		}
	}
	if _, err := server.Register("one/1", nil); err == nil {
		t.Error("a name was registered twice")
	}
}

func TestUnknownProtocolsFailInTLS(t *testing.T) {
	id := testkit.Identity(t, 1)
	server, client := run(t), run(t)
	register(t, server, id, "one/1")
	if _, err := dial(t, client, server, id, "other/1"); err == nil {
		t.Error("connected")
	}
}

func TestAClosedListenerFreesItsName(t *testing.T) {
	id := testkit.Identity(t, 1)
	server, client := run(t), run(t)
	l := register(t, server, id, "one/1")
	waiting, err := dial(t, client, server, id, "one/1")
	if err != nil {
		t.Fatal(err)
	}
	l.queue <- <-l.queue // it has arrived
	_ = l.Close()
	<-waiting.Context().Done()
	if _, err := l.Accept(t.Context()); !errors.Is(err, quic.ErrServerClosed) {
		t.Errorf("Accept: %v", err)
	}
	if _, err := dial(t, client, server, id, "one/1"); err == nil {
		t.Error("connected to a protocol that is gone")
	}
	register(t, server, id, "one/1")
}

func TestAFullQueueRefuses(t *testing.T) {
	id := testkit.Identity(t, 1)
	server, client := run(t), run(t)
	register(t, server, id, "one/1")
	for range queueLength {
		if _, err := dial(t, client, server, id, "one/1"); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // one more may still be on its way into the queue
		c, err := dial(t, client, server, id, "one/1")
		if err != nil {
			return
		}
		select {
		case <-c.Context().Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
	t.Error("connections beyond the queue stay open")
}

func TestOpenConnectionsDoNotCountAsHandshakes(t *testing.T) {
	id := testkit.Identity(t, 1)
	server, client := run(t), run(t)
	l := register(t, server, id, "one/1")
	for i := range 50 { // more than unfinished ones are allowed from one address
		if _, err := dial(t, client, server, id, "one/1"); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		if _, err := l.Accept(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOtherPacketsPassBy(t *testing.T) {
	one, other := run(t), run(t)
	got := make(chan string, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() {
		b := make([]byte, 100)
		n, _, _ := other.ReadNonQUICPacket(ctx, b)
		got <- string(b[:n])
	}()
	packet := []byte{0x01, 'h', 'i'} // QUIC sets one of the two highest bits
	for {
		if _, err := one.WriteTo(packet, other.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-got:
			if s != string(packet) {
				t.Errorf("got %q", s)
			}
			return
		case <-time.After(10 * time.Millisecond): // read not yet begun: sent again
		}
	}
}

func TestAnAddressInUseIsAnError(t *testing.T) {
	s := run(t)
	if _, err := Open("udp4", s.LocalAddr().String(), Options{}); err == nil {
		t.Error("bound twice")
	}
}

func TestAnOpenSocketCanBeGivenUp(t *testing.T) {
	s, err := Open("udp4", "127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.ListenPacket("udp4", s.LocalAddr().String()); err != nil {
		t.Error(err)
	} else {
		_ = c.Close()
	}
}
