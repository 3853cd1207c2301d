//go:build unix

package integration

import (
	"os"
	"syscall"
	"testing"
)

func TestHolesOfASparseFileStayHoles(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	const size, kept = 64 << 20, 1 << 20
	n := c.nodes[0]
	file, err := os.Create(n.path("../sparse"))
	n.must(err)
	_, err = file.WriteAt(noise(2, kept), size/2)
	n.must(err)
	n.must(file.Truncate(size))
	n.must(file.Close())
	if used := n.blocks("../sparse"); used > 2*kept {
		t.Skipf("this file system keeps no holes: a file with %d bytes of data takes %d", kept, used)
	}
	n.rename("../sparse", "sparse")
	c.AwaitTree(c.Tree(0))
	if used := c.nodes[1].blocks("sparse"); used > 4*kept {
		t.Errorf("the copy takes %d bytes of disk, want about %d", used, kept)
	}
	if sent := c.device(0, 1).BytesSent; sent > 8*kept {
		t.Errorf("sent are %d bytes, want about %d", sent, kept)
	}
}

// blocks returns how many bytes of disk a file takes.
func (n *node) blocks(name string) int64 {
	n.t.Helper()
	info, err := os.Stat(n.path(name))
	n.must(err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}
