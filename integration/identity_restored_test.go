//go:build unix

package integration

import (
	"maps"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// yesterday is what two devices agree on before a backup is made.
var yesterday = map[string]string{
	"edited here": "1", "edited there": "1", "edited away": "1", "deleted here": "1", "deleted there": "1",
	"deleted away": "1", "edited and deleted away": "1", "d/e/deleted": "1", "same": "1",
}

// today is what happens to it on both while both run, after the backup.
func (c *Cluster) today() {
	c.t.Helper()
	a, b := c.nodes[0], c.nodes[1]
	a.put("edited here", "2")
	b.put("edited there", "2")
	a.remove("deleted here")
	b.remove("deleted there")
	a.put("edited and deleted away", "2")
	a.put("made here", "2")
	b.put("made there", "2")
	a.put("edited away", "2")
	c.AwaitEqual()
}

// away is what happens on node 1 while node 0 is being restored.
func (c *Cluster) away() {
	c.t.Helper()
	b := c.nodes[1]
	b.put("edited away", "3")
	b.remove("deleted away")
	b.remove("edited and deleted away")
	b.remove("d")
}

// after is what has become of it all.
var after = map[string]string{
	"edited here": "2", "edited there": "2", "edited away": "3", "deleted here": "", "deleted there": "", "deleted away": "",
	"edited and deleted away": "", "d": "", "same": "1", "made here": "2", "made there": "2",
}

func newYesterday(t *testing.T) *Cluster {
	t.Helper()
	c := NewCluster(t, 2, options{})
	for name, text := range yesterday {
		c.nodes[0].put(name, text)
	}
	c.AwaitTree(c.Tree(0))
	return c
}

// TestAHomeRestoredFromABackupOverwritesNothing restores the home alone: the
// folder shows that time has passed. What another device did since holds.
func TestAHomeRestoredFromABackupOverwritesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		what func(n *node) []string
	}{
		{"the home", func(n *node) []string { return []string{n.home} }},
		{"the index alone", func(n *node) []string { return n.indexes() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newYesterday(t)
			n := c.nodes[0]
			c.Stop(0)
			restore := n.backup(tt.what(n)...)
			c.Start(0)
			c.today()
			c.Stop(0)
			c.away()
			c.nodes[1].cli("folder", "rescan", folderID)
			restore()
			c.Start(0)
			n.tellsOf("index-renewed", n.folder, "older copy")
			tree := c.AwaitEqual()
			for i := range c.nodes {
				c.checkFiles(i, after)
			}
			// What was edited away from here was version 2 here, and nobody knows any
			// more that 3 was made from it: both are kept.
			if kept := siblings(tree); len(kept) > 1 {
				t.Errorf("conflicts %q; want one at most, of what was edited away", kept)
			}
			c.checkTexts("edited away 2", "edited away 3")
			c.checkVectors()
		})
	}
}

// TestAFolderRestoredFromABackupOverwritesNothing restores the folder alone.
func TestAFolderRestoredFromABackupOverwritesNothing(t *testing.T) {
	t.Parallel()
	c := newYesterday(t)
	n := c.nodes[0]
	c.Stop(0)
	restore := n.backup(n.folder)
	c.Start(0)
	c.today()
	c.Stop(0)
	c.away()
	c.nodes[1].cli("folder", "rescan", folderID)
	restore()
	c.Start(0)
	n.tellsOf("index-renewed", n.folder, "folder had been restored")
	c.AwaitEqual()
	for i := range c.nodes {
		want := maps.Clone(after)
		// It was edited after the backup, and what was deleted is the edit: what
		// the backup has is another content, which nobody deleted.
		want["edited and deleted away"] = "1"
		c.checkFiles(i, want)
	}
	c.checkTexts("edited here 2", "edited there 2", "edited away 3")
	c.checkVectors()
}

// TestAMachineRestoredFromABackupGoesOnAsAnotherReplica restores home and folder
// together, so that nothing here tells, and lets a person work before another
// device is met: more than was done before, so that no number tells either.
func TestAMachineRestoredFromABackupGoesOnAsAnotherReplica(t *testing.T) {
	t.Parallel()
	c := newYesterday(t)
	n, b := c.nodes[0], c.nodes[1]
	c.Stop(0)
	restore := n.backup(n.home, n.folder)
	c.Start(0)
	c.today()
	c.Stop(0)
	c.away()
	b.cli("folder", "rescan", folderID)
	b.awaitFolder("its deletions to be recorded", func(f *api.Folder) bool { return f.LocalFiles == 6 && f.State == api.FolderIdle })
	c.Stop(1)
	restore()
	n.start()
	n.put("edited here", "another 2")
	n.put("same", "2")
	n.remove("deleted there")
	for i := range 30 {
		n.put("work/"+string(rune('a'+i)), "of a restored machine")
	}
	n.awaitFolder("all that to be recorded", func(f *api.Folder) bool { return f.LocalFiles == 38 && f.State == api.FolderIdle })
	c.Start(1)
	n.tellsOf("index-renewed", n.folder, "Another device knows more")
	c.AwaitEqual()
	for i := range c.nodes {
		c.checkFiles(i, map[string]string{
			"edited there": "2", "edited away": "3", "deleted here": "", "deleted there": "", "deleted away": "",
			"edited and deleted away": "", "same": "2", "made here": "2", "made there": "2", "work/a": "of a restored machine",
		})
	}
	c.checkTexts("edited here another 2", "edited here 2", "edited away 3")
	c.checkVectors()
}
