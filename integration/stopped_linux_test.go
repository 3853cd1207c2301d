package integration

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// TestAStoppedDaemonIsMissedAndComesBack stops a daemon with SIGSTOP in the
// middle of a transfer, for longer than a session waits for a sign of life. The
// other one has to say so and to go on working; woken, both come to agree.
func TestAStoppedDaemonIsMissedAndComesBack(t *testing.T) {
	t.Parallel() // it waits half a minute
	c := NewCluster(t, 3, options{})
	a, b, third := c.nodes[0], c.nodes[1], c.nodes[2]
	c.Write(0, "old", "x")
	c.AwaitEqual()
	rate := int64(2 << 20)
	b.limit(0, rate)
	a.saveNoise("big", 1, 30<<20)
	b.awaitFolder("the transfer", func(f *api.Folder) bool { return f.Transfer != nil && f.Transfer.Bytes > 1<<20 })

	b.must(b.cmd.Process.Signal(syscall.SIGSTOP))
	stopped := time.Now()
	a.write("meanwhile", "of node0")
	a.remove("old")
	third.await("what node0 saved meanwhile", func() bool { return third.holds("meanwhile", "of node0") && !third.exists("old") })
	if took := time.Since(stopped); took > 10*time.Second && !raceEnabled {
		t.Errorf("with one device stopped another got a change after %v", took)
	}
	b.write("saved there", "while its daemon stood still")
	for i, n := range []*node{a, third} {
		n.await("node1 to be missed", func() bool { return !c.device(2*i, 1).Connected })
		n.await("the reason", func() bool { return c.device(2*i, 1).Error != "" })
		n.checkSentence(c.device(2*i, 1).Error)
	}
	t.Logf("missed after %v: %s", time.Since(stopped).Round(time.Second), c.device(0, 1).Error)
	if strings.Contains(b.log(), "panic") {
		t.Error("the stopped daemon crashed")
	}

	b.must(b.cmd.Process.Signal(syscall.SIGCONT))
	woken := time.Now()
	c.awaitConnected(0, 1)
	c.awaitConnected(2, 1)
	t.Logf("connected again %v after it was woken", time.Since(woken).Round(time.Millisecond))
	b.limit(0, 0)
	tree := c.AwaitEqual()
	for _, name := range []string{"big", "meanwhile", "saved there"} {
		if _, ok := tree[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	if _, ok := tree["old"]; ok || len(tree) != 3 {
		t.Errorf("the trees hold %d names, want 3", len(tree))
	}
}
