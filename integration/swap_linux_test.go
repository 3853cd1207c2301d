package integration

import (
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// TestASwappedDiskStopsTheFolder mounts another file system in place of the
// root's. The roots of both have the same inode number, and it holds files.
func TestASwappedDiskStopsTheFolder(t *testing.T) {
	c := NewCluster(t, 2, options{adapt: func(i int, n *node) {
		if i == 0 {
			n.mountSmall("", 8<<20)
		}
	}})
	n := c.nodes[0]
	n.write("a", "a")
	c.AwaitEqual()
	before := c.Tree(0)
	c.Stop(0)
	n.must(syscall.Mount("none", n.path(""), "tmpfs", 0, "size=1m,mode=755")) // hides what was there
	n.write("of another disk", "x")
	c.Start(0)
	f := n.awaitFolder("the folder to stop", func(f *api.Folder) bool { return f.State == api.FolderError && len(f.Errors) > 0 })
	n.checkSentence(f.Errors[0].Text, n.folder, "another directory or disk")
	if d := difference(before, c.Tree(1)); d != "" {
		t.Errorf("the other device has changed: %s", d)
	}
	n.must(syscall.Unmount(n.path(""), 0))
	c.AwaitTree(before)
}
