package pull

import (
	"errors"
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// Its head may be replaced before the next try.
func TestADirectoryWhoseStepFailsIsNotLeftBehind(t *testing.T) {
	for after := range 2 {
		w := newWorld(t, memfs.Options{})
		d := w.dirOf("d")
		w.announce(d)
		made, looks := false, 0
		w.mem.SetHook(func(op memfs.Op, name string) error {
			switch {
			case name != "d":
			case op == memfs.OpMkdir:
				made = true
			case op == memfs.OpLstat && made:
				if looks++; looks == after+1 {
					return errors.New("the disk does not answer")
				}
			}
			return nil
		})
		outs := w.pullAll(w.decide())
		w.mem.SetHook(nil)
		if !made || looks < after+1 || outs[0].Status == plan.Done {
			t.Fatalf("made %v, %d looks, %v", made, looks, outs)
		}
		if all := everywhere(t, w.fs, ""); len(all) > 0 {
			t.Errorf("after an error at look %d there is %q", after+1, all)
		}
	}
}
