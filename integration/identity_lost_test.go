//go:build unix

package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// loseIndex deletes the index of a stopped node, or all indexes with their
// directory.
func (n *node) loseIndex(all bool) {
	n.t.Helper()
	if all {
		n.must(os.RemoveAll(filepath.Join(n.home, "index")))
		return
	}
	paths, err := filepath.Glob(filepath.Join(n.home, "index", "*"))
	n.must(err)
	if len(paths) == 0 {
		n.t.Fatalf("%s has no index", n.name)
	}
	for _, p := range paths {
		n.must(os.Remove(p))
	}
}

// TestALostIndexResurrectsAndOverwritesNothing deletes the index of a device
// while it is stopped, and lets both sides go on meanwhile.
func TestALostIndexResurrectsAndOverwritesNothing(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		name := map[bool]string{false: "the files of one folder's", true: "the directory of all"}[all]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newYesterday(t)
			n := c.nodes[0]
			c.Stop(0)
			n.loseIndex(all)
			n.put("edited here", "2")
			n.remove("deleted here")
			n.put("made here", "2")
			c.nodes[1].put("edited there", "2")
			c.nodes[1].put("edited here", "3")
			c.nodes[1].put("made there", "2")
			c.nodes[1].remove("deleted there")
			c.nodes[1].remove("d")
			c.nodes[1].await("all that to be recorded", func() bool { return c.device(1, 0).NeedFiles >= 4 })
			c.Start(0)
			n.tellsOf("index-renewed", n.folder, "not here any more")
			tree := c.AwaitEqual()
			for i := range c.nodes {
				c.checkFiles(i, map[string]string{
					"edited here": "3", "edited there": "2", "made here": "2", "made there": "2", "same": "1",
					"deleted there": "", "d": "",
					"deleted here": "1", // which a new index cannot tell from what it never had
				})
			}
			if kept := siblings(tree); len(kept) != 2 {
				t.Errorf("conflicts %q; want one for each of the two files that differed", kept)
			}
			c.checkTexts("edited here 2", "edited here 3")
			c.checkVectors()
		})
	}
}

// TestALostIndexOfADeviceAloneLosesNothing has nobody to ask, and meets another
// device only later.
func TestALostIndexOfADeviceAloneLosesNothing(t *testing.T) {
	t.Parallel()
	c := newYesterday(t)
	n := c.nodes[0]
	c.Stop(0)
	c.nodes[1].remove("deleted there")
	c.nodes[1].put("edited there", "2")
	c.nodes[1].await("that to be recorded", func() bool { return c.device(1, 0).NeedFiles >= 2 })
	c.Stop(1)
	n.loseIndex(false)
	before := c.Tree(0)
	n.start()
	n.awaitFolder("the folder to be scanned", func(f *api.Folder) bool { return f.State == api.FolderIdle && f.LocalFiles == int64(len(yesterday)) })
	if d := difference(before, c.Tree(0)); d != "" {
		t.Errorf("alone, the folder has changed: %s", d)
	}
	n.put("edited here", "2") // a version with a past again, which holds
	n.remove("deleted here")
	n.awaitFolder("both to be recorded", func(f *api.Folder) bool { return f.State == api.FolderIdle && f.LocalFiles == int64(len(yesterday)-1) })
	c.Start(1)
	c.AwaitEqual()
	for i := range c.nodes {
		c.checkFiles(i, map[string]string{"edited there": "2", "edited here": "2", "deleted there": ""})
	}
	c.checkVectors()
}
