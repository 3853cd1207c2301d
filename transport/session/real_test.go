package session

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/overquic"
	"github.com/labsync/labsync/transport/socket"
)

// quicPair connects two devices over QUIC on loopback.
func quicPair(t testing.TB) (dialed, accepted transport.Conn) {
	t.Helper()
	in := make(chan *admission.Incoming, 1)
	serve := func(seed uint64) (*socket.Socket, admission.Policy) {
		s, err := socket.Open("udp4", "127.0.0.1:0", socket.Options{Config: overquic.AcceptConfig()})
		must(t, err)
		policy := admission.Policy{
			Identity: testkit.Identity(t, seed), Instance: seed,
			Trusted: func(device.ID) bool { return true }, Refused: func(device.ID, net.Addr) {},
			Incoming: func(i *admission.Incoming) { in <- i },
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 2)
		go func() { ended <- s.Run(ctx) }()
		go func() { ended <- overquic.Serve(ctx, s, policy) }()
		t.Cleanup(func() {
			cancel()
			must(t, errors.Join(<-ended, <-ended))
		})
		return s, policy
	}
	a, policy := serve(1)
	b, other := serve(2)
	done := make(chan error, 1)
	go func() {
		i := <-in
		accepted = i.Conn
		done <- i.Admit()
	}()
	out, err := overquic.Dial(t.Context(), a, policy, other.Identity.ID(), b.LocalAddr())
	must(t, err)
	dialed, _, err = out.Enter(t.Context())
	must(t, errors.Join(err, <-done))
	return dialed, accepted
}

func TestASessionOverRealQUIC(t *testing.T) {
	dialed, accepted := quicPair(t)
	a, b := converse(t, dialed, accepted)
	ctx := t.Context()
	must(t, a.SendClusterConfig(ctx, ClusterConfig{}))
	must(t, b.SendClusterConfig(ctx, ClusterConfig{}))
	must(t, a.SendIndex(ctx, "f", []index.Update{update("one", 1)}, 1))
	b.expect(t, "cluster 0")
	b.expect(t, "index f to 1: one")
	a.expect(t, "cluster 0")
	// Both sides ask: the bulk streams exist at both ends, whoever dialled.
	for _, s := range []*side{b, a} {
		ranges := append(want("big", 5, 1<<20), want("small", 200, 512)...)
		data, err := s.Request(ctx, "f", ranges)
		must(t, err)
		check(t, ranges, data)
	}
	a.Close("done with the test")
	if err := b.end(t); !errors.Is(err, ErrClosed) {
		t.Errorf("other side ended with: %v", err)
	}
	start := time.Now()
	_ = a.end(t) // known
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("closing took %v", d)
	}
}
