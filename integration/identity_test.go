//go:build unix

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/event"
)

// copyTree copies a directory as a backup does, times and permissions included.
func (n *node) copyTree(from, to string) {
	n.t.Helper()
	n.must(os.RemoveAll(to))
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: copy %s: %v: %s", n.name, from, err, out)
	}
}

// backup copies paths of the node and returns what brings them back as they were.
func (n *node) backup(paths ...string) (restore func()) {
	n.t.Helper()
	dir := n.t.TempDir()
	for i, p := range paths {
		n.copyTree(p, filepath.Join(dir, fmt.Sprint(i)))
	}
	return func() {
		n.t.Helper()
		for i, p := range paths {
			n.copyTree(filepath.Join(dir, fmt.Sprint(i)), p)
		}
	}
}

// tellsOf checks that the node has told of a code, in a sentence with the words,
// once.
func (n *node) tellsOf(code string, words ...string) {
	n.t.Helper()
	var texts []string
	n.await("an event of "+code, func() bool {
		texts = n.told(code)
		return len(texts) > 0
	})
	if len(texts) != 1 {
		n.t.Errorf("%s: %s was told %d times: %q", n.name, code, len(texts), texts)
	}
	n.checkSentence(texts[0], words...)
}

func (n *node) told(code string) (texts []string) {
	events, _ := n.feed.of(event.Problem, event.DeviceRefused)
	for _, e := range events {
		if e.Fields["code"] == code {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

// put writes a version of a file: every one of its own content, so that none can
// stand for another.
func (n *node) put(name, version string) { n.t.Helper(); n.write(name, versionOf(name, version)) }

func versionOf(name, version string) string { return name + " " + version }

// checkFiles checks which versions node i has at some names; "" stands for
// nothing.
func (c *Cluster) checkFiles(i int, want map[string]string) {
	c.t.Helper()
	n := c.nodes[i]
	for name, version := range want {
		switch {
		case version == "" && n.exists(name):
			c.t.Errorf("%s: %s has come back", n.name, name)
		case version != "" && !n.holds(name, versionOf(name, version)):
			found, err := os.ReadFile(n.path(name))
			c.t.Errorf("%s: %s holds %q, %v; want version %s", n.name, name, found, err, version)
		}
	}
}

// siblings are the names of conflict copies in a tree.
func siblings(tree Tree) (names []string) {
	for name := range tree {
		if strings.Contains(name, " (conflict, ") {
			names = append(names, name)
		}
	}
	return names
}

// checkVectors stops all nodes and checks that no version of a name stands for
// two contents, whichever index names it.
func (c *Cluster) checkVectors() {
	c.t.Helper()
	meaning := map[string]string{}
	for i, n := range c.nodes {
		if n.running() {
			c.Stop(i)
		}
		for _, e := range n.announced() {
			version := e.Name + " " + e.Version.String()
			what := fmt.Sprintf("%v, deleted %v, %v", e.Type, e.Deleted, e.Hash)
			if was, known := meaning[version]; known && was != what {
				c.t.Errorf("%s is %s, and %s on %s", version, was, what, n.name)
			}
			meaning[version] = what
		}
	}
}

// announced is all that the index of a stopped node announces.
func (n *node) announced() (entries []index.Entry) {
	n.t.Helper()
	for _, path := range n.indexes() {
		s, err := store.Open(n.t.Context(), path, store.Options{})
		n.must(err)
		updates, err := s.Since(n.t.Context(), 0, 1<<20)
		n.must(err)
		n.must(s.Close())
		for _, u := range updates {
			entries = append(entries, u.Heads...)
		}
	}
	return entries
}

func (n *node) indexes() []string {
	n.t.Helper()
	paths, err := filepath.Glob(filepath.Join(n.home, "index", "*.db"))
	n.must(err)
	return paths
}
