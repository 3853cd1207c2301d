//go:build unix

package integration

import (
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// apart is what happens on both sides while they are apart.
func (c *Cluster) apart() {
	c.t.Helper()
	a, b := c.nodes[0], c.nodes[1]
	a.put("edited here", "2")
	b.put("edited there", "2")
	a.remove("deleted here")
	b.remove("deleted there")
	b.remove("d")
	a.put("made here", "2")
	b.put("made there", "2")
	a.put("edited away", "2")
	b.put("edited away", "3")
	a.put("edited and deleted away", "2")
	b.remove("edited and deleted away")
	a.awaitRecorded(9) // of 9 one less and one more
	b.awaitRecorded(7)
}

// awaitRecorded waits until the folder holds that many files and is at rest.
// Edits of what is there come with the same event.
func (n *node) awaitRecorded(files int64) {
	n.t.Helper()
	n.awaitFolder("what was done to be recorded", func(f *api.Folder) bool { return f.LocalFiles == files && f.State == api.FolderIdle })
}

// TestADeviceThatIsAddedAgainResurrectsNothing removes a device, lets both sides
// go on, and adds it again.
func TestADeviceThatIsAddedAgainResurrectsNothing(t *testing.T) {
	t.Parallel()
	remove := func(c *Cluster, i int) { c.nodes[i].cli("device", "remove", c.nodes[1-i].name) }
	add := func(c *Cluster, i int) {
		other := c.nodes[1-i]
		c.nodes[i].cli("device", "add", other.id, "--name", other.name, "--address", other.status().Listen[0])
		c.nodes[i].cli("folder", "set", folderID, "--device", other.name)
	}
	tests := []struct {
		name         string
		remove, back func(c *Cluster)
		// joins tells that node 0 begins with a new index: what was deleted there
		// meanwhile comes back.
		joins bool
	}{
		{"removed on one side", func(c *Cluster) { remove(c, 0) }, func(c *Cluster) { add(c, 0) }, false},
		{"removed on the other side", func(c *Cluster) { remove(c, 1) }, func(c *Cluster) { add(c, 1) }, false},
		{"removed on both sides", func(c *Cluster) { remove(c, 0); remove(c, 1) }, func(c *Cluster) { add(c, 0); add(c, 1) }, false},
		{"the folder removed and added", func(c *Cluster) { c.nodes[0].cli("folder", "remove", folderID) }, func(c *Cluster) {
			c.nodes[0].cli("folder", "add", c.nodes[0].folder, "--id", folderID, "--device", c.nodes[1].name)
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newYesterday(t)
			tt.remove(c)
			c.nodes[1].await("the connection to end, or the folder", func() bool {
				s := c.nodes[0].status()
				return len(s.Devices) == 0 || !s.Devices[0].Connected || len(s.Folders) == 0
			})
			if tt.joins {
				c.apartJoining()
			} else {
				c.apart()
			}
			tt.back(c)
			tree := c.AwaitEqual()
			want := map[string]string{
				"edited here": "2", "edited there": "2", "deleted here": "", "deleted there": "", "d": "", "same": "1",
				"made here": "2", "made there": "2", "edited and deleted away": "2",
			}
			conflicts := 1 // of what was edited on both sides
			if tt.joins {
				want["deleted here"] = "1"
				delete(want, "edited here") // either of two versions of which nobody knows the age
				conflicts = 3               // whatever differs
			}
			for i := range c.nodes {
				c.checkFiles(i, want)
			}
			if kept := siblings(tree); len(kept) != conflicts {
				t.Errorf("conflicts %q, want %d", kept, conflicts)
			}
			c.checkTexts("edited here 2", "edited away 2", "edited away 3")
			c.checkVectors()
		})
	}
}

// apartJoining is apart for a node 0 that has no folder meanwhile.
func (c *Cluster) apartJoining() {
	c.t.Helper()
	a, b := c.nodes[0], c.nodes[1]
	a.put("edited here", "2")
	a.remove("deleted here")
	a.put("made here", "2")
	a.put("edited away", "2")
	a.put("edited and deleted away", "2")
	b.put("edited there", "2")
	b.remove("deleted there")
	b.remove("d")
	b.put("made there", "2")
	b.put("edited away", "3")
	b.remove("edited and deleted away")
	b.awaitRecorded(7)
}
