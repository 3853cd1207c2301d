package integration

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/event"
)

// TestUpdatesFromElsewhereAreNotTakenForEdits lets a device place thousands of
// updates, ten at its full size, and checks that it made no version of its own
// of any.
func TestUpdatesFromElsewhereAreNotTakenForEdits(t *testing.T) {
	c := NewCluster(t, 2, options{})
	files := sized(1000, 5000)
	if testing.Short() || raceEnabled {
		files = 500
	}
	for round := range 2 {
		for i := range files {
			c.Write(0, fmt.Sprintf("d%02d/f%d", i%50, i), fmt.Sprintf("round %d of file %d", round, i))
		}
		c.AwaitTree(c.Tree(0))
	}
	changed, complete := c.nodes[1].feed.of(event.FileChanged)
	if !complete {
		t.Log("events were dropped, so the index alone tells")
	}
	for _, e := range changed[:min(len(changed), 5)] {
		t.Errorf("node1 took a placed file for an edit: %s %s", e.Path, e.Text)
	}
	c.Stop(1)
	c.nodes[1].eachVersion(func(own index.Replica, u index.Update) {
		for i := range u.Heads {
			if e := &u.Heads[i]; e.ModifiedBy == own || e.Version.Counter(own) != 0 {
				t.Errorf("node1 made the version %v of %s", e.Version, e.Name)
			}
		}
	})
}

// eachVersion reads the index of a node that does not run.
func (n *node) eachVersion(f func(own index.Replica, u index.Update)) {
	n.t.Helper()
	paths, err := filepath.Glob(filepath.Join(n.home, "index", "*.db"))
	n.must(err)
	if len(paths) != 1 {
		n.t.Fatalf("%s has the indexes %v, want one", n.name, paths)
	}
	ctx := n.t.Context()
	s, err := store.Open(ctx, paths[0], store.Options{})
	n.must(err)
	defer s.Close()
	who, err := s.Identity(ctx)
	n.must(err)
	const page = 1000
	seen := 0
	for after := int64(0); ; {
		updates, err := s.Since(ctx, after, page)
		n.must(err)
		for _, u := range updates {
			f(who.Replica, u)
			after = u.Sequence
		}
		if seen += len(updates); len(updates) < page {
			break
		}
	}
	if seen == 0 {
		n.t.Errorf("the index of %s is empty", n.name)
	}
}
