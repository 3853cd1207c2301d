package integration

import (
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// follow types the commands that a sentence has in quotation marks.
func (n *node) follow(advice string) {
	n.t.Helper()
	parts := strings.Split(advice, `"`)
	typed := 0
	for i := 1; i < len(parts); i += 2 {
		words := strings.Fields(parts[i]) // the tests' names need no quoting
		if len(words) < 2 || words[0] != "labsync" {
			n.t.Fatalf("%s: %q is no command", n.name, parts[i])
		}
		n.cli(words[1:]...)
		typed++
	}
	if typed == 0 {
		n.t.Fatalf("%s: %q says nothing to type", n.name, advice)
	}
}

// TestTheAdviceForAnotherRootWorks replaces the root and does what status says,
// with and without a daemon.
func TestTheAdviceForAnotherRootWorks(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{true, false} {
		name := "while running"
		if !live {
			name = "while stopped"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it mostly waits for the folder to be tried again
			c := NewCluster(t, 2, options{})
			for _, file := range []string{"a", "d/b"} {
				c.Write(0, file, file)
			}
			c.AwaitEqual()
			n := c.nodes[0]
			n.rename("", "../set-aside")
			n.write("own", "of the new directory")
			n.client.RescanFolder(t.Context(), folderID, "") // it may have stopped by itself already
			var advice string
			n.awaitFolder("the advice to start from what is there", func(f *api.Folder) bool {
				if f.State != api.FolderError || len(f.Errors) == 0 {
					return false
				}
				advice = f.Errors[0].Text
				return strings.Contains(advice, "labsync folder add")
			})
			n.checkSentence(advice, n.folder)
			if !live {
				c.Stop(0)
			}
			n.follow(advice)
			if !live {
				c.Start(0)
			}
			n.awaitFolder("the folder to run", func(f *api.Folder) bool { return f.State == api.FolderIdle })
			want := c.Tree(1)
			want["own"] = c.Tree(0)["own"]
			for _, file := range []string{"a", "d/b"} {
				if _, ok := want[file]; !ok {
					t.Errorf("%s was deleted on the other device", file)
				}
			}
			c.AwaitTree(want)
		})
	}
}
