package pull

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// What stands at a name after a loss of power must not pass for something made
// here because the head that it was made of is forgotten.
func TestAHeadIsDurableBeforeAFileIsMadeOfIt(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("theirs")))
	actions := w.decide()
	var after *memstore.Store
	w.opt.Fault = func(point string) error {
		if point != "pull.create" || after != nil {
			return nil
		}
		after = w.idx.(*memstore.Store).Crash()
		return errStop
	}
	w.restart()
	w.pullAll(actions)
	if after == nil {
		t.Fatal("nothing was created")
	}
	if s, _, err := after.State(t.Context(), "a"); err != nil || len(s.Heads) != 1 {
		t.Errorf("the index knows %+v, %v", s, err)
	}
}

// A directory that somebody has just made may be lost with what was put in it.
func TestWhatIsRecordedInAYoungDirectoryIsThereAfterALossOfPower(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(w *world)
		change  func(w *world) []index.Entry
	}{
		{"a file is created", func(*world) {}, func(w *world) []index.Entry { return []index.Entry{w.fileOf("d/e/a", []byte("theirs"))} }},
		{
			"a file is moved", func(w *world) { w.announce(w.fileOf("b", []byte("theirs"))) },
			func(w *world) []index.Entry {
				e := w.fileOf("d/e/a", []byte("theirs"))
				e.RenamedFrom = "b"
				return []index.Entry{e, w.goneOf("b", e)}
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			tt.prepare(w)
			w.sync()
			w.mem.SyncAll()
			if err := w.mem.User().Mkdir("d/e"); err != nil {
				t.Fatal(err)
			}
			w.announce(tt.change(w)...)
			w.pullAll(w.decide())
			for _, im := range shoot(w, "the end", 1, 20) {
				if got := readName(t, im.fs, "d/e/a"); got != "theirs" {
					t.Fatalf("%s: %q", im.at, got)
				}
			}
		})
	}
}

// The next directory of that name may have the same inode, and is not durable.
func TestADirectoryThatIsGoneIsNotKnownToBeDurable(t *testing.T) {
	tests := []struct {
		name string
		gone func(w *world) error
	}{
		{"a placement removes it", func(w *world) error {
			w.scan("d")
			w.announce(w.goneOf("d/a", w.fileOf("d/a", nil)), w.goneOf("d", w.dirOf("d")))
			w.want(w.pullAll(w.decide()), plan.Done)
			return nil
		}},
		{"somebody does, and a file is placed there", func(w *world) error {
			w.announce(w.fileOf("d/b", []byte("theirs")))
			return w.mem.User().RemoveAll("d")
		}},
		{"somebody does, and it is made anew", func(w *world) error {
			w.announce(w.dirOf("d"))
			return w.mem.User().RemoveAll("d")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			if err := w.mem.User().Mkdir("d"); err != nil {
				t.Fatal(err)
			}
			w.announce(w.fileOf("d/a", []byte("theirs")))
			w.want(w.pullAll(w.decide()), plan.Done)
			if len(w.pull.anchored) != 1 {
				t.Fatalf("anchored: %v", w.pull.anchored)
			}
			if err := tt.gone(w); err != nil {
				t.Fatal(err)
			}
			w.pullAll(w.decide())
			if len(w.pull.anchored) > 0 {
				t.Errorf("anchored: %v", w.pull.anchored)
			}
		})
	}
}

func TestWhatIsSuspectDependsOnWhetherTheMachineWentDown(t *testing.T) {
	tests := []struct {
		name, before, after string
		suspect             bool
	}{
		{"the process died", "1", "1", false},
		{"the machine did", "1", "2", true},
		{"nobody knows", "", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			w.opt.Boot = tt.before
			w.restart()
			w.recover()
			if err := w.mem.User().Write("a", []byte("x")); err != nil {
				t.Fatal(err)
			}
			w.scan("a")
			w.opt.Boot = tt.after
			w.restart()
			w.recover()
			held, err := w.idx.Local(t.Context(), "a")
			if err != nil || held.Flags&index.MustRescan == 0 || (held.Flags&index.Suspect != 0) != tt.suspect {
				t.Errorf("held %+v, %v", held, err)
			}
		})
	}
}

// What a step displaced that had to be settled serves as a source like the rest.
func TestWhatWasDisplacedByASettledStepIsFound(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	old := w.fileOf("a", []byte("once here"))
	w.announce(old)
	w.sync()
	w.announce(w.goneOf("a", old))
	failed := false
	w.opt.Fault = func(point string) error {
		if point != "pull.taken" || failed {
			return nil
		}
		failed = true
		return errStop
	}
	w.restart()
	if _, err := w.pull.worksOf(old.Hash); err != nil { // the list has been read
		t.Fatal(err)
	}
	w.pullAll(w.decide())
	w.pullAll(w.decide()) // settles
	delete(w.far.contents, old.Blocks[0].Hash)
	w.announce(w.fileOf("b", []byte("once here")))
	delete(w.far.contents, old.Blocks[0].Hash)
	w.want(w.pullAll(w.decide()), plan.Done)
	if w.read("b") != "once here" {
		t.Errorf("b holds %q", w.read("b"))
	}
}

// A file of which it is not known whether its name is durable is nobody's edit:
// not for a scan, not after the version it was made of has been replaced, not
// after a loss of power.
func TestACreateThatMayHaveHappenedIsSettled(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	first := w.fileOf("a", []byte("first"))
	w.announce(first)
	failed := false
	w.mem.SetHook(func(op memfs.Op, name string) error {
		if op != memfs.OpSyncDir || name != "" || failed {
			return nil
		}
		failed = true
		return syscall.EIO
	})
	outs := w.pullAll(w.decide())
	if len(outs) != 1 || outs[0].Status != plan.Failed || !outs[0].Unsettled {
		t.Fatalf("outcomes %+v", outs)
	}
	w.announce(w.fileOf("a", []byte("second")))
	if _, heads, err := w.pull.Recheck(t.Context(), w.clock.Now()); heads != 0 || err != nil {
		t.Fatal(heads, err)
	}
	held, err := w.idx.Local(t.Context(), "a")
	if err != nil || held == nil || held.Entry.Hash != first.Hash || held.Entry.ModifiedBy != farReplica {
		t.Errorf("held is %+v, %v", held, err)
	}
	w.sync()
	if w.read("a") != "second" {
		t.Errorf("a holds %q", w.read("a"))
	}
	w.atRest()
}

// Somebody puts a directory where a file is to be replaced, and somebody saves
// over the file that took the directory's place for a moment.
func TestASaveOverWhatIsTakenBackBecomesAHead(t *testing.T) {
	for _, scanned := range []bool{true, false} {
		w := newWorld(t, memfs.Options{})
		w.announce(w.fileOf("a", []byte("old")))
		w.sync()
		w.announce(w.fileOf("a", []byte("new")))
		u := w.mem.User()
		w.opt.Fault = func(point string) error {
			var err error
			switch point {
			case "pull.exchange":
				err = errors.Join(u.Remove("a"), u.Mkdir("a"))
			case "pull.exchanged":
				err = u.Write("a", []byte("MINE"))
			}
			if err != nil {
				t.Error(err)
			}
			return nil
		}
		w.restart()
		w.pullAll(w.decide())
		w.opt.Fault = nil
		if scanned {
			w.scan("a")
			w.sync()
		}
		if heads := w.recheckAll(); heads != 1 {
			t.Errorf("%d heads, scanned before: %v", heads, scanned)
		}
		w.scan("a")
		w.sync()
		if !w.inTree("MINE") {
			t.Errorf("the save is not in the tree, scanned before: %v: %q", scanned, everywhere(t, w.fs, ""))
		}
	}
}

// A sibling may be asked for as soon as it is recorded.
func TestWhatWasDisplacedIsFoundAsSoonAsThatIsRecorded(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	old := w.fileOf("a", []byte("old"))
	w.announce(old)
	w.sync()
	if _, err := w.pull.worksOf(old.Hash); err != nil { // the list has been read
		t.Fatal(err)
	}
	w.announce(w.fileOf("a", []byte("new")))
	recorded := commitHook{w.idx, func() {
		if works, err := w.pull.worksOf(old.Hash); len(works) != 1 || err != nil {
			t.Errorf("found %q, %v", works, err)
		}
	}}
	w.pull.idx = recorded
	w.want(w.pullAll(w.decide()), plan.Done)
}

// commitHook calls after when changes have been recorded.
type commitHook struct {
	index.Store
	after func()
}

func (h commitHook) Commit(ctx context.Context, changes []index.Change, durable bool) ([]int, error) {
	stale, err := h.Store.Commit(ctx, changes, durable)
	if len(changes) > 0 {
		h.after()
	}
	return stale, err
}

// A directory was renamed to other capitals where that makes another one. What
// is in it must not be taken for what is in the old one, nor go with it.
func TestWhatBelongsInATwinWaitsUntilTheOtherIsGone(t *testing.T) {
	w := newWorld(t, memfs.Options{Capabilities: memfs.MacOS()})
	old := w.fileOf("dir/a", []byte("same"))
	w.announce(w.dirOf("dir"), old)
	w.sync()
	w.announce(w.dirOf("DIR"), w.fileOf("DIR/a", []byte("same")))
	for _, o := range w.pullAll(w.decide()) {
		if o.Status != plan.Failed || o.Problem == nil || o.Problem.Code != plan.CodeNameTwin {
			t.Errorf("outcome %+v, %+v", o, o.Problem)
		}
	}
	if held, err := w.idx.Local(t.Context(), "DIR/a"); held != nil || err != nil {
		t.Errorf("held %+v, %v", held, err)
	}
	w.announce(w.goneOf("dir/a", old), w.goneOf("dir", w.dirOf("dir")))
	w.sync()
	w.check(map[string]string{"DIR": "dir", "DIR/a": "same"})
}

// What is recent is told by the clock, which may have been set back in between.
func TestWhatWasRecordedAfterTheClockWasSetBackIsSuspect(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.recover()
	u := w.mem.User()
	for _, name := range []string{"before", "after"} {
		if err := u.Write(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
		w.scan(name)
		w.clock.skip(-24 * time.Hour)
	}
	w.clock.skip(24*time.Hour + time.Minute)
	w.recover()
	held, err := w.idx.Local(t.Context(), "after")
	if err != nil || held.Flags&index.Suspect == 0 {
		t.Errorf("held %+v, %v", held, err)
	}
}

// A step that was interrupted must not keep the folder from starting when the
// directory that it was about is gone.
func TestAStepInADirectoryThatIsGoneIsSettled(t *testing.T) {
	for _, unscanned := range []bool{false, true} {
		caps := memfs.Linux()
		caps.Exchange = false
		w := newWorld(t, memfs.Options{Capabilities: caps})
		w.announce(w.dirOf("d"), w.fileOf("d/a", []byte("old")))
		w.sync()
		w.announce(w.fileOf("d/a", []byte("new")))
		u := w.mem.User()
		w.opt.Fault = func(point string) error {
			switch {
			case point == "pull.exchange" && unscanned:
				return u.Write("d/a", []byte("MINE"))
			case point == "pull.taken":
				return errors.Join(u.RemoveAll("d"), errStop)
			}
			return nil
		}
		w.restart()
		w.pullAll(w.decide())
		w.opt.Fault = nil
		w.recover()
		w.want(w.pullAll(w.decide()), plan.Unscanned) // somebody has taken it away
		if unscanned && !kept(everywhere(t, w.fs, ""), "MINE") {
			t.Error("a save that nobody had scanned is gone")
		}
	}
}
