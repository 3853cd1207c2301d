package integration

import (
	"testing"

	"github.com/labsync/labsync/internal/api"
)

func TestAFolderIsAddedAndRemovedWhileRunning(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{apart: true})
	for i, n := range c.nodes {
		n.write("../second-"+n.name+"/of-"+n.name, n.name)
		n.cli("folder", "add", n.path("../second-"+n.name), "--id", "second", "--device", c.nodes[1-i].name)
	}
	for i, n := range c.nodes {
		n.await("the other's file", func() bool { return n.exists("../second-" + n.name + "/of-" + c.nodes[1-i].name) })
	}
	c.nodes[0].cli("folder", "remove", "second")
	if s := c.nodes[0].status(); len(s.Folders) != 0 {
		t.Errorf("%d folders are left, want none", len(s.Folders))
	}
	if !c.nodes[0].exists("../second-node0/of-node1") {
		t.Error("removing the folder removed its files")
	}
}

func TestADeviceIsAddedWhileRunning(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 3, options{links: [][2]int{{0, 1}}})
	c.Write(0, "x", "x")
	a, b := c.nodes[1], c.nodes[2]
	a.cli("device", "add", b.id, "--name", "node2", "--address", b.status().Listen[0])
	b.cli("device", "add", a.id, "--name", "node1")
	a.cli("folder", "set", folderID, "--device", "node2")
	b.cli("folder", "set", folderID, "--device", "node1")
	if tree := c.AwaitEqual(); len(tree) != 1 {
		t.Errorf("the trees hold %d names, want one", len(tree))
	}
}

// TestRegistersOfAFolderAgree sets label and strategy apart on both sides.
func TestRegistersOfAFolderAgree(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{adaptFolder: func(i int, a *api.FolderAdd) {
		a.Strategy = []string{api.StrategyNone, api.StrategyStaggered}[i]
	}})
	agreed := func(label, strategy string) {
		t.Helper()
		for _, n := range c.nodes {
			n.awaitFolder(label+" and "+strategy, func(f *api.Folder) bool { return f.Label == label && f.Strategy == strategy })
		}
	}
	agreed(folderID, api.StrategyStaggered) // of two proposals the one that keeps more
	c.nodes[1].cli("folder", "set", folderID, "--label", "Results", "--strategy", "simple")
	agreed("Results", api.StrategySimple)
	c.nodes[0].cli("folder", "set", folderID, "--strategy", "none")
	agreed("Results", api.StrategyNone)
}
