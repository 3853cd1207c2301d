package integration

import (
	"fmt"
	"testing"
)

// TestTheSameTreeOverEitherTransport lets devices listen by one transport only.
func TestTheSameTreeOverEitherTransport(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"quic", "tcp"} {
		t.Run(scheme, func(t *testing.T) {
			c := NewCluster(t, 2, options{schemes: []string{scheme}})
			n := c.nodes[0]
			for i := range 300 {
				n.write(fmt.Sprintf("dir%d/sub%d/file%d", i%5, i%17, i), string(noise(uint64(i), i*i%5000)))
			}
			n.saveNoise("big", 3, 8<<20)
			n.symlink("big", "link")
			c.AwaitTree(c.Tree(0))
			c.Write(1, "back", "the other way")
			c.AwaitTree(c.Tree(1))
			for i := range 2 {
				if d := c.device(i, 1-i); d.Transport != scheme || d.Bulk != scheme {
					t.Errorf("node%d speaks %s and sends bulk by %s, want %s", i, d.Transport, d.Bulk, scheme)
				}
			}
		})
	}
}
