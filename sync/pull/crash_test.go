package pull

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// scenario is something that placement does, between two states of a tree.
type scenario struct {
	name   string
	before func(w *world)
	after  func(w *world)
	old    map[string]string // what names show before,
	new    map[string]string // and after; "" for nothing
}

const mebi = 1 << 20

var scenarios = []scenario{
	{
		name:  "create",
		after: func(w *world) { w.announce(w.fileOf("a", []byte("new"))) },
		old:   map[string]string{"a": ""}, new: map[string]string{"a": "new"},
	},
	{
		name:   "create a link and a directory",
		before: func(w *world) {},
		after:  func(w *world) { w.announce(w.linkOf("l", "to"), w.dirOf("d"), w.fileOf("d/a", []byte("in d"))) },
		old:    map[string]string{"l": "", "d": "", "d/a": ""},
		new:    map[string]string{"l": "-> to", "d": "dir", "d/a": "in d"},
	},
	{
		name:   "replace",
		before: func(w *world) { w.announce(w.fileOf("a", []byte("old"))) },
		after:  func(w *world) { w.announce(w.fileOf("a", []byte("new"))) },
		old:    map[string]string{"a": "old"}, new: map[string]string{"a": "new"},
	},
	{
		name:   "replace a large file",
		before: func(w *world) { w.announce(w.fileOf("a", bytesOf(mebi+mebi/8, 1))) },
		after:  func(w *world) { w.announce(w.fileOf("a", append([]byte("x"), bytesOf(mebi+mebi/8, 1)...))) },
		old:    map[string]string{"a": string(bytesOf(mebi+mebi/8, 1))},
		new:    map[string]string{"a": "x" + string(bytesOf(mebi+mebi/8, 1))},
	},
	{
		name:   "replace a link",
		before: func(w *world) { w.announce(w.linkOf("l", "old")) },
		after:  func(w *world) { w.announce(w.linkOf("l", "new")) },
		old:    map[string]string{"l": "-> old"}, new: map[string]string{"l": "-> new"},
	},
	{
		name:   "delete",
		before: func(w *world) { w.announce(w.fileOf("a", []byte("old"))) },
		after:  func(w *world) { w.announce(w.goneOf("a", w.fileOf("a", []byte("old")))) },
		old:    map[string]string{"a": "old"}, new: map[string]string{"a": ""},
	},
	{
		name:   "rename into a new directory",
		before: func(w *world) { w.announce(w.fileOf("a", []byte("old"))) },
		after: func(w *world) {
			e := w.fileOf("d/b", []byte("old"))
			e.RenamedFrom = "a"
			w.announce(w.dirOf("d"), e, w.goneOf("a", e))
		},
		old: map[string]string{"a": "old", "d/b": ""}, new: map[string]string{"a": "", "d/b": "old"},
	},
	{
		name:   "rmdir",
		before: func(w *world) { w.announce(w.dirOf("d"), w.dirOf("d/e")) },
		after:  func(w *world) { w.announce(w.goneOf("d", w.dirOf("d")), w.goneOf("d/e", w.dirOf("d/e"))) },
		old:    map[string]string{"d": "dir", "d/e": "dir"}, new: map[string]string{"d": "", "d/e": ""},
	},
	{
		name:   "file to link",
		before: func(w *world) { w.announce(w.fileOf("a", []byte("old"))) },
		after:  func(w *world) { w.announce(w.linkOf("a", "to")) },
		old:    map[string]string{"a": "old"}, new: map[string]string{"a": "-> to"},
	},
	{
		name:   "link to file",
		before: func(w *world) { w.announce(w.linkOf("a", "to")) },
		after:  func(w *world) { w.announce(w.fileOf("a", []byte("new"))) },
		old:    map[string]string{"a": "-> to"}, new: map[string]string{"a": "new"},
	},
	{
		name:   "file to directory",
		before: func(w *world) { w.announce(w.fileOf("a", []byte("old"))) },
		after:  func(w *world) { w.announce(w.dirOf("a"), w.fileOf("a/b", []byte("in a"))) },
		old:    map[string]string{"a": "old"}, new: map[string]string{"a": "dir", "a/b": "in a"},
	},
	{
		name:   "directory to file",
		before: func(w *world) { w.announce(w.dirOf("a")) },
		after:  func(w *world) { w.announce(w.fileOf("a", []byte("new"))) },
		old:    map[string]string{"a": "dir"}, new: map[string]string{"a": "new"},
	},
	{
		name:   "permissions and time",
		before: func(w *world) { w.announce(w.fileOf("a", []byte("same"))) },
		after: func(w *world) {
			e := w.fileOf("a", []byte("same"))
			e.Mode, e.Mtime = 0o600, 1_500_000_000_000_000_000
			w.announce(e)
		},
		old: map[string]string{"a": "same"}, new: map[string]string{"a": "same"},
	},
	{
		name: "a group of all kinds",
		before: func(w *world) {
			w.announce(w.fileOf("a", []byte("old a")), w.fileOf("b", []byte("old b")), w.fileOf("c", []byte("old c")),
				w.dirOf("d"), w.fileOf("d/e", []byte("old e")), w.linkOf("l", "old"))
		},
		after: func(w *world) {
			moved := w.fileOf("m", []byte("old c"))
			moved.RenamedFrom = "c"
			w.announce(w.fileOf("a", []byte("new a")), w.goneOf("b", w.fileOf("b", []byte("old b"))), moved, w.goneOf("c", moved),
				w.goneOf("d/e", w.fileOf("d/e", []byte("old e"))), w.goneOf("d", w.dirOf("d")), w.fileOf("l", []byte("new l")), w.fileOf("n", []byte("new n")))
		},
		old: map[string]string{"a": "old a", "b": "old b", "c": "old c", "d": "dir", "d/e": "old e", "l": "-> old", "m": "", "n": ""},
		new: map[string]string{"a": "new a", "b": "", "c": "", "d": "", "d/e": "", "l": "new l", "m": "old c", "n": "new n"},
	},
}

// image is what is left after a loss of power.
type image struct {
	at  string
	fs  *memfs.FS
	idx *memstore.Store
}

// crashes runs a scenario again and again, each time to the next operation on
// disk or failpoint, and hands what a loss of power there could leave to check,
// until one run gets through or check returns false.
func crashes(t *testing.T, sc *scenario, opts memfs.Options, seeds int, check func(*world, image) bool) {
	for stop := 1; ; stop++ {
		w := newWorld(t, opts)
		if sc.before != nil {
			sc.before(w)
			w.sync()
		}
		w.check(sc.old)
		w.mem.SyncAll()
		sc.after(w)
		if err := w.idx.SetSetting(t.Context(), "durable", []byte{1}); err != nil {
			t.Fatal(err)
		}
		var images []image
		count := 0
		point := func(at string) error {
			if w.atPoint != nil {
				w.atPoint(at)
			}
			if count++; count < stop {
				return nil
			}
			if count == stop {
				images = shoot(w, at, stop, seeds)
			}
			return errStop
		}
		w.mem.SetHook(func(op memfs.Op, name string) error {
			if op.Changes() || count >= stop {
				return point(string(op) + " " + name)
			}
			return nil
		})
		w.opt.Fault = point
		w.restart()
		w.pullAll(w.decide())
		through := images == nil
		if through {
			images = shoot(w, "the end", stop, seeds)
		}
		for _, im := range images {
			if !check(w, im) {
				t.Fatalf("above: crash before %s", im.at)
			}
		}
		if through {
			return
		}
	}
}

func shoot(w *world, at string, stop, seeds int) []image {
	idx := w.idx.(*memstore.Store).Crash()
	var images []image
	for seed := range seeds {
		for _, mode := range []memfs.Mode{memfs.Ordered, memfs.Weak} {
			fs := w.mem.Crash(rand.New(rand.NewPCG(uint64(stop), uint64(seed))), mode)
			fs.SetHook(nil)
			images = append(images, image{fmt.Sprintf("%s (point %d, mode %d, seed %d)", at, stop, mode, seed), fs, idx.Clone()})
		}
	}
	return images
}

func TestACrashAtAnyPointLeavesOldOrNew(t *testing.T) {
	for _, lack := range []struct {
		name string
		opts memfs.Options
	}{
		{"", memfs.Options{}},
		{" without exchange", without(func(c *folderfs.Capabilities) { c.Exchange = false })},
		{" without stable inodes", without(func(c *folderfs.Capabilities) { c.StableInodes = false })},
	} {
		for i := range scenarios {
			sc := &scenarios[i]
			seeds := 3
			if testing.Short() || strings.Contains(sc.name, "large") {
				seeds = 1
			}
			t.Run(sc.name+lack.name, func(t *testing.T) {
				t.Parallel()
				crashes(t, sc, lack.opts, seeds, func(w *world, im image) bool { return afterCrash(t, w, sc, im) })
			})
		}
	}
}

// afterCrash starts again over an image and checks that nothing is lost, that
// the index claims nothing the disk does not hold, and that the work is then
// brought to its end without a version made here.
func afterCrash(t *testing.T, before *world, sc *scenario, im image) bool {
	w := &world{t: t, fs: im.fs, mem: im.fs, idx: im.idx, far: before.far, clock: before.clock, seq: before.seq}
	w.restart()
	rep, err := w.pull.Recover(t.Context())
	if err != nil {
		t.Error(err)
		return false
	}
	all := everywhere(t, w.fs, "")
	for _, name := range sortedKeys(sc.old) {
		got := w.read(name)
		if got != sc.old[name] && got != sc.new[name] {
			t.Errorf("%q shows %.40q, neither old nor new", name, got)
		}
		if old := sc.old[name]; old != "" && old != "dir" && !kept(all, old) {
			t.Errorf("the old content of %q is nowhere: %q", name, names(all))
		}
	}
	held, err := w.idx.Locals(t.Context(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for i := range held {
		full, err := w.idx.Local(t.Context(), held[i].Entry.Name)
		if err != nil {
			t.Fatal(err)
		}
		info, err := w.fs.Lstat(pathOf(full))
		if err != nil {
			t.Errorf("the index is ahead of the disk: %v", err)
			continue
		}
		if ok, err := w.pull.holds(t.Context(), pathOf(full), info, &full.Entry); err != nil || !ok {
			t.Errorf("the index is ahead of the disk at %q: %v", held[i].Entry.Name, err)
		}
	}
	for _, name := range rep.Rescan {
		w.scan(name)
	}
	w.sync()
	for _, name := range sortedKeys(sc.new) {
		if got := w.read(name); got != sc.new[name] {
			t.Errorf("in the end %q shows %.40q, want %.40q", name, got, sc.new[name])
		}
		s, _, err := w.idx.State(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range s.Heads {
			if h.Entry.ModifiedBy != farReplica {
				t.Errorf("%q has a version made here: %v", name, h.Entry.Version)
			}
		}
	}
	w.atRest()
	all = everywhere(t, w.fs, "")
	for _, name := range sortedKeys(sc.old) {
		if old := sc.old[name]; old != "" && old != "dir" && !kept(all, old) {
			t.Errorf("in the end the old content of %q is nowhere", name)
		}
	}
	return !t.Failed()
}

// TestACrashAfterASaveInTheWindow stops the machine at each point that follows
// a save between check and exchange. The person's bytes are durable; they have
// to be somewhere afterwards, and in the tree in the end.
func TestACrashAfterASaveInTheWindow(t *testing.T) {
	for _, c := range []struct{ scenario, point, name string }{
		{"replace", "pull.exchange", "a"},
		{"delete", "pull.delete", "a"},
		{"file to link", "pull.exchange", "a"},
		{"file to directory", "pull.exchange", "a"},
		{"rename into a new directory", "pull.move", "a"},
		{"rename into a new directory", "pull.move", "d/b"},
		{"directory to file", "pull.removed", "a"},
		{"create", "pull.create", "a"},
		{"permissions and time", "pull.meta", "a"},
	} {
		i := slices.IndexFunc(scenarios, func(sc scenario) bool { return sc.name == c.scenario })
		for _, lack := range []memfs.Options{{}, without(func(c *folderfs.Capabilities) { c.Exchange = false })} {
			sc := scenarios[i]
			before := sc.before
			sc.before = func(w *world) {
				if before != nil {
					before(w)
				}
				w.atPoint = func(point string) {
					if point == c.point {
						w.atPoint = nil
						_ = w.mem.User().SaveByRename(c.name, []byte("MINE"))
						_ = w.mem.User().Write(c.name, []byte("MINE"))
						w.mem.SyncAll()
						w.saved = true
					}
				}
			}
			t.Run(c.scenario+" at "+c.point+" of "+c.name, func(t *testing.T) {
				crashes(t, &sc, lack, 3, func(w *world, im image) bool { return !w.saved || saveSurvives(t, w, &sc, im) })
			})
		}
	}
}

func saveSurvives(t *testing.T, before *world, sc *scenario, im image) bool {
	w := &world{t: t, fs: im.fs, mem: im.fs, idx: im.idx, far: before.far, clock: before.clock, seq: before.seq}
	rep := w.recover()
	if all := everywhere(t, w.fs, ""); !kept(all, "MINE") {
		t.Errorf("the save is nowhere: %q", names(all))
	}
	for _, name := range append(rep.Rescan, sortedKeys(sc.old)...) { // the start scans everything
		w.scan(name)
	}
	w.sync()
	w.sync()
	for name, content := range everywhere(t, w.fs, "") {
		if content == "MINE" && !folderfs.InWorkDir(name) {
			return !t.Failed()
		}
	}
	t.Errorf("the save is not in the tree: %q", everywhere(t, w.fs, ""))
	return false
}
