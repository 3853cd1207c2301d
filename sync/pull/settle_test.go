package pull

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// cutShort is a world in which a file that was made here is being renamed to
// "b", as another device wants it: it stands there, and nothing is recorded.
func cutShort(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, memfs.Options{})
	if err := w.mem.User().Write("a", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	w.clock.skip(1e12)
	w.scan("a")
	e := w.fileOf("b", []byte("mine"))
	e.RenamedFrom = "a"
	w.announce(e, w.goneOf("a", e))
	w.at("pull.moved", func() error { return errStop })
	w.want(w.pullAll(w.decide()), plan.Failed)
	if w.read("a") != "" || w.read("b") != "mine" {
		t.Fatalf("the tree holds %q", everywhere(t, w.fs, ""))
	}
	w.opt.Fault = nil
	return w
}

// The versions that intents name may be others by the time they are settled:
// the index turned out to be a copy, and this device goes on as a new replica.
func TestAStepIsSettledAfterTheIndexWasForked(t *testing.T) {
	w := cutShort(t)
	if _, err := w.idx.Fork(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range w.recover().Rescan {
		w.scan(name)
	}
	w.sync()
	if w.read("b") != "mine" {
		t.Errorf("the tree holds %q", everywhere(t, w.fs, ""))
	}
	w.atRest()
}

// A change that is refused must not keep the folder from starting, and the
// others are recorded with it.
func TestASettledStepThatTheIndexRefusesIsLeftForAScan(t *testing.T) {
	for _, name := range []string{"a", "b"} {
		w := cutShort(t)
		refusing := &refusal{Store: w.idx, name: name}
		w.idx = refusing
		rep := w.recover()
		w.idx = refusing.Store
		if refusing.asked == 0 || !slices.Contains(rep.Rescan, "a") {
			t.Errorf("%q was refused %d times, rescan %q", name, refusing.asked, rep.Rescan)
		}
		w.restart()
		for _, name := range rep.Rescan {
			w.scan(name)
		}
		w.sync()
		if w.read("b") != "mine" {
			t.Errorf("the tree holds %q", everywhere(t, w.fs, ""))
		}
		w.atRest()
	}
}

// The same of a step that displaced a save which nobody had scanned.
func TestASaveOfAStepThatTheIndexRefusesBecomesAHead(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("old")))
	w.sync()
	w.announce(w.fileOf("a", []byte("new")))
	w.at("pull.exchange", func() error { return w.mem.User().SaveByRename("a", []byte("MINE")) })
	save := w.opt.Fault
	w.at("pull.placed", func() error { return errStop })
	cut := w.opt.Fault
	w.opt.Fault = func(p string) error { return errors.Join(save(p), cut(p)) }
	w.restart()
	w.pullAll(w.decide())
	w.opt.Fault = nil
	refusing := &refusal{Store: w.idx, name: "a"}
	w.idx = refusing
	rep := w.recover()
	w.idx = refusing.Store
	w.restart()
	for _, name := range rep.Rescan {
		w.scan(name)
	}
	w.recheckAll()
	w.sync()
	w.sync()
	for _, content := range []string{"MINE", "new"} {
		if !w.inTree(content) {
			t.Errorf("%q is not in the tree: %q", content, everywhere(t, w.fs, ""))
		}
	}
}

// An intent whose other half is settled, or that of another rename, belongs to
// no step: it must neither stay for ever nor be recorded with the wrong one.
func TestTheIntentOfAnOldNameThatIsLeftAloneIsAbandoned(t *testing.T) {
	w := cutShort(t)
	pending, err := w.idx.Pending(t.Context())
	if err != nil || len(pending) != 2 {
		t.Fatal(pending, err)
	}
	if err := w.idx.Abandon(t.Context(), []index.IntentID{pending[1].ID}); err != nil {
		t.Fatal(err)
	}
	other := pending[1]
	other.Path, other.To, other.Expected.Entry.Name, other.New.Name = "x", "y", "x", "x"
	if _, err := w.idx.Begin(t.Context(), []index.Intent{other}); err != nil {
		t.Fatal(err)
	}
	rep := w.recover()
	if held, err := w.idx.Local(t.Context(), "x"); held != nil || err != nil {
		t.Errorf("held %+v, %v", held, err)
	}
	if !slices.Contains(rep.Rescan, "x") || !slices.Contains(rep.Rescan, "a") {
		t.Errorf("rescan %q", rep.Rescan)
	}
	for _, name := range rep.Rescan {
		w.scan(name)
	}
	w.sync()
	w.atRest()
}

// refusal is a store whose held version of a name has always just changed.
type refusal struct {
	index.Store
	name  string
	asked int
}

func (s *refusal) Commit(ctx context.Context, changes []index.Change, durable bool) ([]int, error) {
	var rest []index.Change
	var at, refused []int
	for i := range changes {
		if changes[i].Entry.Name == s.name {
			s.asked++
			refused = append(refused, i)
		} else {
			rest, at = append(rest, changes[i]), append(at, i)
		}
	}
	stale, err := s.Store.Commit(ctx, rest, durable)
	for _, i := range stale {
		refused = append(refused, at[i])
	}
	return refused, err
}
