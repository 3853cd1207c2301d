package pool

import (
	"errors"
	"io"
	"math"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
)

const mib = 1 << 20

// limitedPair is a pipe whose first end has limits, its second none.
func limitedPair(all, device Limits) (limited, plain transport.Conn) {
	near, far := testkit.Pipe(testkit.ID(1), testkit.ID(2))
	return limit(near, newBuckets(all), newBuckets(device)), far
}

func send(t *testing.T, s transport.Stream, size int) {
	if _, err := s.Write(make([]byte, size)); err != nil {
		t.Errorf("write: %v", err)
	}
}

func receive(t *testing.T, s transport.Stream, size int) {
	if _, err := io.ReadFull(s, make([]byte, size)); err != nil {
		t.Errorf("read: %v", err)
	}
}

func wantDuration(t *testing.T, got, want time.Duration) {
	t.Helper()
	if math.Abs(float64(got-want)) > 0.05*float64(want) {
		t.Errorf("took %v, want %v within 5 %%", got, want)
	}
}

func TestALimitIsHeldWithinFivePercent(t *testing.T) {
	tests := []struct {
		name        string
		all, device Limits
		receiving   bool
		want        time.Duration // for 40 MiB
	}{
		{"sending, one device", Limits{}, Limits{Send: 10 * mib}, false, 4 * time.Second},
		{"sending, all devices", Limits{Send: 20 * mib}, Limits{}, false, 2 * time.Second},
		{"sending, the lower of both", Limits{Send: 5 * mib}, Limits{Send: 10 * mib}, false, 8 * time.Second},
		{"receiving, one device", Limits{}, Limits{Receive: 10 * mib}, true, 4 * time.Second},
		{"receiving, all devices", Limits{Receive: 10 * mib}, Limits{Send: mib}, true, 4 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limited, plain := limitedPair(test.all, test.device)
				begin := time.Now()
				for i := range limited.Bulk() { // both streams share the limit
					from, to := limited.Bulk()[i], plain.Bulk()[i]
					if test.receiving {
						from, to = to, from
					}
					go send(t, from, 20*mib)
					go receive(t, to, 20*mib)
				}
				synctest.Wait()
				time.Sleep(test.want * 9 / 10) // virtual
				for ; ; time.Sleep(time.Millisecond) {
					_, got := plain.Traffic()
					if test.receiving {
						_, got = limited.Traffic()
					}
					if got == 40*mib {
						break
					}
				}
				wantDuration(t, time.Since(begin), test.want)
			})
		})
	}
}

func TestControlFramesDoNotWaitBehindBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited, plain := limitedPair(Limits{Send: mib}, Limits{})
		go func() { _, _ = limited.Bulk()[0].Write(make([]byte, 100*mib)) }()
		go func() { _, _ = io.Copy(io.Discard, plain.Bulk()[0]) }()
		time.Sleep(3 * time.Second) // virtual
		for range 20 {
			begin := time.Now()
			send(t, limited.Control(), 1000)
			receive(t, plain.Control(), 1000)
			if waited := time.Since(begin); waited > 50*time.Millisecond {
				t.Errorf("a control frame took %v", waited)
			}
			time.Sleep(100 * time.Millisecond)
		}
		_ = limited.Close("done")
	})
}

func TestALimitChangesUnderAnOpenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := testkit.Pipe(testkit.ID(1), testkit.ID(2))
		all := newBuckets(Limits{Send: mib})
		limited := limit(near, all, newBuckets(Limits{}))
		done := make(chan struct{})
		begin := time.Now()
		go func() { send(t, limited.Bulk()[0], 22*mib); close(done) }()
		go receive(t, far.Bulk()[0], 22*mib)
		time.Sleep(2 * time.Second) // virtual
		all.set(Limits{Send: 10 * mib})
		<-done
		wantDuration(t, time.Since(begin), 4*time.Second)

		all.set(Limits{})
		begin = time.Now()
		go receive(t, far.Bulk()[0], 100*mib)
		send(t, limited.Bulk()[0], 100*mib)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("without a limit it took %v", took)
		}
	})
}

func TestADeadlineEndsTheWaitForALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited, plain := limitedPair(Limits{}, Limits{Send: 1000, Receive: 1000})
		stream := limited.Bulk()[0]
		go func() { _, _ = io.Copy(io.Discard, plain.Bulk()[0]) }()

		begin := time.Now()
		_ = stream.SetWriteDeadline(begin.Add(2 * time.Second))
		n, err := stream.Write(make([]byte, mib))
		if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || time.Since(begin) != 2*time.Second {
			t.Errorf("wrote %d, %v after %v", n, err, time.Since(begin))
		}

		send(t, plain.Bulk()[0], 100_000)
		receive(t, stream, 2*minBurst)
		time.AfterFunc(time.Second, func() { _ = stream.SetReadDeadline(time.Now()) })
		if _, err := stream.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		_ = limited.Close("done")
	})
}

func TestClosingEndsTheWaitForALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limited, plain := limitedPair(Limits{}, Limits{Send: 1})
		go func() { _, _ = io.Copy(io.Discard, plain.Bulk()[0]) }()
		time.AfterFunc(time.Second, func() { _ = limited.Close("enough") })
		if _, err := limited.Bulk()[0].Write(make([]byte, mib)); err == nil {
			t.Error("no error")
		}
	})
}

func TestALimitHoldsOverRealConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for seconds")
	}
	const rate, size = 10 * mib, 20 * mib
	a, b := identities(t)
	conns := make(chan transport.Conn, 4)
	take := func(c transport.Conn) { conns <- c }
	listener := start(t, Options{Identity: b, OnConn: take}, Wanted{ID: a.ID()})
	dialer := start(t, Options{Identity: a, OnConn: take}, Wanted{ID: b.ID(), Candidates: listener.Addresses()})
	ends := map[string][2]transport.Conn{}
	for range 4 {
		c := <-conns
		pair := ends[c.Kind()]
		if c.Dialed() {
			pair[0] = c
		} else {
			pair[1] = c
		}
		ends[c.Kind()] = pair
	}
	dialer.SetLimits(Limits{Send: rate})
	for kind, pair := range ends {
		from, to := pair[0].Control(), pair[1].Control()
		if len(pair[0].Bulk()) > 0 {
			from, to = pair[0].Bulk()[0], pair[1].Bulk()[0]
		}
		begin := time.Now()
		go send(t, from, size)
		receive(t, to, size)
		took := time.Since(begin)
		t.Logf("%s: %d MiB in %v", kind, size/mib, took)
		// Only faster is wrong on a machine that may be busy.
		if took < size*time.Second/rate*95/100 {
			t.Errorf("%s: too fast", kind)
		}
	}
}
