package pool

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/testkit"
)

func TestJudge(t *testing.T) {
	tests := []struct {
		name string
		in   standing
		want verdict
	}{
		{"nothing there", standing{smaller: true}, admit},
		{"we have asked and our ID is the smaller", standing{smaller: true, asking: true}, duplicate},
		{"we have asked and theirs is the smaller", standing{asking: true}, admit},
		{"ours has just come up and crossed theirs", standing{smaller: true, connected: true, dialed: true, age: time.Second}, duplicate},
		{"ours has just come up but theirs is the smaller", standing{connected: true, dialed: true, age: time.Second}, admit},
		{"ours has long been up, so they have lost it", standing{smaller: true, connected: true, dialed: true, age: time.Minute}, admit},
		{"theirs is there, so they have lost it", standing{smaller: true, connected: true, age: time.Second}, admit},
		{"they have restarted, or are two", standing{smaller: true, connected: true, dialed: true, age: time.Second, otherInstance: true}, probe},
		{"they have restarted while we ask", standing{smaller: true, asking: true, connected: true, otherInstance: true}, duplicate},
	}
	for _, test := range tests {
		if got := judge(test.in); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}

func TestPausesGrowToTheirLimit(t *testing.T) {
	for _, near := range []bool{true, false} {
		var b backoff
		var last time.Duration
		for range 30 {
			last = b.next(near)
			if most := longest(near) * 5 / 4; last > most {
				t.Fatalf("near %v: pause %v is over %v", near, last, most)
			}
		}
		if last < longest(near)*3/4 {
			t.Errorf("near %v: pause stays at %v", near, last)
		}
		b.reset()
		if first := b.next(near); first > firstPause*5/4 {
			t.Errorf("near %v: first pause after reset is %v", near, first)
		}
	}
}

// The promise of five seconds: an attempt that just missed the peer's return,
// the pause after it, and a second for the handshake.
func TestAnAttemptAndAPauseFitTheReconnectPromise(t *testing.T) {
	const lastRetransmission = 1400 * time.Millisecond // 0, 0.2, 0.6, 1.4 s
	worst := nearAttempt - lastRetransmission + nearPause*5/4 + time.Second
	if worst > 5*time.Second {
		t.Errorf("a returning peer may wait %v", worst)
	}
}

func TestAddressesOnThisNetwork(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "192.168.1.4:1": true, "10.0.0.1:1": true, "[fe80::1%eth0]:1": true,
		"[fd00::1]:1": true, "[::ffff:192.168.0.1]:1": true,
		"198.51.100.1:1": false, "[2001:db8::1]:1": false, "lab.example:1": false, "nonsense": false,
	} {
		if got := onThisNetwork(addr.Candidate{Address: address}); got != want {
			t.Errorf("%s: got %v", address, got)
		}
	}
}

func TestStrangersAreReportedOncePerMinuteAndBounded(t *testing.T) {
	var r refusals
	now := time.Now()
	if !r.first(testkit.ID(1), now) || r.first(testkit.ID(1), now.Add(59*time.Second)) || !r.first(testkit.ID(1), now.Add(61*time.Second)) {
		t.Error("one device is not reported once a minute")
	}
	reported := 0
	for i := range 1000 {
		id := testkit.ID(0)
		id[0], id[1] = byte(i), byte(i>>8)
		if r.first(id, now.Add(61*time.Second)) {
			reported++
		}
	}
	if reported >= maxRefusals || len(r.reported) > maxRefusals {
		t.Errorf("a flood of identities: %d reported, %d remembered", reported, len(r.reported))
	}
}

func TestTheErrorThatSaysMoreIsKept(t *testing.T) {
	silence := fmt.Errorf("dial: %w", context.DeadlineExceeded)
	refused := errors.New("connection refused")
	for _, order := range [][]error{{silence, refused}, {refused, silence}, {refused, context.Canceled}, {nil, refused}} {
		if got := worse(order[0], order[1]); got != refused {
			t.Errorf("%v: got %v", order, got)
		}
	}
}
