package pool

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
)

const patience = 20 * time.Second // for what should take milliseconds

func TestMain(m *testing.M) {
	if home := os.Getenv(childHome); home != "" {
		child(home)
		return
	}
	goleak.VerifyTestMain(m)
}

// node is a running pool whose connections are read to their end, as a session
// would.
type node struct {
	*Pool
	conns chan transport.Conn
	stop  func()
}

var anyPort = []addr.Candidate{
	{Scheme: transport.KindQUIC, Address: "127.0.0.1:0"},
	{Scheme: transport.KindTCP, Address: "127.0.0.1:0"},
}

// start runs a pool until the test or stop ends it.
func start(t testing.TB, o Options, wanted ...Wanted) *node {
	t.Helper()
	n := &node{conns: make(chan transport.Conn, 1000)}
	if o.Listen == nil {
		o.Listen = anyPort
	}
	if o.OnConn == nil {
		o.OnConn = func(c transport.Conn) {
			n.conns <- c
			go drain(c)
		}
	}
	n.Pool = New(o)
	n.SetDevices(wanted)
	if err := n.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stopped := false
	n.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(n.stop)
	return n
}

func drain(c transport.Conn) {
	buffer := make([]byte, 1024)
	for {
		if _, err := c.Control().Read(buffer); err != nil {
			return
		}
	}
}

func (n *node) next(t testing.TB) transport.Conn {
	t.Helper()
	select {
	case c := <-n.conns:
		return c
	case <-time.After(patience):
		t.Fatalf("no connection; status %+v", n.Status())
		return nil
	}
}

// both waits for a connection of each kind.
func (n *node) both(t testing.TB) map[string]transport.Conn {
	t.Helper()
	got := make(map[string]transport.Conn)
	for len(got) < 2 {
		c := n.next(t)
		if old := got[c.Kind()]; old != nil && old.Context().Err() == nil {
			t.Fatalf("two %s connections at once", c.Kind())
		}
		got[c.Kind()] = c
	}
	return got
}

// addresses lists where a node listens as the command line would.
func (n *node) addresses() string {
	var list []string
	for _, c := range n.Addresses() {
		list = append(list, c.String())
	}
	return strings.Join(list, ",")
}

func (n *node) wants(peer *node) Wanted {
	return Wanted{ID: peer.self, Candidates: peer.Addresses()}
}

// failure waits for a device's error to contain a text.
func (n *node) failure(t testing.TB, text string) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		status := n.Status()
		if err := status[0].Err; err != nil && strings.Contains(err.Error(), text) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("status is %+v, want an error with %q", status, text)
		}
	}
}

func await(t testing.TB, c transport.Conn) error {
	t.Helper()
	select {
	case <-c.Context().Done():
		return context.Cause(c.Context())
	case <-time.After(patience):
		t.Fatalf("%s connection is still open", c.Kind())
		return nil
	}
}

const childHome = "LABSYNC_POOL_TEST_HOME"

// child is another process with the identity in home, which trusts the device
// in LABSYNC_POOL_TEST_PEER, listens where LABSYNC_POOL_TEST_LISTEN says, dials
// that device where LABSYNC_POOL_TEST_DIAL says, if it does, prints where it
// listens and ends with its standard input.
func child(home string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	id, err := device.Load(home)
	fail(err)
	peer, err := device.ParseID(os.Getenv("LABSYNC_POOL_TEST_PEER"))
	fail(err)
	o := Options{Identity: id, OnConn: func(c transport.Conn) { go drain(c) }}
	for _, at := range strings.Split(os.Getenv("LABSYNC_POOL_TEST_LISTEN"), ",") {
		c, err := addr.ParseListen(at)
		fail(err)
		o.Listen = append(o.Listen, c)
	}
	w := Wanted{ID: peer}
	if at := os.Getenv("LABSYNC_POOL_TEST_DIAL"); at != "" {
		w.Candidates, _, err = addr.ParseList(at)
		fail(err)
	}
	p := New(o)
	p.SetDevices([]Wanted{w})
	fail(p.Listen())
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		cancel()
	}()
	fmt.Println((&node{Pool: p}).addresses())
	fail(p.Run(ctx))
}

func identities(t testing.TB) (smaller, larger device.Identity) {
	a, b := testkit.Identity(t, 1), testkit.Identity(t, 2)
	if a.ID().Compare(b.ID()) > 0 {
		a, b = b, a
	}
	return a, b
}
