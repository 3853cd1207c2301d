package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// disk is a small file system in memory.
type disk struct {
	n   *node
	dir string
}

// newDisk mounts a disk, or skips the test where that cannot be done.
func (n *node) newDisk(size int) disk {
	n.t.Helper()
	d := disk{n, n.home + ".disk"}
	n.must(os.MkdirAll(d.dir, 0o755))
	d.mount("none", d.dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", size))
	return d
}

func (d disk) mount(from, at, kind string, flags uintptr, options string) {
	d.n.t.Helper()
	if err := syscall.Mount(from, at, kind, flags, options); err != nil {
		d.n.t.Skipf("file systems cannot be mounted here: %v", err)
	}
	d.n.t.Cleanup(func() { syscall.Unmount(at, syscall.MNT_DETACH) })
}

// holdFolder lets the disk hold the node's folder.
func (d disk) holdFolder() {
	d.n.t.Helper()
	d.n.folder = filepath.Join(d.dir, "folder")
	d.n.must(os.Mkdir(d.n.folder, 0o755))
}

// holdIndex lets the disk hold the node's indexes.
func (d disk) holdIndex() {
	d.n.t.Helper()
	from, at := filepath.Join(d.dir, "index"), filepath.Join(d.n.home, "index")
	d.n.must(os.Mkdir(from, 0o700))
	d.n.must(os.MkdirAll(at, 0o700))
	d.mount(from, at, "", syscall.MS_BIND, "")
}

// fill takes all that is free on the disk but for some bytes.
func (d disk) fill(but int64) {
	d.n.t.Helper()
	file, err := os.Create(d.ballast())
	d.n.must(err)
	defer file.Close()
	for piece := make([]byte, 1<<20); len(piece) > 0; {
		if _, err := file.Write(piece); errors.Is(err, syscall.ENOSPC) {
			piece = piece[:len(piece)/2]
		} else {
			d.n.must(err)
		}
	}
	info, err := file.Stat()
	d.n.must(err)
	d.n.must(file.Truncate(max(info.Size()-but, 0)))
}

func (d disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// empty makes room again.
func (d disk) empty() { d.n.t.Helper(); d.n.must(os.Remove(d.ballast())) }

// TestAFullDiskIsSaidAndLosesNothing fills the disk that the receiver's folder
// lies on, or its index, or both, while changes arrive and somebody saves files
// there; in every second run it is killed while the disk is full.
func TestAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		hold func(d disk)
	}{
		{"of the folder", disk.holdFolder},
		{"of the index", disk.holdIndex},
		{"of both", func(d disk) { d.holdFolder(); d.holdIndex() }},
	} {
		for _, killed := range []bool{false, true} {
			name := tt.name
			if killed {
				name += ", and killed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var d disk
				c := NewCluster(t, 2, options{adapt: func(i int, n *node) {
					if i == 1 {
						d = n.newDisk(32 << 20)
						tt.hold(d)
					}
				}})
				a, b := c.nodes[0], c.nodes[1]
				const files = 100
				for i := range files {
					a.write(fmt.Sprintf("d%d/f%d", i%7, i), string(noise(uint64(i), 10_000)))
				}
				old := c.AwaitEqual()
				d.fill(64 << 10)
				for i := range files {
					a.save(fmt.Sprintf("d%d/f%d", i%7, i), string(noise(uint64(i)+files, 20_000)))
					a.save(fmt.Sprintf("new/f%d", i), string(noise(uint64(i)+2*files, 10_000)))
				}
				sent := c.Tree(0)
				b.await("the full disk to be said", func() bool { return b.saysFull() })
				if killed {
					c.Kill(1)
					c.restart(1, "")
					b.await("the full disk to be said again", func() bool { return b.saysFull() })
				}
				const saved = "saved while the disk was full"
				mustFit := os.WriteFile(b.path("d0/f0"), []byte(saved), 0o644) == nil && b.holds("d0/f0", saved)
				for name, o := range c.Tree(1) {
					if o.Kind == 0 && name != "d0/f0" && o.Sum != old[name].Sum && o.Sum != sent[name].Sum {
						t.Errorf("a part of %s can be seen", name)
					}
				}
				d.empty()
				tree := c.AwaitEqual()
				for name, o := range sent {
					if name != "d0/f0" && tree[name].Sum != o.Sum {
						t.Errorf("%s is not what was sent", name)
					}
				}
				if _, found := b.texts(tree)[saved]; !found && mustFit {
					t.Error("what was saved while the disk was full is lost")
				}
				b.awaitNoProblem()
			})
		}
	}
}

// saysFull reports whether status tells of a full disk, in one sentence that
// says where.
func (n *node) saysFull() bool {
	s := n.status()
	for _, p := range append(s.Errors, n.folderStatus().Errors...) {
		if strings.Contains(p.Text, "space") || strings.Contains(p.Text, "full") {
			n.checkSentence(p.Text)
			return true
		}
	}
	return false
}
