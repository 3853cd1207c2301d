package overquic

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// end is a socket that serves, with the connections that came in.
type end struct {
	id     device.Identity
	socket *socket.Socket
	policy admission.Policy
	in     chan *admission.Incoming
}

func serve(t *testing.T, seed uint64) *end {
	t.Helper()
	s, err := socket.Open("udp4", "127.0.0.1:0", socket.Options{Config: AcceptConfig()})
	if err != nil {
		t.Fatal(err)
	}
	e := &end{id: testkit.Identity(t, seed), socket: s, in: make(chan *admission.Incoming, 8)}
	e.policy = admission.Policy{
		Identity: e.id, Instance: seed,
		Trusted:  func(device.ID) bool { return true },
		Refused:  func(device.ID, net.Addr) {},
		Incoming: func(in *admission.Incoming) { e.in <- in },
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- s.Run(ctx) }()
	go func() { ended <- Serve(ctx, s, e.policy) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Error(err)
		}
	})
	return e
}

func (e *end) dial(t *testing.T, to *end) admission.Outgoing {
	t.Helper()
	out, err := Dial(t.Context(), e.socket, e.policy, to.id.ID(), to.socket.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// stranger speaks QUIC and TLS properly and then does as it likes.
func (e *end) stranger(t *testing.T, to *end) *quic.Conn {
	t.Helper()
	qc, err := e.socket.Dial(t.Context(), to.socket.LocalAddr(), e.id.TLS(admission.Anyone, transport.ProtocolLabsync), dialConfig())
	if err != nil {
		t.Fatal(err)
	}
	return qc
}

func connect(t *testing.T) (dialed, accepted transport.Conn) {
	t.Helper()
	a, b := serve(t, 1), serve(t, 2)
	done := make(chan error, 1)
	go func() {
		in := <-b.in
		accepted = in.Conn
		if in.Instance != 1 {
			t.Errorf("instance of the dialer is %d", in.Instance)
		}
		done <- in.Admit()
	}()
	dialed, instance, err := a.dial(t, b).Enter(t.Context())
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	if instance != 2 {
		t.Errorf("instance of the acceptor is %d", instance)
	}
	return dialed, accepted
}

func TestTheReasonOfCloseArrives(t *testing.T) {
	dialed, accepted := connect(t)
	_ = accepted.Close("the disk is full")
	_ = accepted.Close("again")
	<-dialed.Context().Done()
	var r *admission.Refusal
	if err := context.Cause(dialed.Context()); !errors.As(err, &r) || !r.Remote || r.Code != admission.Closed || r.Reason != "the disk is full" {
		t.Errorf("cause is %v", err)
	}
	if err := context.Cause(accepted.Context()); !errors.As(err, &r) || r.Remote {
		t.Errorf("cause at the closing end is %v", err)
	}
	if _, err := dialed.Control().Read(make([]byte, 1)); err == nil {
		t.Error("a read succeeded")
	}
}

func TestARefusalNamesItsReason(t *testing.T) {
	a, b := serve(t, 1), serve(t, 2)
	go func() { (<-b.in).Refuse(admission.Refuse(admission.Paused, "not today")) }()
	_, _, err := a.dial(t, b).Enter(t.Context())
	var r *admission.Refusal
	if !errors.As(err, &r) || r.Code != admission.Paused || r.Reason != "not today" {
		t.Errorf("error is %v", err)
	}
}

func TestAProbeTellsTheLivingFromTheDead(t *testing.T) {
	dialed, accepted := connect(t)
	probe := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return dialed.(*Conn).Probe(ctx)
	}
	if !probe() {
		t.Error("the living does not answer")
	}
	_ = accepted.Close("gone")
	<-dialed.Context().Done()
	if probe() {
		t.Error("the dead answers")
	}
}

func TestNoStreamBeyondTheThreeCanBeOpened(t *testing.T) {
	a, b := serve(t, 1), serve(t, 2)
	qc := a.stranger(t, b)
	for range 1 + admission.BulkStreams {
		s, err := qc.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		s.CancelWrite(0) // completes it: credit would come back if it were given
		s.CancelRead(0)
	}
	if _, err := qc.OpenStream(); err == nil {
		t.Error("a fourth stream was allowed")
	}
	if _, err := qc.OpenUniStream(); err == nil {
		t.Error("a unidirectional stream was allowed")
	}
	<-qc.Context().Done() // resets are no preface
	if len(b.in) > 0 {
		t.Error("handed on")
	}
}

func TestAWrongPrefaceEndsTheConnection(t *testing.T) {
	a, b := serve(t, 1), serve(t, 2)
	for _, first := range []string{"\x01", "GET / HTTP/1.1\r\n"} {
		qc := a.stranger(t, b)
		s, err := qc.OpenStream()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = s.Write([]byte(first + "123456789"))
		<-qc.Context().Done()
		var app *quic.ApplicationError
		if err := context.Cause(qc.Context()); !errors.As(err, &app) || app.ErrorCode != quic.ApplicationErrorCode(admission.Violation) {
			t.Errorf("%q: ended with %v", first, err)
		}
	}
	if len(b.in) > 0 {
		t.Error("handed on")
	}
}
