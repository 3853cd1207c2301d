package session

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
)

// tlsConn is a connection over TLS on loopback, without what the transport adds.
type tlsConn struct {
	*tls.Conn
	peer   device.ID
	ctx    context.Context
	cancel context.CancelFunc
}

func (c *tlsConn) Device() device.ID         { return c.peer }
func (c *tlsConn) Kind() string              { return transport.KindTCP }
func (c *tlsConn) Protocol() string          { return transport.ProtocolLabsync }
func (c *tlsConn) Dialed() bool              { return true }
func (c *tlsConn) RTT() time.Duration        { return 0 }
func (c *tlsConn) Control() transport.Stream { return c.Conn }
func (c *tlsConn) Bulk() []transport.Stream  { return nil }
func (c *tlsConn) Traffic() (int64, int64)   { return 0, 0 }
func (c *tlsConn) Context() context.Context  { return c.ctx }
func (c *tlsConn) Close(reason string) error { c.cancel(); return c.Conn.Close() }

func tlsPair(t testing.TB) (near, far *tlsConn) {
	t.Helper()
	a, b := testkit.Identity(t, 1), testkit.Identity(t, 2)
	admit := func(device.ID) error { return nil }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var wg sync.WaitGroup
	var inner net.Conn
	wg.Go(func() { inner, err = l.Accept() })
	outer, dialErr := net.Dial("tcp", l.Addr().String())
	wg.Wait()
	must(t, err)
	must(t, dialErr)
	must(t, l.Close())
	wrap := func(c *tls.Conn, peer device.ID) *tlsConn {
		ctx, cancel := context.WithCancel(context.Background())
		return &tlsConn{c, peer, ctx, cancel}
	}
	return wrap(tls.Client(outer, a.TLS(admit, "labsync/1")), b.ID()), wrap(tls.Server(inner, b.TLS(admit, "labsync/1")), a.ID())
}

// BenchmarkRequest fetches over TLS on loopback: large ranges for bytes per
// second, small ones for ranges per second. Sixteen askers.
func BenchmarkRequest(b *testing.B) {
	for _, c := range []struct {
		name  string
		count int
		size  int32
	}{{"1MiB", 4, 1 << 20}, {"128KiB", 32, 128 << 10}, {"4KiB", 64, 4 << 10}, {"100B", 64, 100}} {
		b.Run(c.name, func(b *testing.B) {
			near, far := tlsPair(b)
			x, y := converse(b, near, far)
			noise := make([]byte, 1<<20)
			_, err := rand.Read(noise)
			must(b, err)
			y.serve = func(_ context.Context, want []Range, reply func(int, []byte, error) error) error {
				for i := range want {
					if err := reply(i, noise[:want[i].Size], nil); err != nil {
						return err
					}
				}
				return nil
			}
			ranges := want("x", c.count, c.size)
			b.SetBytes(int64(c.count) * int64(c.size))
			b.ReportAllocs()
			b.SetParallelism(8)
			start := time.Now()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := x.Request(b.Context(), "f", ranges); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N*c.count)/time.Since(start).Seconds(), "ranges/s")
			b.StopTimer()
			x.Close("done")
			<-x.ended
			<-y.ended
		})
	}
}

// BenchmarkTLS is the same without a session: what there is to reach.
func BenchmarkTLS(b *testing.B) {
	near, far := tlsPair(b)
	buf := make([]byte, 128<<10)
	b.SetBytes(int64(len(buf)))
	var wg sync.WaitGroup
	wg.Go(func() {
		in := make([]byte, 128<<10)
		for range b.N {
			if _, err := io.ReadFull(far, in); err != nil {
				b.Error(err)
				return
			}
		}
	})
	for range b.N {
		if _, err := near.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	must(b, near.Close("done"))
	_ = far.Close("done") // the other end has gone
}
