package integration

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mostMemory is what a daemon may take at its peak, whatever it is given.
const mostMemory = 400 << 20

// peakMemory is the most memory that the daemon has had, in bytes.
func (n *node) peakMemory() int64 {
	n.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	n.must(err)
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	n.must(err)
	return kib << 10
}

// checkMemory checks what the daemons have taken since their start.
func (c *Cluster) checkMemory() {
	c.t.Helper()
	for _, n := range c.nodes {
		peak := n.peakMemory()
		c.t.Logf("%s took %d MiB at its peak", n.name, peak>>20)
		if peak > mostMemory && !raceEnabled { // the detector takes several times as much
			c.t.Errorf("%s took %d MiB of memory, want %d at most", n.name, peak>>20, mostMemory>>20)
		}
	}
}

// awaitLong waits until every node says that it is in sync, as long as what
// takes minutes at its full size may take.
func (c *Cluster) awaitLong() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 15*patience)
	defer cancel()
	for _, n := range c.nodes {
		n.must(n.client.Wait(ctx, ""))
	}
}

// TestAHugeTree syncs very many files, edits some of them, restarts a device
// and deletes a part of them.
func TestAHugeTree(t *testing.T) {
	files := sized(2_000, 200_000)
	if testing.Short() || raceEnabled {
		files = 500
	}
	c := NewCluster(t, 2, options{apart: true})
	a, b := c.nodes[0], c.nodes[1]
	name := func(i int) string { return fmt.Sprintf("d%02d/e%02d/f%d", i%40, i/40%50, i) }
	for i := range files {
		a.write(name(i), fmt.Sprintf("file %d of many", i))
	}
	begin := time.Now()
	c.share()
	b.awaitWithin(15*patience, "all of the files", func() bool { return b.folderStatus().LocalFiles == int64(files) })
	c.awaitLong()
	t.Logf("%d files took %v", files, time.Since(begin).Round(10*time.Millisecond))
	c.AwaitTree(c.Tree(0))

	begin = time.Now()
	for i := 0; i < files; i += 101 {
		b.write(name(i), fmt.Sprintf("file %d, edited", i))
	}
	c.AwaitTree(c.Tree(1))
	t.Logf("edits of one in a hundred took %v", time.Since(begin).Round(10*time.Millisecond))
	c.checkMemory()

	begin = time.Now()
	c.restart(1, "")
	c.awaitLong()
	t.Logf("a restart took %v", time.Since(begin).Round(10*time.Millisecond))
	a.remove("d00")
	c.AwaitTree(c.Tree(0))
	c.checkMemory()
}

// TestAHugeSparseFile syncs a file that is nearly all hole.
func TestAHugeSparseFile(t *testing.T) {
	size := int64(sized(1, 20)) << 30
	if testing.Short() || raceEnabled {
		size = 256 << 20
	}
	const kept = 1 << 20
	c := NewCluster(t, 2, options{})
	a, b := c.nodes[0], c.nodes[1]
	file, err := os.Create(a.path("../sparse"))
	a.must(err)
	defer file.Close()
	for i := range int64(3) {
		_, err = file.WriteAt(noise(uint64(i), kept), i*size/3)
		a.must(err)
	}
	a.must(file.Truncate(size))
	if used := a.blocks("../sparse"); used > 8*kept {
		t.Skipf("this file system keeps no holes: a file with %d bytes of data takes %d", 3*kept, used)
	}
	begin := time.Now()
	a.rename("../sparse", "sparse")
	b.awaitWithin(15*patience, "the file", func() bool { return b.exists("sparse") })
	c.awaitLong()
	t.Logf("%d GiB of hole took %v", size>>30, time.Since(begin).Round(10*time.Millisecond))
	c.checkMemory()
	c.AwaitTree(c.Tree(0))
	if used := b.blocks("sparse"); used > 16*kept {
		t.Errorf("the copy takes %d bytes of disk, want about %d", used, 3*kept)
	}
	sent := c.device(0, 1).BytesSent
	t.Logf("sent are %d bytes", sent)
	if sent > 8*kept { // not the holes of the blocks that also hold data
		t.Errorf("sent are %d bytes, want about %d", sent, 3*kept)
	}
}
