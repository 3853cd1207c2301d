package pull

import (
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// saves are ways in which a program saves a file, at the worst of moments.
var saves = []struct {
	name string
	save func(u memfs.User, name string) error
}{
	{"in place", func(u memfs.User, name string) error { return u.Write(name, []byte("MINE")) }},
	{"by rename", func(u memfs.User, name string) error { return u.SaveByRename(name, []byte("MINE")) }},
	{"with a backup", func(u memfs.User, name string) error { return u.SaveWithBackup(name, []byte("MINE")) }},
	{"twice", func(u memfs.User, name string) error {
		if err := u.SaveByRename(name, []byte("in between")); err != nil {
			return err
		}
		return u.Write(name, []byte("MINE"))
	}},
	{"as a new file", func(u memfs.User, name string) error {
		_ = u.RemoveAll(name) // it may be gone already
		return u.Write(name, []byte("MINE"))
	}},
}

// points are the failpoints of Place.
var points = []string{
	"pull.begun", "pull.create", "pull.exchange", "pull.exchanged", "pull.taken", "pull.delete", "pull.rmdir", "pull.removed",
	"pull.move", "pull.moved", "pull.meta", "pull.placed", "pull.durable", "pull.committed",
}

func TestASaveInTheWindowIsNeverLost(t *testing.T) {
	for _, lack := range []struct {
		name string
		opts memfs.Options
	}{
		{"", memfs.Options{}},
		{" without exchange", without(func(c *folderfs.Capabilities) { c.Exchange = false })},
		{" without stable inodes", without(func(c *folderfs.Capabilities) { c.StableInodes = false })},
		{" without ctime", without(func(c *folderfs.Capabilities) { c.Ctime = false })},
		{" with fresh inodes", memfs.Options{FreshInodes: true}},
	} {
		for i := range scenarios {
			sc := &scenarios[i]
			if strings.Contains(sc.name, "large") {
				continue
			}
			t.Run(sc.name+lack.name, func(t *testing.T) {
				for _, point := range points {
					for _, s := range saves {
						for _, name := range sortedKeys(sc.old) {
							saveInWindow(t, sc, lack.opts, point, name, s.name, s.save)
						}
					}
				}
			})
		}
	}
}

func saveInWindow(t *testing.T, sc *scenario, opts memfs.Options, point, name, how string, save func(memfs.User, string) error) {
	w := newWorld(t, opts)
	if sc.before != nil {
		sc.before(w)
		w.sync()
	}
	sc.after(w)
	saved := false
	w.opt.Fault = func(p string) error {
		if p == point && !saved {
			saved = save(w.mem.User(), name) == nil
		}
		return nil
	}
	w.restart()
	actions := w.decide()
	outs := w.pullAll(actions)
	if !saved {
		return // the save is not possible there, or the step has no such point
	}
	for _, o := range outs {
		for _, n := range o.Rescan {
			w.scan(n)
		}
	}
	w.watcher(sc, name)
	w.sync()
	w.sync()
	all := everywhere(t, w.fs, "")
	inTree := false
	for at, content := range all {
		inTree = inTree || content == "MINE" && !folderfs.InWorkDir(at)
	}
	if !inTree {
		t.Errorf("a save of %q %s at %s is not in the tree: %q", name, how, point, all)
	}
	for n, old := range sc.old {
		overwritten := n == name || strings.HasPrefix(n, name+"/") || sc.new[name] == old // by the person, knowingly
		if old != "" && old != "dir" && !overwritten && !kept(all, old) {
			t.Errorf("after a save of %q %s at %s the old content of %q is nowhere", name, how, point, n)
		}
	}
	pending, err := w.idx.Pending(t.Context())
	if err != nil || len(pending) > 0 {
		t.Errorf("after a save of %q %s at %s: pending intents %v, %v", name, how, point, pending, err)
	}
	if hidden := w.hidden(); hidden != "" {
		t.Errorf("after a save of %q %s at %s the facts recorded of %q hide another content", name, how, point, hidden)
	}
}

// hidden returns a name whose recorded facts a scan would believe though the
// content is not what the index holds.
func (w *world) hidden() string {
	held, err := w.idx.Locals(w.t.Context(), "", "", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range held {
		full, err := w.idx.Local(w.t.Context(), held[i].Entry.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		info, err := w.fs.Lstat(pathOf(full))
		if err != nil || !w.believes(full, info) {
			continue
		}
		if ok, err := w.pull.holds(w.t.Context(), pathOf(full), info, &full.Entry); err != nil || !ok {
			return full.Entry.Name
		}
	}
	return ""
}

// watcher scans what a watcher would have told of.
func (w *world) watcher(sc *scenario, name string) {
	for _, n := range append(sortedKeys(sc.old), name+"~") {
		w.scan(n)
	}
}

func TestAFileOpenForWritingWaits(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("old")), w.fileOf("b", []byte("old")))
	w.sync()
	h, err := w.mem.User().Hold("a")
	if err != nil {
		t.Fatal(err)
	}
	w.announce(w.fileOf("a", []byte("new")), w.goneOf("b", w.fileOf("b", nil)))
	outs := w.pullAll(w.decide())
	if outs[0].Status != plan.Postponed || outs[0].Problem.Code != plan.CodeInUse || outs[1].Status != plan.Done {
		t.Errorf("outcomes %+v", outs)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"a": "new", "b": ""})
}

func TestALateWriterBecomesAHead(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("old")))
	w.sync()
	var h *memfs.Held
	w.opt.Fault = func(point string) error {
		if point == "pull.exchange" && h == nil { // after the question who has it open
			h, _ = w.mem.User().Hold("a")
		}
		return nil
	}
	w.restart()
	w.announce(w.fileOf("a", []byte("new")))
	w.sync()
	w.restart() // what is watched is remembered
	if _, err := h.Write([]byte(", and late")); err != nil {
		t.Fatal(err)
	}
	start := w.clock.Now()
	recheck := func(after time.Duration, wantHeads int, wantNext bool) {
		t.Helper()
		next, heads, err := w.pull.Recheck(t.Context(), start.Add(after))
		if err != nil || heads != wantHeads || next.IsZero() == wantNext {
			t.Errorf("recheck after %v: next %v, %d heads, %v", after, next, heads, err)
		}
	}
	recheck(time.Second, 0, true)   // it has changed
	recheck(4*time.Second, 0, true) // it is still open
	recheck(5*time.Second, 0, true) // asked again too soon
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	recheck(20*time.Second, 1, false)
	if n := w.versions("a"); n != 2 {
		t.Errorf("%d heads, want 2", n)
	}
	w.sync()
	found := false
	for name, content := range everywhere(t, w.fs, "") {
		found = found || content == "old, and late" && !folderfs.InWorkDir(name)
	}
	if !found {
		t.Error("what was written late is not in the tree")
	}
}
