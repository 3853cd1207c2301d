package integration

import (
	"os"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// TestALostRootStopsTheFolder takes the root away in several ways: nothing may
// be deleted on the other device, and all goes on when the root is back.
func TestALostRootStopsTheFolder(t *testing.T) {
	t.Parallel()
	const aside = "../set-aside"
	for _, tt := range []struct {
		name       string
		lose, back func(n *node)
		liveOnly   bool
	}{
		{"missing",
			func(n *node) { n.rename("", aside) },
			func(n *node) { n.rename(aside, "") }, false},
		{"an empty directory instead",
			func(n *node) { n.rename("", aside); n.mkdir("") },
			func(n *node) { n.remove(""); n.rename(aside, "") }, false},
		{"another directory instead",
			func(n *node) { n.rename("", aside); n.write("other", "of someone else") },
			func(n *node) { n.remove(""); n.rename(aside, "") }, false},
		{"a file instead",
			func(n *node) { n.rename("", aside); n.must(os.WriteFile(n.folder, nil, 0o644)) },
			func(n *node) { n.must(os.Remove(n.folder)); n.rename(aside, "") },
			true}, // a start refuses such a configuration
		{"emptied, labsync's own directory too",
			func(n *node) { n.emptyInto("../contents") },
			func(n *node) { n.refill("../contents") }, false},
	} {
		for _, live := range []bool{true, false} {
			name := tt.name + ", while running"
			if !live {
				name = tt.name + ", while stopped"
			}
			if tt.liveOnly && !live {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel() // it mostly waits for the folder to be tried again
				c := NewCluster(t, 2, options{})
				for _, file := range []string{"a", "d/b", "d/e/c"} {
					c.Write(0, file, file)
				}
				c.AwaitEqual()
				before := c.Tree(0)
				n := c.nodes[0]
				if !live {
					c.Stop(0)
				}
				tt.lose(n)
				if live {
					n.client.RescanFolder(t.Context(), folderID, "") // it may have stopped by itself already
				} else {
					c.Start(0)
				}
				f := n.awaitFolder("the folder to stop", func(f *api.Folder) bool { return f.State == api.FolderError && len(f.Errors) > 0 })
				n.checkSentence(f.Errors[0].Text, n.folder)
				c.Write(1, "meanwhile", "x") // and what follows shows that it deleted nothing
				before["meanwhile"] = c.Tree(1)["meanwhile"]
				if d := difference(before, c.Tree(1)); d != "" {
					t.Errorf("the other device has changed: %s", d)
				}
				tt.back(n)
				c.AwaitTree(before)
			})
		}
	}
}

// emptyInto moves all that the folder holds to another directory.
func (n *node) emptyInto(dir string) {
	n.t.Helper()
	n.mkdir(dir)
	n.moveAll("", dir)
}

func (n *node) refill(dir string) {
	n.t.Helper()
	n.moveAll(dir, "")
}

func (n *node) moveAll(from, to string) {
	n.t.Helper()
	list, err := os.ReadDir(n.path(from))
	n.must(err)
	for _, d := range list {
		n.rename(from+"/"+d.Name(), to+"/"+d.Name())
	}
}

// TestDeletingTheLastFileIsADeletion is the case that a lost root must not be
// taken for.
func TestDeletingTheLastFileIsADeletion(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, "only", "x")
	c.AwaitEqual()
	c.nodes[0].remove("only")
	c.nodes[1].await("the deletion", func() bool { return !c.nodes[1].exists("only") })
	c.AwaitTree(Tree{})
}
