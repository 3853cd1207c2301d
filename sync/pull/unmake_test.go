package pull

import (
	"errors"
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// Its head may be replaced before the next try.
func TestADirectoryWhoseStepFailsIsNotLeftBehind(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.dirOf("d"))
	made, failed := false, false
	w.mem.SetHook(func(op memfs.Op, name string) error {
		made = made || name == "d" && op == memfs.OpMkdir
		if name == "d" && op == memfs.OpLstat && made && !failed {
			failed = true
			return errors.New("the disk does not answer")
		}
		return nil
	})
	outs := w.pullAll(w.decide())
	w.mem.SetHook(nil)
	if !failed || outs[0].Status == plan.Done {
		t.Fatalf("failed %v, %v", failed, outs)
	}
	if all := everywhere(t, w.fs, ""); len(all) > 0 {
		t.Errorf("there is %q", all)
	}
}
