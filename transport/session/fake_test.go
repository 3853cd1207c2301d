package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeHandler records what it is told, as lines, and serves content by name.
type fakeHandler struct {
	said  chan string
	serve func(ctx context.Context, want []Range, reply func(int, []byte, error) error) error
	index func() error
}

func newHandler() *fakeHandler { return &fakeHandler{said: make(chan string, 4096)} }

func (h *fakeHandler) ClusterConfig(_ context.Context, c ClusterConfig) error {
	h.said <- fmt.Sprintf("cluster %d", len(c.Folders))
	return nil
}

func (h *fakeHandler) Index(_ context.Context, folder string, batch []index.Update, last int64, rejected []Rejected) error {
	if h.index != nil {
		if err := h.index(); err != nil {
			return err
		}
	}
	names := ""
	for _, u := range batch {
		names += " " + u.Heads[0].Name
	}
	for _, r := range rejected {
		names += fmt.Sprintf(" !%q", r.Name)
	}
	h.said <- fmt.Sprintf("index %s to %d:%s", folder, last, names)
	return nil
}

func (h *fakeHandler) Records(_ context.Context, folder string, records []index.Record) error {
	h.said <- fmt.Sprintf("records %s %d", folder, len(records))
	return nil
}

func (h *fakeHandler) Serve(ctx context.Context, _ string, want []Range, reply func(int, []byte, error) error) error {
	if h.serve != nil {
		return h.serve(ctx, want, reply)
	}
	for i := range want {
		if want[i].Name == "absent" {
			if err := reply(i, nil, errors.New("absent")); err != nil {
				return err
			}
			continue
		}
		if err := reply(i, content(want[i]), nil); err != nil {
			return err
		}
	}
	return nil
}

// content is a function of name and offset, half of it compressible.
func content(r Range) []byte {
	b := make([]byte, r.Size)
	var sum [32]byte
	for i := range b {
		if i%64 == 0 {
			sum = sha256.Sum256(fmt.Append(nil, r.Name, r.Offset, i))
		}
		if i%64 < 32 {
			b[i] = sum[i%32]
		}
	}
	return b
}

// side is one end of a conversation in a test.
type side struct {
	*Session
	*fakeHandler
	ended chan error
}

func (s *side) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-s.said:
		if got != want {
			t.Fatalf("handler was told %q, want %q", got, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("handler was not told %q", want)
	}
}

// end waits for the session to end and returns why.
func (s *side) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(5 * time.Minute):
		t.Fatal("session does not end")
		return nil
	}
}

// greetBoth says Hello on both ends of a pipe.
func greetBoth(t testing.TB, a, b transport.Conn, ha, hb Hello) (la, lb *Link) {
	t.Helper()
	var err error
	var wg sync.WaitGroup
	wg.Go(func() { la, err = Greet(t.Context(), a, ha) })
	lb, errB := Greet(t.Context(), b, hb)
	wg.Wait()
	if err := errors.Join(err, errB); err != nil {
		t.Fatal(err)
	}
	return la, lb
}

var (
	helloA = Hello{DeviceName: "alice", ClientName: "labsync", ClientVersion: "v1.0.0", Instance: 1}
	helloB = Hello{DeviceName: "bob", ClientName: "labsync", ClientVersion: "v1.0.0", Instance: 2}
)

// converse runs a session over a connection, on both ends.
func converse(t testing.TB, a, b transport.Conn) (*side, *side) {
	t.Helper()
	la, lb := greetBoth(t, a, b, helloA, helloB)
	return begin(t, la), begin(t, lb)
}

func begin(t testing.TB, l *Link) *side {
	t.Helper()
	h := newHandler()
	s, err := New(l, h, Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := &side{Session: s, fakeHandler: h, ended: make(chan error, 1)}
	go func() { out.ended <- s.Run(context.WithoutCancel(t.Context())) }()
	return out
}

// finish ends both sides and waits.
func finish(t *testing.T, a, b *side) {
	t.Helper()
	a.Close("test is over")
	_ = a.end(t) // why is known
	_ = b.end(t)
}

func pipe(kind string) (near, far *testkit.Conn) {
	return testkit.PipeWith(testkit.ID(1), testkit.ID(2), testkit.PipeOptions{Kind: kind, NoBulk: kind == transport.KindTCP})
}

// rawPeer speaks frames to a session under test.
type rawPeer struct {
	t    *testing.T
	conn transport.Conn
}

func (p rawPeer) send(frames ...[]byte) {
	p.t.Helper()
	for _, f := range frames {
		if _, err := p.conn.Control().Write(f); err != nil && !errors.Is(err, net.ErrClosed) {
			return // the session has closed the connection: the test looks at why
		}
	}
}

func frame(t wire.Type, number uint32, payload []byte) []byte {
	return wire.AppendFrame(nil, wire.Header{Type: t, Number: number}, payload)
}

func numbered(t wire.Type, number uint32, payload []byte) []byte {
	return wire.AppendFrame(nil, wire.Header{Type: t, Number: number, Numbered: true}, payload)
}

// update announces a small file.
func update(name string, sequence int64) index.Update {
	block := index.Block{Size: 5, Hash: sha256.Sum256([]byte(name))}
	return index.Update{Sequence: sequence, Heads: []index.Entry{{
		Name: name, Size: 5, Mode: 0o644, ModifiedBy: 7, Version: index.Version{{Replica: 7, Value: uint64(sequence)}},
		Blocks: []index.Block{block}, Hash: index.HashBlocks([]index.Block{block}),
	}}}
}

func want(name string, n int, size int32) []Range {
	out := make([]Range, n)
	for i := range out {
		out[i] = Range{Name: name, Hash: sha256.Sum256([]byte(name)), Offset: int64(i) * int64(size), Size: size}
	}
	return out
}

func check(t *testing.T, ranges []Range, data [][]byte) {
	t.Helper()
	for i := range ranges {
		if string(data[i]) != string(content(ranges[i])) {
			t.Fatalf("range %d: %d bytes that are not the content", i, len(data[i]))
		}
	}
}
