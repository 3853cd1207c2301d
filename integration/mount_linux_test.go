package integration

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// mountSmall mounts a file system in memory and takes it away after the test,
// or skips the test where that cannot be done.
func (n *node) mountSmall(name string, size int) {
	n.t.Helper()
	n.mkdir(name)
	if err := syscall.Mount("none", n.path(name), "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", size)); err != nil {
		n.t.Skipf("file systems cannot be mounted here: %v", err)
	}
	path := n.path(name)
	n.t.Cleanup(func() { syscall.Unmount(path, syscall.MNT_DETACH) })
}

// TestAnotherDiskInThePlaceOfTheRootStopsTheFolder hides the root's file system
// by another one, whose root has the same inode number.
func TestAnotherDiskInThePlaceOfTheRootStopsTheFolder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, holds, says string }{
		{"an empty one, as if the disk had been unmounted", "", ""},
		{"one that holds files", "of another disk", "another directory or disk"},
	} {
		t.Run(tt.name, func(t *testing.T) {
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
			n.must(syscall.Mount("none", n.path(""), "tmpfs", 0, "size=1m,mode=755"))
			if tt.holds != "" {
				n.write(tt.holds, "x")
			}
			c.Start(0)
			f := n.awaitFolder("the folder to stop", func(f *api.Folder) bool { return f.State == api.FolderError && len(f.Errors) > 0 })
			n.checkSentence(f.Errors[0].Text, n.folder, tt.says)
			if d := difference(before, c.Tree(1)); d != "" {
				t.Errorf("the other device has changed: %s", d)
			}
			n.must(syscall.Unmount(n.path(""), 0))
			c.AwaitTree(before)
		})
	}
}

func TestAFullDiskPausesAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{adapt: func(i int, n *node) {
		if i == 1 {
			n.mountSmall("", 16<<20)
		}
	}})
	n := c.nodes[1]
	n.writeNoise("ballast", 1, 10<<20)
	c.AwaitEqual()
	c.nodes[0].saveNoise("big", 2, 8<<20)
	n.awaitProblem("big", "no-space", "big", "space")
	if n.exists("big") {
		t.Error("a part of the file can be seen")
	}
	want := Tree{"big": c.Tree(0)["big"]}
	n.remove("ballast")
	c.AwaitTree(want)
	n.awaitNoProblem()
}

func TestAFileSystemInsideTheFolderIsAProblemOfItsFiles(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(1, "disk/of 1", "x")
	c.AwaitEqual()
	n := c.nodes[0]
	n.write("other", "x")
	n.mountSmall("inner", 1<<20)
	n.write("inner/of 0", "sent all the same")
	n.awaitProblem("inner", "other-filesystem", "inner", "file system")
	c.nodes[1].await("what lies on the other file system", func() bool { return c.nodes[1].exists("inner/of 0") })
	c.Write(1, "inner/of 1", "cannot be placed")
	n.awaitProblem("inner/of 1", "other-filesystem", "inner/of 1")

	// Gone, it is a missing part and no deletion.
	n.must(syscall.Unmount(n.path("inner"), 0))
	n.cli("folder", "rescan", folderID)
	n.awaitProblem("inner", "mount-missing", "inner")
	if !c.nodes[1].exists("inner/of 0") {
		t.Error("an unmounted file system was taken for deletions")
	}
}
