package pool

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport"
)

func TestCrossingDialsLeaveOneConnectionOfAKind(t *testing.T) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	a, b := identities(t)
	for range rounds {
		one, other := start(t, Options{Identity: a}), start(t, Options{Identity: b})
		atOne, atOther := one.wants(other), other.wants(one)
		ready := make(chan struct{})
		go func() { one.SetDevices([]Wanted{atOne}); close(ready) }()
		other.SetDevices([]Wanted{atOther})
		<-ready
		// Each side is handed exactly one connection of a kind, so none was ever
		// established and closed again, and they are two ends of the same.
		here, there := one.both(t), other.both(t)
		for kind, c := range here {
			far := there[kind]
			if c.LocalAddr().String() != far.RemoteAddr().String() || c.Dialed() == far.Dialed() {
				t.Fatalf("%s: the ends belong to different connections", kind)
			}
			if c.Context().Err() != nil || far.Context().Err() != nil {
				t.Fatalf("%s: an end is closed", kind)
			}
		}
		one.stop()
		other.stop()
		if len(one.conns)+len(other.conns) > 0 {
			t.Fatal("a connection too many")
		}
	}
}

func TestASecondInstanceIsRefusedWhileTheFirstAnswers(t *testing.T) {
	a, b := identities(t)
	told := make(chan device.ID, 100)
	hub := start(t, Options{Identity: a, SecondInstance: func(id device.ID) { told <- id }}, Wanted{ID: b.ID()})
	all := hub.Addresses()
	for name, candidates := range map[string][]addr.Candidate{"quic": all[:1], "tcp": all[1:], "both": all} {
		t.Run(name, func(t *testing.T) {
			first := start(t, Options{Identity: b}, Wanted{ID: a.ID(), Candidates: candidates})
			conns := []transport.Conn{first.next(t)}
			if len(candidates) > 1 {
				conns = append(conns, first.next(t))
			}
			for range conns {
				hub.next(t)
			}
			second := start(t, Options{Identity: b}, Wanted{ID: a.ID(), Candidates: candidates})
			second.failure(t, "same identity")
			select {
			case id := <-told:
				if id != b.ID() {
					t.Errorf("told of a second instance of %s", id.Short())
				}
			case <-time.After(10 * time.Second):
				t.Error("nobody was told of the second instance")
			}
			for _, c := range conns {
				if c.Context().Err() != nil {
					t.Errorf("the first instance lost its %s connection", c.Kind())
				}
			}
		})
	}
}

func TestAConnectionThatIsClosedAtOnceIsNotRedialledInALoop(t *testing.T) {
	a, b := identities(t)
	closed := make(chan transport.Conn, 100)
	listener := start(t, Options{Identity: b, OnConn: func(c transport.Conn) { _ = c.Close("no"); closed <- c }}, Wanted{ID: a.ID()})
	start(t, Options{Identity: a}, Wanted{ID: b.ID(), Candidates: listener.Addresses()})
	begin := time.Now()
	const rounds = 4 // of each kind; between them 0.1, 0.2 and 0.4 s, a quarter less at the least
	for range 2 * rounds {
		<-closed
	}
	if took := time.Since(begin); took < 500*time.Millisecond {
		t.Errorf("%d rounds in %v", rounds, took)
	}
}

func TestAKilledPeerIsFoundAgainWithinFiveSeconds(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes and waits for them")
	}
	tests := []struct {
		name         string
		survivorDial bool
		peerDials    bool
		away         []time.Duration // longer tests what long trying does
	}{
		{"only the survivor dials", true, false, []time.Duration{0, 2 * time.Second, 6 * time.Second}},
		{"only the peer dials", false, true, []time.Duration{0, time.Second}},
		{"both dial", true, true, []time.Duration{0, time.Second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := testkit.Identity(t, 1)
			home := t.TempDir()
			b, err := device.Create(home, zeroReader{})
			if err != nil {
				t.Fatal(err)
			}
			survivor := start(t, Options{Identity: a}, Wanted{ID: b.ID()})
			dial := ""
			if test.peerDials {
				dial = survivor.addresses()
			}
			process, listening := spawn(t, home, a.ID(), "quic://127.0.0.1:0,tcp://127.0.0.1:0", dial)
			if test.survivorDial {
				candidates, _, err := addr.ParseList(listening)
				if err != nil {
					t.Fatal(err)
				}
				survivor.SetDevices([]Wanted{{ID: b.ID(), Candidates: candidates}})
			}
			conns := survivor.both(t)
			for _, away := range test.away {
				if err := process.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = process.Wait()
				<-time.After(away)
				process, _ = spawn(t, home, a.ID(), listening, dial)
				back := time.Now()
				for _, c := range conns {
					_ = await(t, c)
				}
				conns = survivor.both(t)
				if took := time.Since(back); took > 5*time.Second {
					t.Errorf("away %v: reconnecting took %v", away, took)
				} else {
					t.Logf("away %v: reconnected in %v", away, took)
				}
			}
		})
	}
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// spawn starts child and returns where it listens.
func spawn(t *testing.T, home string, peer device.ID, listen, dial string) (*exec.Cmd, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), childHome+"="+home,
		"LABSYNC_POOL_TEST_PEER="+peer.String(), "LABSYNC_POOL_TEST_LISTEN="+listen, "LABSYNC_POOL_TEST_DIAL="+dial)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return c, strings.TrimSpace(line)
}
