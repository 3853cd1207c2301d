package integration

import (
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// TestAKilledReceiverGoesOnWhereItWas kills the receiver in the middle of a big
// file. What the sender has sent over both runs tells whether the first half
// was fetched twice.
func TestAKilledReceiverGoesOnWhereItWas(t *testing.T) {
	size := int64(sized(256, 1024)) << 20
	c := NewCluster(t, 2, options{})
	sender := c.nodes[0]
	// A limit, so that little moves between looking at the counter and the kill.
	rate := int64(200 << 20)
	sender.must(sender.client.SetLimit(t.Context(), api.LimitSet{Send: &rate}))
	c.Stop(1)
	sender.saveNoise("big", 4, size)
	sender.awaitFolder("the file to be in the index", func(f *api.Folder) bool { return f.LocalBytes == size })
	c.Start(1)
	var before int64
	sender.await("half of the file to be sent", func() bool {
		before = c.device(0, 1).BytesSent
		return before >= size/2
	})
	c.Kill(1)
	if before > size*9/10 {
		t.Fatalf("killed after %d of %d bytes, which shows nothing", before, size)
	}
	sender.await("the receiver to be gone", func() bool { return !c.device(0, 1).Connected })
	c.Start(1)
	c.AwaitTree(c.Tree(0))
	moved := c.device(0, 1).BytesSent
	t.Logf("sent are %d bytes before the kill and %d in all for a file of %d", before, moved, size)
	if moved < before {
		t.Fatalf("the counter of bytes sent fell from %d to %d", before, moved)
	}
	if float64(moved) > 1.1*float64(size) {
		t.Errorf("both runs moved %d bytes, want at most 1.1 times %d", moved, size)
	}
}
