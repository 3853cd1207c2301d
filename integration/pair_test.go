package integration

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestTwoDevicesKeepAFolderIdentical makes one kind of edit after another, by
// turns on either device, and waits each time until both hold the outcome.
func TestTwoDevicesKeepAFolderIdentical(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	long := strings.Repeat("n", 200) + ".txt"
	for i, step := range []struct {
		name string
		edit func(n *node)
	}{
		{"a file", func(n *node) { n.write("a.txt", "hello") }},
		{"an edit", func(n *node) { n.write("a.txt", "hello again") }},
		{"files in new directories", func(n *node) { n.write("d/e/f.txt", "deep"); n.write("d/g.txt", "flat") }},
		{"an empty directory", func(n *node) { n.mkdir("empty/inner") }},
		{"an empty file", func(n *node) { n.write("zero", "") }},
		{"symbolic links, one of them dangling", func(n *node) { n.symlink("d/g.txt", "link"); n.symlink("nowhere", "d/dangling") }},
		{"a link to elsewhere", func(n *node) { n.remove("link"); n.symlink("a.txt", "link") }},
		{"the executable bit", func(n *node) { n.chmod("a.txt", 0o755) }},
		{"permissions of a file and a directory", func(n *node) { n.chmod("d/g.txt", 0o600); n.chmod("d/e", 0o700) }},
		{"a modification time alone", func(n *node) {
			at := time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
			n.must(os.Chtimes(n.path("a.txt"), at, at))
		}},
		{"names in many scripts", func(n *node) {
			for _, name := range []string{"Ωmega/ж", "日本語/ファイル.txt", "עברית", "العربية.txt", "हिन्दी", "emoji 🧪.csv", "é.txt", "a\nline", "quote\"'`$", " spaces ", "-dash", "back\\slash", long} {
				n.write(name, name)
			}
		}},
		{"a renamed file", func(n *node) { n.rename("d/g.txt", "d/h.txt") }},
		{"a renamed directory", func(n *node) { n.rename("d", "moved") }},
		{"a directory moved into another", func(n *node) { n.rename("moved", "empty/moved") }},
		{"two files exchanged", func(n *node) {
			n.rename("zero", "third")
			n.rename("a.txt", "zero")
			n.rename("third", "a.txt")
		}},
		{"a file in place of a directory", func(n *node) { n.remove("empty/inner"); n.write("empty/inner", "now a file") }},
		{"a directory in place of a file", func(n *node) { n.remove("zero"); n.write("zero/one", "now below a directory") }},
		{"a file saved by rename", func(n *node) { n.write(".a.tmp", "by rename"); n.rename(".a.tmp", "a.txt") }},
		{"a deleted file", func(n *node) { n.remove("a.txt") }},
		{"a deleted directory", func(n *node) { n.remove("empty") }},
	} {
		for side := range 2 {
			if side == 1 && i >= 4 {
				break // what cannot be done twice is done on one side, by turns
			}
			n := c.nodes[(i+side)%2]
			t.Logf("%s: %s", n.name, step.name)
			step.edit(n)
			c.AwaitTree(c.Tree((i + side) % 2))
		}
	}
	for _, n := range c.nodes {
		if f := n.folderStatus(); len(f.Errors) > 0 || f.Conflicts > 0 {
			t.Errorf("%s: problems %v and %d conflicts, want none", n.name, f.Errors, f.Conflicts)
		}
	}
}

func TestBigFilesArriveWhole(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	const size = 64 << 20
	c.nodes[0].saveNoise("big", 1, size)
	c.AwaitTree(c.Tree(0))

	// An insertion near the front moves all that follows.
	content := c.nodes[1].read("big")
	c.nodes[1].save("big", content[:1000]+"inserted"+content[1000:])
	c.AwaitTree(c.Tree(1))
	if got := c.device(1, 0).BytesSent; got > size/4 {
		t.Errorf("an insertion of 8 bytes sent %d bytes, want the blocks around it only", got)
	}
}

func TestAStoppedDeviceCatchesUpBothWays(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, "keep", "0")
	c.Write(0, "edit here", "old")
	c.Write(0, "edit there", "old")
	c.Write(0, "delete/file", "x")
	c.AwaitEqual()
	c.Stop(1)
	c.Write(0, "edit here", "new, of node0")
	c.Write(0, "added by 0", "0")
	c.nodes[1].remove("delete")
	c.nodes[1].rename("keep", "kept")
	c.Write(1, "edit there", "new, of node1")
	c.Write(1, "added by 1", "1")
	c.Start(1)
	tree := c.AwaitEqual()
	for name, want := range map[string]string{
		"edit here": "new, of node0", "edit there": "new, of node1", "added by 0": "0", "added by 1": "1", "kept": "0",
	} {
		if !c.nodes[0].holds(name, want) {
			t.Errorf("%s is not %q", name, want)
		}
	}
	if len(tree) != 5 {
		t.Errorf("the trees hold %d names, want 5", len(tree))
	}
}

func TestAConflictKeepsBothVersionsOnBothDevices(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, "report.txt", "base")
	c.AwaitEqual()
	c.Stop(1)
	c.Write(0, "report.txt", "by node0")
	c.Write(1, "report.txt", "by node1")
	c.Start(1)
	tree := c.AwaitEqual()
	texts := map[string]bool{}
	for name := range tree {
		texts[c.nodes[0].read(name)] = true
		if name != "report.txt" && !(strings.HasPrefix(name, "report (conflict, ") && strings.HasSuffix(name, ").txt")) {
			t.Errorf("the other version is at %q", name)
		}
	}
	if len(tree) != 2 || !texts["by node0"] || !texts["by node1"] {
		t.Errorf("kept are %v, want both versions", texts)
	}
}
