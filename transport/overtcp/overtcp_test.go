package overtcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type end struct {
	id      device.Identity
	address string
	policy  admission.Policy
	in      chan *admission.Incoming
}

func serve(t *testing.T, seed uint64) *end {
	t.Helper()
	ln, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	e := &end{id: testkit.Identity(t, seed), address: ln.Addr().String(), in: make(chan *admission.Incoming, 8)}
	e.policy = admission.Policy{
		Identity: e.id, Instance: seed,
		Trusted:  func(device.ID) bool { return true },
		Refused:  func(device.ID, net.Addr) {},
		Incoming: func(in *admission.Incoming) { e.in <- in },
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, ln, new(admission.Gate), e.policy, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return e
}

func connect(t *testing.T) (dialed, accepted transport.Conn) {
	t.Helper()
	a, b := serve(t, 1), serve(t, 2)
	done := make(chan error, 1)
	go func() {
		in := <-b.in
		accepted = in.Conn
		done <- in.Admit()
	}()
	out, err := Dial(t.Context(), a.policy, b.id.ID(), b.address)
	if err != nil {
		t.Fatal(err)
	}
	dialed, instance, err := out.Enter(t.Context())
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	if instance != 2 || dialed.Protocol() != transport.ProtocolLabsync {
		t.Errorf("instance %d, protocol %s", instance, dialed.Protocol())
	}
	t.Cleanup(func() { _ = dialed.Close("done"); _ = accepted.Close("done") })
	return dialed, accepted
}

func TestAnEndIsNoticedByTheReader(t *testing.T) {
	dialed, accepted := connect(t)
	_ = dialed.Close("enough")
	if _, err := accepted.Control().Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	if err := context.Cause(accepted.Context()); !errors.Is(err, errClosedByPeer) {
		t.Errorf("cause is %v", err)
	}
	var r *admission.Refusal
	if err := context.Cause(dialed.Context()); !errors.As(err, &r) || r.Reason != "enough" {
		t.Errorf("own cause is %v", err)
	}
}

func TestADeadlineDoesNotEndAConnection(t *testing.T) {
	dialed, accepted := connect(t)
	_ = dialed.Control().SetReadDeadline(time.Now())
	if _, err := dialed.Control().Read(make([]byte, 1)); err == nil || dialed.Context().Err() != nil {
		t.Errorf("read: %v, context: %v", err, dialed.Context().Err())
	}
	_ = dialed.Control().SetReadDeadline(time.Time{})
	go func() { _, _ = accepted.Control().Write([]byte("x")) }()
	if _, err := dialed.Control().Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestClosingDoesNotWaitForAnEndThatDoesNotRead(t *testing.T) {
	dialed, _ := connect(t)
	progress := make(chan struct{})
	go func() {
		defer close(progress)
		for {
			if _, err := dialed.Control().Write(make([]byte, 256<<10)); err != nil {
				return
			}
			progress <- struct{}{}
		}
	}()
	for full := false; !full; {
		select {
		case <-progress:
		case <-time.After(100 * time.Millisecond):
			full = true
		}
	}
	begin := time.Now()
	_ = dialed.Close("enough")
	for range progress { // until the writer has given up
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("Close took %v", took)
	}
}

func TestARefusalArrivesThoughTCPIsReset(t *testing.T) {
	a, b := serve(t, 1), serve(t, 2)
	for range 50 {
		go func() { (<-b.in).Refuse(admission.Refuse(admission.Paused, "not today")) }()
		out, err := Dial(t.Context(), a.policy, b.id.ID(), b.address)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = out.Enter(t.Context())
		var r *admission.Refusal
		if !errors.As(err, &r) || r.Reason != "not today" {
			t.Fatalf("error is %v", err)
		}
	}
}

func TestABEPPeerIsAdmittedWithoutAPreface(t *testing.T) {
	b := serve(t, 2)
	id := testkit.Identity(t, 1)
	tc, err := tls.Dial("tcp", b.address, id.TLS(admission.Anyone, transport.ProtocolBEP))
	if err != nil {
		t.Fatal(err)
	}
	defer tc.Close()
	in := <-b.in
	if err := in.Admit(); err != nil || in.Conn.Protocol() != transport.ProtocolBEP || in.Conn.Device() != id.ID() {
		t.Fatalf("%v, %s", err, in.Conn.Protocol())
	}
	go func() { _, _ = in.Conn.Control().Write([]byte("hello")); _ = in.Conn.Close("done") }()
	if got, _ := io.ReadAll(tc); string(got) != "hello" {
		t.Errorf("the first bytes are %q", got)
	}
}

func TestTLS12AndNoCommonProtocolAreRefused(t *testing.T) {
	b := serve(t, 2)
	id := testkit.Identity(t, 1)
	old := id.TLS(admission.Anyone, transport.ProtocolLabsync)
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	for name, config := range map[string]*tls.Config{
		"TLS 1.2": old, "h2": id.TLS(admission.Anyone, "h2"), "no protocol": id.TLS(admission.Anyone),
	} {
		tc, err := tls.Dial("tcp", b.address, config)
		if err != nil {
			continue
		}
		if _, err := tc.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s: not refused", name)
		}
		_ = tc.Close()
	}
	if len(b.in) > 0 {
		t.Error("handed on")
	}
}

func TestHalfOpenHandshakesAreCapped(t *testing.T) {
	b := serve(t, 2)
	var idle []net.Conn
	defer func() {
		for _, c := range idle {
			_ = c.Close()
		}
	}()
	dropped := false
	for range 100 {
		c, err := net.Dial("tcp", b.address)
		if err != nil { // already reset
			dropped = true
			break
		}
		idle = append(idle, c)
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		if _, err = c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			dropped = true
			break
		}
	}
	if !dropped {
		t.Error("a hundred idle connections are all kept")
	}
}
