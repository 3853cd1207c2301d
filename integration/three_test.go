package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

// sourceRate is how much a source may send, in bytes per second.
const sourceRate = 10e6

// TestTwoSourcesGiveMoreThanOne limits what each of two sources sends and
// compares how fast a third device gets a file from one and from both.
func TestTwoSourcesGiveMoreThanOne(t *testing.T) {
	c := NewCluster(t, 3, options{})
	const size = 48 << 20
	c.offer("from one", 1, size)
	one := c.timeFetch("from one", []int{0})
	c.offer("from both", 2, size)
	c.meetBoth()
	both := c.timeFetch("from both", []int{0, 1})
	gain := one.Seconds() / both.Seconds()
	t.Logf("%d MiB took %v from one source and %v from two: %.2f times as fast", size>>20, one, both, gain)
	if gain < 1.6 {
		t.Errorf("two sources are %.2f times as fast as one, want 1.6", gain)
	}
}

// limit sets the node's rates, in bytes per second, 0 for none.
func (n *node) limit(send, receive int64) {
	n.t.Helper()
	n.must(n.client.SetLimit(n.t.Context(), api.LimitSet{Send: &send, Receive: &receive}))
}

// offer pauses the folder of node 2 and gives both sources a new file.
func (c *Cluster) offer(name string, seed uint64, size int64) {
	c.t.Helper()
	c.pauseFolder(2, true)
	c.nodes[0].limit(0, 0)
	c.nodes[0].saveNoise(name, seed, size)
	for i := range 2 {
		c.nodes[i].await("both sources to hold "+name, func() bool {
			return c.nodes[1].exists(name) && c.device(i, 1-i).NeedFiles == 0 && c.nodes[i].folderStatus().NeedFiles == 0
		})
		c.nodes[i].limit(sourceRate, 0)
	}
}

// meetBoth lets node 2 learn what either source has, but hardly fetch any of
// it: a fetch asks those devices whose announcement had come when it began.
func (c *Cluster) meetBoth() {
	c.t.Helper()
	receiver := c.nodes[2]
	const crawl = 64 << 10
	receiver.limit(0, crawl)
	c.meetOnly(1)
	receiver.awaitFolder("the announcement of node1", func(f *api.Folder) bool { return f.NeedFiles > 0 })
	c.meetOnly(0)
	c.Write(0, "marker", "after the file")
	receiver.awaitFolder("the announcement of node0", func(f *api.Folder) bool { return f.NeedFiles > 1 || receiver.exists("marker") })
	c.pauseFolder(2, true)
	receiver.limit(0, 0)
}

// meetOnly connects node 2 to one source alone, with the folder at work.
func (c *Cluster) meetOnly(source int) {
	c.t.Helper()
	c.choose(2, []int{source})
	c.pauseFolder(2, false)
}

// choose connects node i to those nodes only, of all that it knows.
func (c *Cluster) choose(i int, to []int) {
	c.t.Helper()
	n := c.nodes[i]
	for j := range c.nodes {
		if !c.linked(i, j) {
			continue
		}
		n.must(n.client.PauseDevice(c.t.Context(), c.nodes[j].id, !slices.Contains(to, j)))
		n.await("the choice of devices", func() bool { return c.device(i, j).Connected == slices.Contains(to, j) })
	}
}

// timeFetch lets node 2 get a file from the sources and returns how long that
// takes.
func (c *Cluster) timeFetch(name string, sources []int) time.Duration {
	c.t.Helper()
	c.choose(2, sources)
	begin := time.Now()
	c.pauseFolder(2, false)
	return c.nodes[2].awaitEvent(event.FilePlaced, name).Time.Sub(begin)
}

func (c *Cluster) pauseFolder(i int, paused bool) {
	c.t.Helper()
	c.nodes[i].must(c.nodes[i].client.PauseFolder(c.t.Context(), folderID, paused))
}

// awaitEvent waits for an event about a path.
func (n *node) awaitEvent(typ event.Type, path string) (found api.Event) {
	n.t.Helper()
	n.await("the event "+string(typ)+" of "+path, func() bool {
		events, _ := n.feed.of(typ)
		i := slices.IndexFunc(events, func(e api.Event) bool { return e.Path == path })
		if i >= 0 {
			found = events[i]
		}
		return i >= 0
	})
	return found
}
