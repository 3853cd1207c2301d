package pool

import (
	"io"
	"testing"

	"github.com/labsync/labsync/transport"
)

// BenchmarkBulk moves bytes over loopback, both ends in this process, through
// everything a session's bytes pass except its framing.
func BenchmarkBulk(b *testing.B) {
	small, large := identities(b)
	conns := make(chan transport.Conn, 4)
	take := func(c transport.Conn) { conns <- c }
	listener := start(b, Options{Identity: large, OnConn: take}, Wanted{ID: small.ID()})
	start(b, Options{Identity: small, OnConn: take}, Wanted{ID: large.ID(), Candidates: listener.Addresses()})
	from, to := map[string]transport.Conn{}, map[string]transport.Conn{}
	for range 4 {
		if c := <-conns; c.Dialed() {
			from[c.Kind()] = c
		} else {
			to[c.Kind()] = c
		}
	}
	for _, kind := range []string{transport.KindQUIC, transport.KindTCP} {
		w, r := from[kind].Control(), to[kind].Control()
		if len(from[kind].Bulk()) > 0 {
			w, r = from[kind].Bulk()[0], to[kind].Bulk()[0]
		}
		b.Run(kind, func(b *testing.B) {
			const frame = 128 << 10
			b.SetBytes(frame)
			out, in := make([]byte, frame), make([]byte, frame)
			done := make(chan error, 1)
			n := b.N
			b.ResetTimer()
			go func() {
				for range n {
					if _, err := io.ReadFull(r, in); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			for range n {
				if _, err := w.Write(out); err != nil {
					b.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		})
	}
}
