package session

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
)

func TestEverythingIsSaidOverEachKindOfConnection(t *testing.T) {
	for _, kind := range []string{transport.KindQUIC, transport.KindTCP, transport.KindRelay} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := pipe(kind)
				near.Link.SetLatency(5 * time.Millisecond)
				a, b := converse(t, near, far)
				if b.Hello() != helloA {
					t.Errorf("hello is %+v", b.Hello())
				}
				ctx := t.Context()
				must(t, a.SendClusterConfig(ctx, ClusterConfig{Folders: []Folder{{ID: "f"}}}))
				must(t, a.SendIndex(ctx, "f", []index.Update{update("one", 3), update("../two", 4), update("three", 9)}, 10))
				must(t, a.SendIndex(ctx, "f", nil, 12))
				must(t, a.SendRecords(ctx, "f", []index.Record{{Kind: "k", Key: "x", Version: index.Version{{Replica: 1, Value: 1}}, Sequence: 1}}))
				b.expect(t, "cluster 1")
				b.expect(t, `index f to 10: one three !"../two"`)
				b.expect(t, "index f to 12:")
				b.expect(t, "records f 1")

				ranges := append(want("big", 7, 1<<20), want("small", 300, 100)...)
				data, err := b.Request(ctx, "f", ranges)
				must(t, err)
				check(t, ranges, data)
				data, err = b.Request(ctx, "f", append(want("absent", 1, 10), want("here", 1, 10)...))
				must(t, err)
				if data[0] != nil || len(data[1]) != 10 {
					t.Error("a refused range is not nil, or another one is")
				}
				if s := b.Stats(); s.Control != kind || s.Bulk != kind || s.Received < 7<<19 || s.RTT != 10*time.Millisecond {
					t.Errorf("stats are %+v", s)
				}
				finish(t, a, b)
			})
		})
	}
}

func TestHolesAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindTCP) // without delay: nothing else is compressed
		a, b := converse(t, near, far)
		ranges := want("sparse", 7, 1<<20)
		a.serve = func(_ context.Context, want []Range, reply func(int, []byte, error) error) error {
			for i := range want {
				data := make([]byte, want[i].Size)
				if i == 3 {
					data = content(want[i])
				}
				must(t, reply(i, data, nil))
			}
			return nil
		}
		data, err := b.Request(t.Context(), "f", ranges)
		must(t, err)
		check(t, ranges[3:4], data[3:4])
		if !bytes.Equal(data[6], make([]byte, 1<<20)) {
			t.Error("a hole does not come back")
		}
		if got := b.Stats().Received; got < 1<<20 || got > 5<<18 {
			t.Errorf("received are %d bytes for 1 MiB of content between holes", got)
		}
		finish(t, a, b)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheReasonOfACloseArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindTCP)
		a, b := converse(t, near, far)
		a.Close("folder was removed")
		if err := b.end(t); !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "folder was removed") {
			t.Errorf("other side ended with: %v", err)
		}
		if err := a.end(t); !errors.Is(err, ErrEnded) {
			t.Errorf("closing side ended with: %v", err)
		}
		if err := a.SendClusterConfig(t.Context(), ClusterConfig{}); !errors.Is(err, ErrEnded) {
			t.Errorf("sending afterwards: %v", err)
		}
	})
}

func TestADeadPeerIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindTCP)
		a, b := converse(t, near, far)
		start := time.Now()
		near.Link.Stall()
		_ = a.end(t) // the deadline's error
		if d := time.Since(start); d > 45*time.Second {
			t.Errorf("it took %v", d)
		}
		_ = b.end(t)
	})
}

func TestAnIdleSessionLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		time.Sleep(time.Hour)
		if s := a.Stats(); s.Sent > 30_000 {
			t.Errorf("an idle hour sent %d bytes", s.Sent)
		}
		select {
		case <-a.Done():
			t.Error("session ended")
		default:
		}
		finish(t, a, b)
	})
}

func TestNoAnnouncementIsLostOrRepeatedWhenConnectionsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindTCP)
		near.Link.SetLatency(20 * time.Millisecond)
		a, b := converse(t, near, far)
		ctx := t.Context()
		must(t, a.SendClusterConfig(ctx, ClusterConfig{}))
		b.expect(t, "cluster 0")
		const rounds, each = 20, 50
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range rounds * each {
				must(t, a.SendIndex(ctx, "f", []index.Update{update(fmt.Sprint("n", i), int64(i+1))}, int64(i+1)))
				if i%7 == 0 {
					time.Sleep(time.Millisecond)
				}
			}
		})
		old := near
		for i := range rounds {
			kind := []string{transport.KindQUIC, transport.KindTCP}[i%2]
			near, far := pipe(kind)
			near.Link.SetLatency(20 * time.Millisecond)
			la, lb := greetBoth(t, near, far, helloA, helloB)
			must(t, b.Attach(ctx, lb))
			must(t, a.Attach(ctx, la))
			time.Sleep(5 * time.Millisecond)
			old.Link.Cut()
			old = near
		}
		wg.Wait()
		for i := range rounds * each {
			b.expect(t, fmt.Sprintf("index f to %d: n%d", i+1, i))
		}
		finish(t, a, b)
	})
}

func TestRequestsSurviveTheLossOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		tcp, tcpFar := pipe(transport.KindTCP)
		tcp.Link.SetLatency(50 * time.Millisecond)
		la, lb := greetBoth(t, tcp, tcpFar, helloA, helloB)
		must(t, a.Attach(t.Context(), la))
		must(t, b.Attach(t.Context(), lb))
		if s := a.Stats(); s.Control != transport.KindQUIC || s.Bulk != transport.KindTCP || s.Links != 2 {
			t.Errorf("stats are %+v", s)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ranges := want(fmt.Sprint("file", i), 6, 1<<20)
				data, err := a.Request(t.Context(), "f", ranges)
				if err != nil {
					t.Error(err)
					return
				}
				check(t, ranges, data)
			})
		}
		time.Sleep(300 * time.Millisecond)
		tcp.Link.Cut()
		wg.Wait()
		if s := a.Stats(); s.Links != 1 || s.Bulk != transport.KindQUIC {
			t.Errorf("afterwards: %+v", s)
		}
		finish(t, a, b)
	})
}

func TestASlowHandlerHoldsTheSenderBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindTCP)
		a, b := converse(t, near, far)
		gate := make(chan struct{})
		b.index = func() error { <-gate; return nil }
		ctx := t.Context()
		must(t, a.SendClusterConfig(ctx, ClusterConfig{}))
		var sent atomic.Int64
		var wg sync.WaitGroup
		wg.Go(func() {
			noise := rand.NewChaCha8([32]byte{})
			for n := sent.Load(); n < 40; n = sent.Add(1) {
				batch := make([]index.Update, 1000)
				for i := range batch {
					name := make([]byte, 250)
					_, _ = noise.Read(name) // never fails
					batch[i] = update(hex.EncodeToString(name), n*1000+int64(i)+1)
				}
				must(t, a.SendIndex(ctx, "f", batch, (n+1)*1000))
			}
		})
		time.Sleep(10 * time.Minute)
		if n := sent.Load(); n > 38 {
			t.Errorf("%d batches were taken while the handler was blocked", n)
		}
		// The other direction and requests go on meanwhile.
		must(t, b.SendClusterConfig(ctx, ClusterConfig{}))
		a.expect(t, "cluster 0")
		if _, err := b.Request(ctx, "f", want("x", 1, 10)); err != nil {
			t.Error(err)
		}
		close(gate)
		wg.Wait()
		finish(t, a, b)
	})
}

func TestASecondInstanceIsRefusedWhileTheFirstAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		other := helloB
		other.Instance = 99
		n2, f2 := pipe(transport.KindTCP)
		la, _ := greetBoth(t, n2, f2, helloA, other)
		if err := a.Attach(t.Context(), la); !errors.Is(err, ErrSecondInstance) {
			t.Errorf("attach: %v", err)
		}
		if f2.Context().Err() == nil {
			t.Error("the connection was not closed")
		}
		// The first instance dies; its connection does not tell.
		near.Link.Stall()
		n3, f3 := pipe(transport.KindTCP)
		la, lb := greetBoth(t, n3, f3, helloA, other)
		if err := a.Attach(t.Context(), la); !errors.Is(err, ErrEnded) || errors.Is(err, ErrSecondInstance) {
			t.Errorf("attach after death: %v", err)
		}
		_ = a.end(t) // replaced
		a2, b2 := begin(t, la), begin(t, lb)
		must(t, a2.SendClusterConfig(t.Context(), ClusterConfig{}))
		b2.expect(t, "cluster 0")
		finish(t, a2, b2)
		_ = b.end(t) // it hears nothing any more
	})
}

func TestASessionThatTheOtherSideHasEndedIsNotJoinedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		must(t, a.SendClusterConfig(t.Context(), ClusterConfig{}))
		b.expect(t, "cluster 0")
		// One side ends; the other does not hear of it, and gets a new connection.
		near.Link.Stall()
		a.Close("unheard")
		_ = a.end(t) // known
		n2, f2 := pipe(transport.KindTCP)
		la, lb := greetBoth(t, n2, f2, helloA, helloB)
		a2 := begin(t, la)
		must(t, a2.SendClusterConfig(t.Context(), ClusterConfig{Folders: []Folder{{ID: "new"}}}))
		must(t, b.Attach(t.Context(), lb))
		if err := b.end(t); !errors.Is(err, ErrEnded) {
			t.Errorf("the old session ended with: %v", err)
		}
		if err := a2.end(t); !errors.Is(err, ErrClosed) {
			t.Errorf("the new session ended with: %v", err)
		}
		n3, f3 := pipe(transport.KindTCP)
		a3, b3 := converse(t, n3, f3)
		must(t, a3.SendClusterConfig(t.Context(), ClusterConfig{Folders: []Folder{{ID: "new"}}}))
		b3.expect(t, "cluster 1")
		finish(t, a3, b3)
	})
}

func TestAnAnnouncementMayBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		ctx := t.Context()
		var wg sync.WaitGroup
		wg.Go(func() { // waits for the cluster configuration
			must(t, a.SendIndex(ctx, "f", []index.Update{update("one", 1)}, 5))
			must(t, a.SendIndex(ctx, "f", []index.Update{update("one", 1), update("six", 6)}, 6))
		})
		synctest.Wait()
		must(t, a.SendClusterConfig(ctx, ClusterConfig{}))
		b.expect(t, "cluster 0")
		b.expect(t, "index f to 5: one")
		b.expect(t, "index f to 6: one six")
		wg.Wait()
		finish(t, a, b)
	})
}

func TestACancelledRequestStopsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		stopped := make(chan struct{})
		b.serve = func(ctx context.Context, _ []Range, _ func(int, []byte, error) error) error {
			<-ctx.Done()
			close(stopped)
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.Request(ctx, "f", want("x", 3, 10)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("request: %v", err)
		}
		<-stopped
		synctest.Wait()
		if !a.asking.ranges.TryAcquire(1024) {
			t.Error("the cancelled ranges still count as in flight")
		}
		finish(t, a, b)
	})
}

func TestAStalledRequestFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindQUIC)
		a, b := converse(t, near, far)
		free := make(chan struct{})
		b.serve = func(context.Context, []Range, func(int, []byte, error) error) error { <-free; return nil }
		if _, err := a.Request(t.Context(), "f", want("x", 3, 10)); !errors.Is(err, ErrNoProgress) {
			t.Errorf("request: %v", err)
		}
		close(free)
		finish(t, a, b)
	})
}

func TestControlWaitsForOneBulkFrameAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := testkit.PipeWith(testkit.ID(1), testkit.ID(2), testkit.PipeOptions{Kind: transport.KindTCP, NoBulk: true})
		o := newOutbox(near.Control(), nil)
		for range 2 {
			must(t, o.putBulk(t.Context(), bulkFrame{make([]byte, 128<<10), 0}))
		}
		o.put([]byte("control"))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = o.write(ctx, func(bulkFrame) {}) })
		first := make([]byte, 7)
		if _, err := far.Control().Read(first); err != nil || string(first) != "control" {
			t.Errorf("first came %q, %v", first, err)
		}
		cancel()
		near.Link.Cut()
		wg.Wait()
	})
}
