package integration

import (
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// direct gives the folder of node i a direction.
func direct(i int, direction string) options {
	return options{adaptFolder: func(j int, a *api.FolderAdd) {
		if i == j {
			a.Direction = direction
		}
	}}
}

// awaitChangedHere waits until status counts that many changes that do not
// travel.
func (n *node) awaitChangedHere(want int64) {
	n.t.Helper()
	n.awaitFolder("the count of changes made here", func(f *api.Folder) bool { return f.ChangedHere == want && f.State == api.FolderIdle })
}

func TestASendOnlyFolderTakesNothingAndOverrideSetsIt(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, direct(0, api.SendOnly))
	c.Write(0, "data", "measured")
	c.AwaitTree(c.Tree(0))
	master := c.Tree(0)
	c.Write(1, "data", "edited elsewhere")
	c.Write(1, "extra", "made elsewhere")
	c.nodes[0].awaitChangedHere(2)
	c.awaitAgreed(time.Now().Add(patience)) // nobody waits for what a send-only folder does not take
	if need := c.device(1, 0).NeedFiles; need != 0 {
		t.Errorf("the send-only folder is said to need %d files", need)
	}
	if d := difference(master, c.Tree(0)); d != "" {
		t.Errorf("the send-only folder has changed: %s", d)
	}
	c.Write(0, "new", "still sent")
	c.nodes[1].await("a new file of the send-only folder", func() bool { return c.nodes[1].holds("new", "still sent") })

	master = c.Tree(0)
	c.nodes[0].await("an override to set the other folder", func() bool {
		c.nodes[0].cli("folder", "override", folderID) // sets what has been announced by then
		return difference(master, c.Tree(1)) == ""
	})
	c.AwaitTree(master)
	c.nodes[0].awaitChangedHere(0)
}

func TestAReceiveOnlyFolderSendsNothingAndRevertTakesBack(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, direct(1, api.ReceiveOnly))
	c.Write(0, "data", "measured")
	c.Write(0, "kept", "x")
	c.AwaitTree(c.Tree(0))
	master := c.Tree(0)
	c.Write(1, "data", "edited here")
	c.Write(1, "extra", "made here")
	c.nodes[1].remove("kept")
	c.nodes[1].awaitChangedHere(3)
	c.awaitAgreed(time.Now().Add(patience)) // it has had all that was sent
	c.Write(0, "later", "passes all that node1 may have sent")
	c.nodes[1].await("a later file", func() bool { return c.nodes[1].exists("later") })
	c.nodes[0].remove("later")
	c.nodes[1].await("its deletion", func() bool { return !c.nodes[1].exists("later") })
	if d := difference(master, c.Tree(0)); d != "" {
		t.Errorf("changes of the receive-only folder came through: %s", d)
	}

	c.nodes[1].cli("folder", "revert", folderID)
	c.AwaitTree(master)
	c.nodes[1].awaitChangedHere(0)
	if f := c.nodes[1].folderStatus(); f.DisplacedFiles < 2 {
		t.Errorf("%d files are kept aside, want those that the revert took away", f.DisplacedFiles)
	}
}

func TestCommandsOfADirectionAreRefusedElsewhere(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 1, options{})
	c.nodes[0].awaitFolder("the folder to run", func(f *api.Folder) bool { return f.State == api.FolderIdle })
	for _, command := range []string{"override", "revert"} {
		r := c.nodes[0].run("folder", command, folderID)
		c.nodes[0].checkRefusal(r, 1, "only there")
	}
}
