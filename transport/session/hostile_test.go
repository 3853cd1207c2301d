package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/wire"
)

// against runs a session whose other side is the test.
func against(t *testing.T) (*side, rawPeer) {
	near, far := pipe(transport.KindTCP)
	la, _ := greetBoth(t, near, far, helloA, helloB)
	peer := rawPeer{t, far}
	peer.send(frame(wire.TypeJoin, 0, wire.AppendJoin(nil, 5)))
	return begin(t, la), peer
}

func TestHostileMessagesEndTheSessionWithAReason(t *testing.T) {
	header := func(length uint32, kind wire.Type, flags uint16) []byte {
		b := binary.BigEndian.AppendUint32(nil, length)
		b = binary.BigEndian.AppendUint16(b, uint16(kind))
		return append(binary.BigEndian.AppendUint16(b, flags), 0, 0, 0, 1)
	}
	cluster := numbered(wire.TypeClusterConfig, 1, nil)
	request := wire.AppendBlocksRequest(nil, wire.BlocksRequest{Folder: "f", Ranges: want("x", 1, 10)})
	index := func(previous, last int64) []byte {
		var out []byte
		_, _ = wire.EachIndex(wire.Index{Folder: "f", Previous: previous, Last: last}, 1, func(p []byte) error {
			out = bytes.Clone(p)
			return nil
		})
		return out
	}
	bomb := binary.BigEndian.AppendUint32(nil, 1<<30)
	for name, c := range map[string]struct {
		say    string // part of the reason
		frames [][]byte
	}{
		"a frame beyond the cap":                {"too large", [][]byte{header(16<<20+1, wire.TypePing, 0)}},
		"a length that is negative as int32":    {"too large", [][]byte{header(1<<31, wire.TypeIndex, 2)}},
		"an unknown flag":                       {"flags", [][]byte{header(0, wire.TypePing, 4)}},
		"a second hello":                        {"second hello", [][]byte{frame(wire.TypeHello, 0, nil)}},
		"an index before the cluster config":    {"before the cluster", [][]byte{numbered(wire.TypeIndexUpdate, 1, index(0, 1))}},
		"a control message without number":      {"without number", [][]byte{frame(wire.TypeIndex, 0, nil)}},
		"a gap in the numbers":                  {"follows", [][]byte{cluster, numbered(wire.TypeRecords, 3, nil)}},
		"an index that leaves out sequences":    {"instead of", [][]byte{cluster, numbered(wire.TypeIndex, 2, index(0, 5)), numbered(wire.TypeIndexUpdate, 3, index(6, 7))}},
		"an index that goes backwards":          {"do not lie between", [][]byte{cluster, numbered(wire.TypeIndexUpdate, 2, []byte("\n\x01f\x18\x03\x20\x05"))}},
		"an update before an index":             {"instead of", [][]byte{cluster, numbered(wire.TypeIndexUpdate, 2, index(4, 5))}},
		"a join of seven bytes":                 {"join", [][]byte{frame(wire.TypeJoin, 0, make([]byte, 7))}},
		"an acknowledgement of nothing":         {"acknowledges", [][]byte{frame(wire.TypeAck, 7, nil)}},
		"garbage for an index":                  {"malformed", [][]byte{cluster, numbered(wire.TypeIndex, 2, []byte{0xff})}},
		"a zstd bomb":                           {"uncompressed", [][]byte{cluster, wire.AppendFrame(nil, wire.Header{Type: wire.TypeIndex, Number: 2, Numbered: true, Compressed: true}, bomb)}},
		"a ping of a megabyte":                  {"bytes", [][]byte{header(1<<20, wire.TypePing, 0)}},
		"a request for nothing":                 {"nothing", [][]byte{frame(wire.TypeBlocksRequest, 1, []byte("\n\x01f"))}},
		"a response with a table beyond itself": {"pieces", [][]byte{frame(wire.TypeBlocksResponse, 1, []byte{4, 0})}},
		"one request number twice":              {"twice", [][]byte{frame(wire.TypeBlocksRequest, 1, request), frame(wire.TypeBlocksRequest, 1, request)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, peer := against(t)
				a.serve = func(ctx context.Context, _ []Range, _ func(int, []byte, error) error) error {
					<-ctx.Done()
					return nil
				}
				peer.send(c.frames...)
				reason := readReason(t, peer.conn.Control())
				if err := a.end(t); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), c.say) {
					t.Errorf("ended with: %v", err)
				}
				if !strings.Contains(reason, c.say) {
					t.Errorf("told %q", reason)
				}
			})
		})
	}
}

// readReason skips frames until the Close.
func readReason(t *testing.T, r io.Reader) string {
	t.Helper()
	for {
		var b [wire.HeaderSize]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			t.Errorf("no close message: %v", err)
			return ""
		}
		h, err := wire.ParseHeader(&b)
		must(t, err)
		p := make([]byte, h.Length)
		_, err = io.ReadFull(r, p)
		must(t, err)
		if h.Type == wire.TypeClose {
			reason, err := wire.ParseClose(p)
			must(t, err)
			return reason
		}
	}
}

func TestUnknownMessagesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := against(t)
		peer.send(
			frame(9999, 0, make([]byte, 100_000)),
			frame(wire.TypeDownloadProgress, 0, []byte("anything")),
			numbered(wire.TypeClusterConfig, 1, nil),
			numbered(9998, 2, []byte("a later version")),
			numbered(wire.TypeRecords, 3, wire.AppendRecords(nil, wire.Records{Folder: "f"})),
		)
		a.expect(t, "cluster 0")
		a.expect(t, "records f 0")
		a.Close("")
		_ = a.end(t)
	})
}

func TestAnswersToNothingAreCountedAndThenEndTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := against(t)
		answer := make([]byte, wire.PieceCountSize+wire.PieceSize)
		wire.PutPieces(answer, []wire.Piece{{Index: 0, Code: wire.CodeGeneric, Last: true}})
		for range maxStrays {
			peer.send(frame(wire.TypeBlocksResponse, 77, answer))
		}
		synctest.Wait()
		if a.ctx.Err() != nil {
			t.Fatal("ended too early")
		}
		peer.send(frame(wire.TypeBlocksResponse, 77, answer))
		if err := a.end(t); !errors.Is(err, ErrProtocol) {
			t.Errorf("ended with: %v", err)
		}
	})
}

func TestAFloodOfRequestsStopsTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := against(t)
		block := make(chan struct{})
		a.serve = func(context.Context, []Range, func(int, []byte, error) error) error { <-block; return nil }
		request := wire.AppendBlocksRequest(nil, wire.BlocksRequest{Folder: "f", Ranges: want("x", 16, 1<<20)})
		sent := 0
		go func() {
			for id := uint32(1); id < 10_000; id++ {
				if _, err := peer.conn.Control().Write(frame(wire.TypeBlocksRequest, id, request)); err != nil {
					return
				}
				sent++
			}
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		if a.asked.bytes.TryAcquire(1) {
			t.Error("the cap is not reached")
		}
		if sent == 9_999 {
			t.Error("all requests were taken")
		}
		close(block)
		must(t, peer.conn.Close("enough"))
		_ = a.end(t)
	})
}

func TestASlowReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, peer := against(t)
		// It asks for much, sends pings, and reads nothing.
		request := wire.AppendBlocksRequest(nil, wire.BlocksRequest{Folder: "f", Ranges: want("x", 16, 1<<20)})
		peer.send(frame(wire.TypeBlocksRequest, 1, request))
		start := time.Now()
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			for peer.conn.Context().Err() == nil {
				peer.send(frame(wire.TypePing, 0, nil))
				time.Sleep(10 * time.Second)
			}
		})
		err := a.end(t)
		if d := time.Since(start); d > 2*stall {
			t.Errorf("dropped after %v: %v", d, err)
		}
	})
}

func TestASilentSenderWithinAFrameIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := testkit.Pipe(testkit.ID(1), testkit.ID(2))
		la, lb := greetBoth(t, near, far, helloA, helloB)
		a := begin(t, la)
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() {
			_, _ = far.Control().Write(frame(wire.TypeJoin, 0, wire.AppendJoin(nil, 5)))
			for far.Context().Err() == nil { // control lives
				_, _ = far.Control().Write(frame(wire.TypePing, 0, nil))
				time.Sleep(5 * time.Second)
			}
		})
		_, err := lb.conn.Bulk()[0].Write([]byte{0, 0, 1})
		must(t, err)
		start := time.Now()
		_ = a.end(t) // the deadline's error
		if d := time.Since(start); d > 45*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func TestNothingComesBeforeJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe(transport.KindTCP)
		la, _ := greetBoth(t, near, far, helloA, helloB)
		a := begin(t, la)
		rawPeer{t, far}.send(numbered(wire.TypeClusterConfig, 1, nil))
		if reason := readReason(t, far.Control()); !strings.Contains(reason, "before join") {
			t.Errorf("told %q", reason)
		}
		if err := a.end(t); !errors.Is(err, ErrProtocol) {
			t.Errorf("ended with: %v", err)
		}
	})
}

func TestGreetRefuses(t *testing.T) {
	for name, first := range map[string][]byte{
		"another message": frame(wire.TypePing, 0, nil),
		"a huge hello":    frame(wire.TypeHello, 0, make([]byte, wire.MaxHello+1)),
		"garbage":         []byte("GET / HTTP/1.1\r\n\r\n"),
		"silence":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := pipe(transport.KindTCP)
				_, err := far.Control().Write(first)
				must(t, err)
				start := time.Now()
				if _, err := Greet(t.Context(), near, helloA); err == nil {
					t.Error("greeted")
				}
				if time.Since(start) > helloTimeout || far.Context().Err() == nil {
					t.Error("the connection lives on")
				}
			})
		})
	}
}
