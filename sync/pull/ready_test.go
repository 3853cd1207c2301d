package pull

import (
	"errors"
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// Only this process knows that a small file was made durable under the name of
// a partial one: nobody else may place it.
func TestASmallFileIsPlacedByWhoMadeItDurableOnly(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("content")), w.fileOf("b", []byte("content")), w.fileOf("c", nil))
	actions := w.decide()
	w.want(w.pull.Fetch(t.Context(), actions), plan.Done)
	w.restart()
	for _, o := range w.pull.Place(t.Context(), actions) {
		if o.Name == "c" && o.Status != plan.Stale {
			t.Errorf("what an earlier process had written was placed: %+v", o)
		}
	}
	w.sync()
	for name, want := range map[string]string{"a": "content", "b": "content", "c": ""} {
		if got := w.read(name); got != want {
			t.Errorf("%q holds %q", name, got)
		}
	}
	w.atRest()
}

func TestASmallFileThatIsNotDurableIsNotPlaced(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("content")))
	actions := w.decide()
	w.want(w.pull.Fetch(t.Context(), actions), plan.Done)
	w.opt.Fault = func(point string) error {
		if point == "pull.temp.sync" {
			return errors.New("no")
		}
		return nil
	}
	w.pull.opt.Fault = w.opt.Fault
	w.want(w.pull.Fetch(t.Context(), actions), plan.Failed) // written anew, and not to its end
	w.want(w.pull.Place(t.Context(), actions), plan.Stale)
	if got := w.read("a"); got != "" {
		t.Errorf("placed %q", got)
	}
}
