package pull

import (
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

func (w *world) recover() Report {
	w.t.Helper()
	w.restart()
	rep, err := w.pull.Recover(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return rep
}

func TestAStrangeFileInTheWorkDirectoryIsKept(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	if err := w.mem.User().Write(folderfs.TempDir+"/thesis.tex", []byte("whose?")); err != nil {
		t.Fatal(err)
	}
	part := folderfs.Work{Key: "k", Kind: folderfs.Partial}.String()
	if err := w.mem.User().Write(part, []byte("ours")); err != nil {
		t.Fatal(err)
	}
	rep := w.recover()
	if len(rep.Problems) != 1 || !strings.HasPrefix(rep.Problems[0].Name, folderfs.RecoverDir) || w.read(rep.Problems[0].Name) != "whose?" {
		t.Errorf("report %+v", rep)
	}
	if w.read(part) != "ours" {
		t.Error("a partial file is gone")
	}
}

func TestAfterAnUncleanEndRecentFilesAreDistrusted(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	if rep := w.recover(); len(rep.Rescan) > 0 {
		t.Errorf("a new folder: %+v", rep)
	}
	if err := w.mem.User().Write("recent", []byte("x")); err != nil {
		t.Fatal(err)
	}
	w.scan("recent")
	// Two files that were changed an hour ago. One was looked at right then, the
	// other is said to have been a moment ago, as if the clock had been set.
	for name, seen := range map[string]int64{"old": -3600e9, "stepped": 0} {
		if err := w.mem.User().Write(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
		w.scan(name)
		held, err := w.idx.Local(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		held.Disk.Mtime, held.Disk.Ctime, held.Disk.Seen = held.Disk.Seen-3600e9, held.Disk.Seen-3600e9, held.Disk.Seen+seen
		if _, err := w.idx.Commit(t.Context(), []index.Change{{Base: held.Entry.Version, Entry: held.Entry, Disk: held.Disk}}, true); err != nil {
			t.Fatal(err)
		}
	}
	rep := w.recover()
	if !slices.Equal(rep.Rescan, []string{"recent", "stepped"}) {
		t.Errorf("after an unclean end: rescan %q", rep.Rescan)
	}
	if held, err := w.idx.Local(t.Context(), "recent"); err != nil || held.Flags&index.MustRescan == 0 {
		t.Errorf("not flagged: %+v, %v", held, err)
	}
	if err := w.pull.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rep := w.recover(); len(rep.Rescan) > 0 {
		t.Errorf("after a clean end: rescan %q", rep.Rescan)
	}
}

// A machine without a clock of its own sets it after it has started. What is
// settled then bears the new time, and what was recorded before looks old.
func TestWhatIsSettledUnderANewClockHidesNothing(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.recover()
	w.announce(w.fileOf("f", []byte("old")))
	w.want(w.sync(), plan.Done)
	if err := w.mem.User().Write("recent", []byte("x")); err != nil {
		t.Fatal(err)
	}
	w.scan("recent")
	w.announce(w.fileOf("f", []byte("new")))
	w.opt.Fault = func(point string) error {
		if point == "pull.durable" {
			return errStop
		}
		return nil
	}
	w.restart()
	w.pullAll(w.decide())
	w.opt.Fault = nil
	w.clock.skip(48 * 3600e9)
	if rep := w.recover(); rep.Finished != 1 || !slices.Contains(rep.Rescan, "recent") {
		t.Errorf("%+v", rep)
	}
}

func TestAReadOnlyDirectoryThatWasSynchronisedIsNoObstacle(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	d := w.dirOf("d")
	d.Mode = 0o555
	w.announce(d, w.fileOf("d/a", []byte("old")))
	denied := 0
	asking := false
	// As for anybody but root: a closed directory refuses what goes on in it.
	w.mem.SetHook(func(op memfs.Op, name string) error {
		if asking || op != memfs.OpRename && op != memfs.OpExchange {
			return nil
		}
		asking = true
		defer func() { asking = false }()
		if info, err := w.fs.Lstat("d"); err == nil && info.Mode&0o200 == 0 {
			denied++
			return syscall.EACCES
		}
		return nil
	})
	for _, o := range w.pullAll(w.decide()) {
		if o.Status != plan.Done {
			t.Errorf("outcome %+v, %+v", o, o.Problem)
		}
	}
	info, err := w.fs.Lstat("d")
	if err != nil || info.Mode != 0o555 || denied == 0 || w.read("d/a") != "old" {
		t.Errorf("directory %+v, %v; denied %d times", info, err, denied)
	}
	w.mem.SetHook(nil)
	w.atRest()
	if text, err := w.idx.Setting(t.Context(), lentKey); err != nil || text != nil {
		t.Errorf("still lent: %s, %v", text, err)
	}
}

func TestWhatWasLentIsGivenBackAfterACrash(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	if err := w.mem.User().Mkdir("d"); err != nil {
		t.Fatal(err)
	}
	if err := w.idx.SetSetting(t.Context(), lentKey, []byte(`[{"Dir":"d","Mode":365}]`)); err != nil {
		t.Fatal(err)
	}
	w.recover()
	if info, err := w.fs.Lstat("d"); err != nil || info.Mode != 0o555 {
		t.Errorf("directory %+v, %v", info, err)
	}
}

// A disk may fail at just that moment. The next group that lends something must
// not make it forgotten.
func TestWhatCouldNotBeGivenBackIsGivenBackLater(t *testing.T) {
	for _, by := range []string{"a group", "a look at displaced files", "a start"} {
		w := newWorld(t, memfs.Options{})
		dirs := []index.Entry{w.dirOf("d"), w.dirOf("e")}
		for i := range dirs {
			dirs[i].Mode = 0o555
		}
		w.announce(dirs...)
		w.sync()
		asking, closed := false, "d"
		w.mem.SetHook(func(op memfs.Op, name string) error {
			if asking {
				return nil
			}
			asking = true
			defer func() { asking = false }()
			at := closed
			if op == memfs.OpChmod {
				at = name
			}
			info, err := w.fs.Lstat(at)
			open := err == nil && info.Mode&0o200 != 0
			switch {
			case op == memfs.OpRename && !open:
				return syscall.EACCES
			case op == memfs.OpChmod && name == "d" && open:
				return syscall.EIO
			}
			return nil
		})
		w.announce(w.fileOf("d/a", []byte("in d")))
		w.pullAll(w.decide())
		if info, err := w.fs.Lstat("d"); err != nil || info.Mode&0o200 == 0 {
			t.Fatalf("it was given back: %+v, %v", info, err)
		}
		closed = "e"
		w.announce(w.fileOf("e/a", []byte("in e")))
		w.pullAll(w.decide())
		if w.read("e/a") != "in e" {
			t.Fatalf("the tree holds %q", everywhere(t, w.fs, ""))
		}
		w.mem.SetHook(nil)
		switch by {
		case "a start":
			w.recover()
		case "a group":
			w.announce(w.fileOf("b", []byte("b")))
			w.want(w.pullAll(w.decide()), plan.Done)
		default:
			w.recheckAll()
		}
		for _, d := range []string{"d", "e"} {
			if info, err := w.fs.Lstat(d); err != nil || info.Mode != 0o555 {
				t.Errorf("%q is %+v, %v after %s", d, info, err, by)
			}
		}
		if text, err := w.idx.Setting(t.Context(), lentKey); err != nil || text != nil {
			t.Errorf("still lent: %s, %v", text, err)
		}
	}
}

func TestADirectoryOfSomebodyElseIsAProblem(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("d/a", []byte("x")))
	w.mem.SetHook(func(op memfs.Op, name string) error {
		if op == memfs.OpMkdir {
			return syscall.EACCES
		}
		return nil
	})
	outs := w.pullAll(w.decide())
	if outs[0].Status != plan.Failed || outs[0].Problem.Code != plan.CodeReadOnly {
		t.Errorf("outcome %+v, %+v", outs[0], outs[0].Problem)
	}
}

func TestAnotherFileSystemInTheWayIsAProblem(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("x")))
	w.mem.SetHook(func(op memfs.Op, name string) error {
		if op == memfs.OpRename {
			return syscall.EXDEV
		}
		return nil
	})
	outs := w.pullAll(w.decide())
	if outs[0].Status != plan.Failed || outs[0].Problem.Code != plan.CodeCrossMount {
		t.Errorf("outcome %+v, %+v", outs[0], outs[0].Problem)
	}
}

func TestUsageCountsWhatWasDisplaced(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("12345")))
	w.sync()
	w.announce(w.fileOf("a", []byte("new")))
	w.sync()
	if u, err := w.pull.Usage(); err != nil || u != (Usage{Files: 1, Bytes: 5}) {
		t.Errorf("usage %+v, %v", u, err)
	}
}

func TestAReceiveOnlyFolderMakesNoVersionOfASave(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("old")))
	w.sync()
	var ev events
	w.opt.OnEvent, w.opt.Direction = ev.on, plan.ReceiveOnly
	w.opt.Fault = func(p string) error {
		if p == "pull.exchange" {
			return w.mem.User().Write("a", []byte("MINE"))
		}
		return nil
	}
	w.restart()
	w.announce(w.fileOf("a", []byte("new")))
	w.want(w.pullAll(w.decide()), plan.Done)
	if w.versions("a") != 1 || ev.count(Saved) != 1 || !kept(everywhere(t, w.fs, ""), "MINE") {
		t.Errorf("%d heads, %d told", w.versions("a"), ev.count(Saved))
	}
}

func TestAnErrorAtAnyPointIsSortedOutByTheNextPlace(t *testing.T) {
	for _, opts := range []memfs.Options{{}, without(func(c *folderfs.Capabilities) { c.Exchange = false })} {
		for i := range scenarios {
			for _, point := range append(points, "pull.temp.sync") {
				sc := &scenarios[i]
				w := newWorld(t, opts)
				if sc.before != nil {
					sc.before(w)
					w.sync()
				}
				sc.after(w)
				failed := false
				w.opt.Fault = func(p string) error {
					if p == point && !failed {
						failed = true
						return errStop
					}
					return nil
				}
				w.restart()
				w.pullAll(w.decide())
				w.sync()
				for name, want := range sc.new {
					if got := w.read(name); got != want {
						t.Errorf("%s, %s: %q shows %.40q, want %.40q", sc.name, point, name, got, want)
					}
					s, _, err := w.idx.State(t.Context(), name)
					if err != nil {
						t.Fatal(err)
					}
					for _, h := range s.Heads {
						if h.Entry.ModifiedBy != farReplica {
							t.Errorf("%s, %s: %q has a version made here", sc.name, point, name)
						}
					}
				}
				w.atRest()
			}
		}
	}
}
