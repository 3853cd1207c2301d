package integration

import (
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

func TestAPausedFolderNeitherSendsNorTakes(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 3, options{})
	c.Write(0, "before", "x")
	c.AwaitTree(c.Tree(0))
	c.nodes[1].cli("folder", "pause", folderID)
	c.nodes[1].awaitFolder("the pause", func(f *api.Folder) bool { return f.State == api.FolderPaused })
	c.Write(0, "of 0", "x")
	c.Write(1, "of 1", "x")
	c.nodes[2].await("node2 to have what is not paused", func() bool { return c.nodes[2].exists("of 0") })
	if c.nodes[1].exists("of 0") || c.nodes[0].exists("of 1") || c.nodes[2].exists("of 1") {
		t.Error("something went through a paused folder")
	}
	c.nodes[1].cli("folder", "resume", folderID)
	if tree := c.AwaitEqual(); len(tree) != 3 {
		t.Errorf("the trees hold %d names, want 3", len(tree))
	}
}

func TestAPausedDeviceIsNotTalkedTo(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.nodes[0].cli("device", "pause", "node1")
	for i := range 2 {
		c.nodes[i].await("the end of the connection", func() bool { return !c.device(i, 1-i).Connected })
	}
	c.Write(1, "later", "x")
	c.nodes[1].awaitEvent(event.FileChanged, "later")
	if c.nodes[0].exists("later") {
		t.Error("a file came from a paused device")
	}
	c.nodes[0].cli("device", "resume", "node1")
	c.awaitConnected(0, 1)
	c.AwaitTree(c.Tree(1))
}

// TestRateLimitsHold measures how fast a file goes through a limit on either
// side.
func TestRateLimitsHold(t *testing.T) {
	c := NewCluster(t, 2, options{})
	const size, rate = 4 << 20, 2 << 20
	for i, limit := range []func(){
		func() { c.nodes[0].cli("limit", "--send", "2MiB") },
		func() { c.nodes[0].cli("limit", "--send", "off"); c.nodes[1].cli("limit", "--receive", "2MiB") },
		func() {
			c.nodes[1].cli("limit", "--receive", "off")
			c.nodes[0].cli("limit", "--device", "node1", "--send", "2MiB")
		},
	} {
		limit()
		name := string(rune('a' + i))
		c.nodes[0].saveNoise(name, uint64(i), size)
		sent := c.nodes[0].awaitEvent(event.FileChanged, name).Time
		took := c.nodes[1].awaitEvent(event.FilePlaced, name).Time.Sub(sent)
		ideal := size * time.Second / rate
		if took < ideal*8/10 {
			t.Errorf("%d bytes took %v through a limit of %d a second, want %v or little less", size, took, rate, ideal)
		}
		if took > 3*ideal && !raceEnabled {
			t.Errorf("%d bytes took %v through a limit of %d a second, want about %v", size, took, rate, ideal)
		}
	}
}
