package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/event"
)

// TestADamagedIndexIsSetAsideAndMadeAnew overwrites the middle of the index:
// the files are the truth, so nothing is lost and equal files are no conflict.
func TestADamagedIndexIsSetAsideAndMadeAnew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		damage func(n *node, path string)
	}{
		{"no database at all", func(n *node, path string) { n.must(os.WriteFile(path, noise(1, 100_000), 0o600)) }},
		{"a page of the schema", func(n *node, path string) { n.overwrite(path, 0, 4096) }},
		{"all but the first page, which is what opening reads", func(n *node, path string) { n.overwrite(path, 4096, 20_000) }},
		{"gone", func(n *node, path string) { n.must(os.Remove(path)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCluster(t, 2, options{})
			n := c.nodes[0]
			for i := range 50 {
				n.write("d/f"+strings.Repeat("x", i), strings.Repeat("text", i))
			}
			c.AwaitEqual()
			c.Stop(0)
			paths, err := filepath.Glob(filepath.Join(n.home, "index", "*.db*"))
			n.must(err)
			for _, p := range paths {
				switch filepath.Ext(p) {
				case ".db":
					tt.damage(n, p)
				case ".db-wal", ".db-shm":
					n.must(os.Remove(p))
				}
			}
			n.write("edited meanwhile", "x")
			before := c.Tree(0)
			c.Start(0)
			c.AwaitTree(before)
			if tt.name == "gone" {
				return // there is nothing to set aside
			}
			events, _ := n.feed.of(event.Problem)
			told := false
			for _, e := range events {
				if e.Fields["code"] == "index-damaged" {
					told = true
					n.checkSentence(e.Text, n.folder)
				}
			}
			if !told {
				t.Errorf("no event tells of the damage: %v", events)
			}
		})
	}
}

// overwrite puts noise over a part of a file.
func (n *node) overwrite(path string, at int64, size int) {
	n.t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	n.must(err)
	defer file.Close()
	_, err = file.WriteAt(noise(1, size), at)
	n.must(err)
}
