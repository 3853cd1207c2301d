package integration

import (
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// TestASmallSaveOvertakesABigPull: whoever saves a text while a recording is
// still on its way has it on the other device at once, whatever its name.
func TestASmallSaveOvertakesABigPull(t *testing.T) {
	c := NewCluster(t, 2, options{})
	a, b := c.nodes[0], c.nodes[1]
	a.write("old", "is deleted")
	a.write("edited", "old")
	c.AwaitTree(c.Tree(0))
	b.cli("limit", "--receive", "2MiB")
	a.saveNoise("m-big", 1, 30<<20)
	b.awaitFolder("the big file to be on its way", func(f *api.Folder) bool { return f.Transfer != nil && f.Transfer.Bytes > 0 })

	begin := time.Now()
	a.write("a-before", "small")
	a.write("z-behind", "small")
	a.write("edited", "new")
	a.mkdir("dir/inner")
	a.remove("old")
	b.await("what is small", func() bool {
		return b.holds("a-before", "small") && b.holds("z-behind", "small") && b.holds("edited", "new") && b.exists("dir/inner") && !b.exists("old")
	})
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("what is small took %v, want a few seconds", took)
	}
	if b.exists("m-big") {
		t.Error("the big file came first")
	}
	b.cli("limit", "--receive", "off")
	c.AwaitTree(c.Tree(0))
}
