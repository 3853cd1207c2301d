//go:build unix

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

// TestTheAdviceForAFolderOfAPersonsOwnWorks moves the folder's table to
// config.toml, which commands leave alone, replaces the root and does what
// status says.
func TestTheAdviceForAFolderOfAPersonsOwnWorks(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	for _, file := range []string{"a", "d/b"} {
		c.Write(0, file, file)
	}
	c.AwaitEqual()
	n := c.nodes[0]
	c.Stop(0)
	ours, theirs := filepath.Join(n.home, config.ConfigFile), filepath.Join(n.home, config.FoldersFile)
	settings, err := os.ReadFile(ours)
	n.must(err)
	table, err := os.ReadFile(theirs)
	n.must(err)
	n.must(os.Remove(theirs))
	write := func(folder string) { n.must(os.WriteFile(ours, []byte(string(settings)+"\n"+folder), 0o600)) }
	write(string(table))
	c.Start(0)
	c.AwaitEqual()

	n.rename("", "../set-aside")
	n.write("own", "of the new directory")
	n.client.RescanFolder(t.Context(), folderID, "") // it may have stopped by itself already
	n.awaitFolder("the advice to start from what is there", func(f *api.Folder) bool {
		return f.State == api.FolderError && len(f.Errors) > 0 && strings.Contains(f.Errors[0].Text, "put #") && strings.Contains(f.Errors[0].Text, ours)
	})
	write("# " + strings.ReplaceAll(string(table), "\n", "\n# "))
	n.await("the folder to be gone", func() bool { return len(n.status().Folders) == 0 })
	write(string(table))
	n.await("the folder to be back", func() bool { return len(n.status().Folders) == 1 })
	n.awaitFolder("the folder to run", func(f *api.Folder) bool { return f.State == api.FolderIdle })
	want := c.Tree(1)
	want["own"] = c.Tree(0)["own"]
	if len(want) != 4 {
		t.Errorf("the other device holds %v", want)
	}
	c.AwaitTree(want)
}
