package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// What one side announces before the other has met it used to be recorded and
// then forgotten, and wait never ended.
func TestFoldersSharedOnBothSidesAtOnceAgree(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{apart: true})
	for k := range sized(20, 100) {
		id := fmt.Sprintf("together-%d", k)
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i, n := range c.nodes {
			path := filepath.Join(n.folder, id)
			n.must(os.MkdirAll(path, 0o755))
			both.Go(func() {
				_, errs[i] = n.client.AddFolder(t.Context(), api.FolderAdd{Path: path, ID: id, Label: id, Devices: []string{c.nodes[1-i].id}})
			})
		}
		both.Wait()
		for i, n := range c.nodes {
			n.must(errs[i])
			n.cli("wait", "--folder", id, "--timeout", patience.String())
		}
	}
}
