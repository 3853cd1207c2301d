package pool

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
)

func TestBothKindsComeUpAndCarryBytes(t *testing.T) {
	a, b := identities(t)
	conns := make(chan transport.Conn, 4)
	listener := start(t, Options{Identity: b, OnConn: func(c transport.Conn) { conns <- c }}, Wanted{ID: a.ID()})
	dialer := start(t, Options{Identity: a, OnConn: func(c transport.Conn) { conns <- c }}, Wanted{ID: b.ID(), Candidates: listener.Addresses()})
	ends := map[string][]transport.Conn{}
	for range 4 {
		select {
		case c := <-conns:
			ends[c.Kind()] = append(ends[c.Kind()], c)
		case <-time.After(patience):
			t.Fatalf("%+v", dialer.Status())
		}
	}
	for kind, pair := range ends {
		if len(pair) != 2 || pair[0].Dialed() == pair[1].Dialed() {
			t.Fatalf("%s: not the two ends of one connection", kind)
		}
		if len(pair[0].Bulk()) != len(pair[1].Bulk()) {
			t.Fatalf("%s: bulk streams differ", kind)
		}
		exchange(t, pair[0].Control(), pair[1].Control())
		for i := range pair[0].Bulk() {
			exchange(t, pair[1].Bulk()[i], pair[0].Bulk()[i])
		}
		sent, _ := pair[0].Traffic()
		if _, received := pair[1].Traffic(); sent == 0 || received == 0 {
			t.Errorf("%s: traffic is not counted", kind)
		}
		if pair[0].RTT() <= 0 {
			t.Errorf("%s: round-trip time is not known", kind)
		}
	}
}

func exchange(t *testing.T, from, to transport.Stream) {
	t.Helper()
	want := make([]byte, 100_000)
	_, _ = rand.Read(want)
	go func() { _, _ = from.Write(want) }()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(to, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("bytes differ or are missing: %v", err)
	}
}

func TestCloseTellsTheReasonOverQUIC(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID()})
	dialer := start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: listener.Addresses()})
	dialer.both(t)
	there := listener.both(t)
	dialer.stop()
	var refusal *admission.Refusal
	if err := await(t, there[transport.KindQUIC]); !errors.As(err, &refusal) || !refusal.Remote || refusal.Reason != "the other device is stopping" {
		t.Errorf("cause is %v", err)
	}
	if err := await(t, there[transport.KindTCP]); err == nil {
		t.Error("no cause over TCP")
	}
}

func TestAnotherDeviceAtTheAddressIsNamed(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID()})
	expected := testkit.ID(7)
	for _, c := range listener.Addresses() {
		dialer := start(t, Options{Identity: a}, Wanted{ID: expected, Candidates: []addr.Candidate{c}})
		dialer.failure(t, expected.String())
		dialer.failure(t, b.ID().String())
		dialer.stop()
	}
}

func TestAnUnknownDeviceIsRefusedAndReportedOnce(t *testing.T) {
	a, b := identities(t)
	var refused atomic.Int32
	listener := start(t, Options{Identity: b, Refused: func(id device.ID, _ net.Addr) {
		if id == a.ID() {
			refused.Add(1)
		}
	}})
	for _, c := range listener.Addresses() {
		dialer := start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: []addr.Candidate{c}})
		dialer.failure(t, "not known there")
		dialer.Nudge(b.ID())
		dialer.stop()
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("reported %d times", n)
	}
	if len(listener.conns) != 0 {
		t.Error("a connection was handed on")
	}
}

func TestADeviceAddedOnBothSidesConnects(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b})
	dialer := start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: listener.Addresses()})
	dialer.failure(t, "not known there")
	listener.SetDevices([]Wanted{{ID: a.ID()}})
	dialer.Nudge(b.ID())
	dialer.both(t)
	if s := dialer.Status()[0]; len(s.Kinds) != 2 || s.Err != nil {
		t.Errorf("status is %+v", s)
	}
}

func TestGarbageDoesNoHarm(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID()})
	noise := make([]byte, 1200)
	for _, c := range listener.Addresses() {
		network := map[string]string{transport.KindQUIC: "udp", transport.KindTCP: "tcp"}[c.Scheme]
		for i := range 50 {
			conn, err := net.Dial(network, c.Address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = rand.Read(noise)
			noise[0] |= byte(i) << 6 // all four QUIC first bits
			_, _ = conn.Write(noise)
			_ = conn.Close()
		}
	}
	start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: listener.Addresses()}).both(t)
}

func TestAPortInUseIsASentence(t *testing.T) {
	a, b := identities(t)
	for _, c := range start(t, Options{Identity: a}).Addresses() {
		p := New(Options{Identity: b, Listen: []addr.Candidate{c}})
		err := p.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "cannot listen on "+c.Scheme+"://"+c.Address+": another program uses this port") ||
			!errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("error is %v", err)
		}
	}
}

func TestRemovedAndPausedDevicesAreDisconnectedAtOnce(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID()})
	candidates := listener.Addresses()
	dialer := start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: candidates})
	for _, change := range [][]Wanted{nil, {{ID: b.ID(), Candidates: candidates, Paused: true}}} {
		conns := dialer.both(t)
		there := listener.both(t)
		dialer.SetDevices(change)
		for _, c := range conns {
			if c.Context().Err() == nil {
				t.Error("SetDevices returned while a connection was open")
			}
		}
		_ = await(t, there[transport.KindQUIC])
		_ = await(t, there[transport.KindTCP])
		dialer.SetDevices([]Wanted{{ID: b.ID(), Candidates: candidates}})
	}
	dialer.both(t)
}

func TestAPausedDeviceIsToldSo(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID(), Paused: true})
	dialer := start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: listener.Addresses()})
	dialer.failure(t, "paused there")
}

func TestDeadAddressesDoNotHoldUpALiveOne(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID()})
	dead, err := net.ListenPacket("udp", "127.0.0.1:0") // answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	candidates := append([]addr.Candidate{{Scheme: transport.KindQUIC, Address: dead.LocalAddr().String()}}, listener.Addresses()...)
	begin := time.Now()
	start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: candidates}).both(t)
	if took := time.Since(begin); took > nearAttempt {
		t.Errorf("took %v", took)
	}
}

func TestNamesAndBothFamiliesWork(t *testing.T) {
	a, b := identities(t)
	probe, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6:", err)
	}
	_ = probe.Close()
	for _, listen := range []string{"[::1]:0", "localhost:0", ":0", "0.0.0.0:0"} {
		listener := start(t, Options{Identity: b, Listen: []addr.Candidate{
			{Scheme: transport.KindQUIC, Address: listen}, {Scheme: transport.KindTCP, Address: listen},
		}}, Wanted{ID: a.ID()})
		candidates := listener.Addresses()
		for i, c := range candidates {
			host, port, _ := net.SplitHostPort(c.Address)
			switch {
			case listen == "localhost:0":
				host = "localhost"
			case host == "0.0.0.0", listen == ":0":
				host = "127.0.0.1"
			}
			candidates[i].Address = net.JoinHostPort(host, port)
		}
		dialer := start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: candidates})
		dialer.both(t)
		dialer.stop()
	}
}

func TestAFailingAddressUnbindsTheOthers(t *testing.T) {
	a, b := identities(t)
	taken := start(t, Options{Identity: a}).Addresses()[1]
	first := New(Options{Identity: b, Listen: anyPort})
	if err := first.Listen(); err != nil {
		t.Fatal(err)
	}
	free := first.Addresses()
	first.unbind()
	if err := New(Options{Identity: b, Listen: append(free, taken)}).Listen(); err == nil {
		t.Fatal("no error")
	}
	start(t, Options{Identity: b, Listen: free})
	bad := New(Options{Identity: b, Listen: []addr.Candidate{{Scheme: "relay", Address: "127.0.0.1:0"}}})
	if err := bad.Listen(); err == nil || !strings.Contains(err.Error(), "correct 'listen'") {
		t.Errorf("error is %v", err)
	}
}

func TestWithoutAnyListenerADeviceStillDials(t *testing.T) {
	a, b := identities(t)
	listener := start(t, Options{Identity: b}, Wanted{ID: a.ID()})
	start(t, Options{Identity: a, Listen: []addr.Candidate{}}, Wanted{ID: b.ID(), Candidates: listener.Addresses()}).both(t)
}
