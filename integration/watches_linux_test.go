package integration

import (
	"fmt"
	"os/exec"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// fewWatches runs a command in a user namespace that may watch 50 directories.
var fewWatches = []string{"unshare", "-Ur", "sh", "-c", `echo 50 >/proc/sys/user/max_inotify_watches && exec "$0" "$@"`}

// TestChangesInUnwatchedDirectoriesArrive gives a daemon far fewer watches than
// it has directories.
func TestChangesInUnwatchedDirectoriesArrive(t *testing.T) {
	t.Parallel()
	try := append(append([]string{}, fewWatches[1:]...), "true")
	if out, err := exec.Command(fewWatches[0], try...).CombinedOutput(); err != nil {
		t.Skipf("no user namespace with a limit of its own can be made here: %v %s", err, out)
	}
	const dirs = 120
	c := NewCluster(t, 2, options{adapt: func(i int, n *node) {
		if i == 0 {
			n.wrap = func(args []string) []string { return append(append([]string{}, fewWatches...), args...) }
			for d := range dirs {
				n.write(fmt.Sprintf("d%03d/file", d), "first")
			}
		}
	}})
	c.AwaitTree(c.Tree(0))
	c.nodes[0].awaitProblem(c.unwatchedName(), "unwatched", "sysctl fs.inotify.max_user_watches=")
	for d := range dirs {
		c.Write(0, fmt.Sprintf("d%03d/file", d), "second")
	}
	c.AwaitTree(c.Tree(0))
}

// unwatchedName waits until some directory is not watched and returns it.
func (c *Cluster) unwatchedName() (name string) {
	c.t.Helper()
	c.nodes[0].awaitFolder("a directory that is not watched", func(f *api.Folder) bool {
		for _, p := range f.Errors {
			if p.Code == "unwatched" {
				name = p.Path
				return !f.Watching
			}
		}
		return false
	})
	return name
}
