package pull

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// worlds are the file systems everything has to work on.
var worlds = []struct {
	name string
	make func(testing.TB) *world
}{
	{"memory", func(t testing.TB) *world { return newWorld(t, memfs.Options{}) }},
	{"memory without exchange", func(t testing.TB) *world {
		return newWorld(t, without(func(c *folderfs.Capabilities) { c.Exchange = false }))
	}},
	{"memory without stable inodes", func(t testing.TB) *world {
		return newWorld(t, without(func(c *folderfs.Capabilities) { c.StableInodes = false }))
	}},
	{"memory without ctime", func(t testing.TB) *world {
		return newWorld(t, without(func(c *folderfs.Capabilities) { c.Ctime = false }))
	}},
	{"memory without modes", func(t testing.TB) *world {
		return newWorld(t, without(func(c *folderfs.Capabilities) { c.Modes = false }))
	}},
	{"memory with times in steps of 2 s", func(t testing.TB) *world {
		return newWorld(t, without(func(c *folderfs.Capabilities) { c.MtimeGranularity, c.ClockStep = 2e9, 2e9 }))
	}},
	{"disk", func(t testing.TB) *world { return newDiskWorld(t, folderfs.Options{}) }},
	{"disk with the SQLite index and an executor", newUserWorld},
	{"disk without exchange", func(t testing.TB) *world {
		return newDiskWorld(t, folderfs.Options{Without: folderfs.Capabilities{Exchange: true}})
	}},
	{"disk without noreplace", func(t testing.TB) *world {
		return newDiskWorld(t, folderfs.Options{Without: folderfs.Capabilities{Exchange: true, NoReplace: true}})
	}},
}

func without(change func(*folderfs.Capabilities)) memfs.Options {
	c := memfs.Linux()
	change(&c)
	return memfs.Options{Capabilities: c}
}

func TestWhatIsAnnouncedComesToBeOnDisk(t *testing.T) {
	for _, k := range worlds {
		t.Run(k.name, func(t *testing.T) {
			w := k.make(t)
			big := string(bytesOf(3<<20, 1))
			w.announce(w.dirOf("d"), w.fileOf("d/a", []byte("hello")), w.fileOf("empty", nil), w.linkOf("l", "d/a"), w.fileOf("big", []byte(big)), w.fileOf("implied/x", []byte("x")))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"d": "dir", "d/a": "hello", "empty": "", "l": "-> d/a", "big": big, "implied/x": "x"})

			grown := big[:1<<20] + "inserted" + big[1<<20:]
			w.announce(w.fileOf("d/a", []byte("hello again")), w.linkOf("l", "big"), w.fileOf("big", []byte(grown)))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"d/a": "hello again", "l": "-> big", "big": grown})

			w.announce(w.linkOf("d/a", "../big"), w.fileOf("l", []byte("no link any more")), w.dirOf("empty"))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"d/a": "-> ../big", "l": "no link any more", "empty": "dir"})

			w.announce(w.fileOf("empty", []byte("from a directory")))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"empty": "from a directory"})

			e := w.fileOf("renamed", []byte(grown))
			e.RenamedFrom = "big"
			w.announce(e, w.goneOf("big", e))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"renamed": grown, "big": ""})

			meta := w.fileOf("l", []byte("no link any more"))
			meta.Mode, meta.Mtime = 0o600, 1_600_000_000_000_000_000
			w.announce(meta)
			w.want(w.sync(), plan.Done)
			info, err := w.fs.Lstat("l")
			if err != nil || info.Mtime != meta.Mtime || w.fs.Capabilities().Modes && info.Mode != 0o600 {
				t.Errorf("after a change of attributes: %+v, %v", info, err)
			}

			w.announce(w.goneOf("d/a", w.linkOf("d/a", "")), w.goneOf("d", w.dirOf("d")), w.goneOf("l", meta), w.goneOf("renamed", e))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"d/a": "", "d": "", "l": "", "renamed": ""})
		})
	}
}

// check compares names on disk, and that all is at rest.
func (w *world) check(want map[string]string) {
	w.t.Helper()
	for _, name := range sortedKeys(want) {
		if got := w.read(name); got != want[name] {
			w.t.Errorf("%q shows %.60q, want %.60q", name, got, want[name])
		}
	}
	w.atRest()
}

func TestADirectoryThatIsNotEmptyStays(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.dirOf("d"))
	w.sync()
	if err := w.mem.User().Write("d/mine", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	w.announce(w.goneOf("d", w.dirOf("d")))
	outs := w.pullAll(w.decide())
	if len(outs) != 1 || outs[0].Status != plan.Failed || outs[0].Problem.Code != plan.CodeNotEmpty || outs[0].Rescan[0] != "d" {
		t.Errorf("outcome %+v", outs)
	}
	if w.read("d/mine") != "mine" {
		t.Error("the file in it is gone")
	}
}

func TestATwinInAnotherCaseIsAProblem(t *testing.T) {
	w := newWorld(t, memfs.Options{Capabilities: memfs.MacOS()})
	w.announce(w.fileOf("readme", []byte("same")), w.dirOf("dir"))
	w.sync()
	w.announce(w.fileOf("README", []byte("same")), w.dirOf("DIR"))
	for _, o := range w.pullAll(w.decide()) {
		if o.Status != plan.Failed || o.Problem == nil || o.Problem.Code != plan.CodeNameTwin {
			t.Errorf("outcome %+v, %+v", o, o.Problem)
		}
	}
}

func TestTheDisksSpellingIsRecorded(t *testing.T) {
	w := newWorld(t, memfs.Options{Capabilities: memfs.MacOS()})
	w.announce(w.fileOf("caf\u00e9", []byte("old")))
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"caf\u00e9": "old"})
	held, err := w.idx.Local(t.Context(), "caf\u00e9")
	if err != nil || held.Disk.Name != "cafe\u0301" {
		t.Errorf("recorded as %q, %v", held.Disk.Name, err)
	}
	w.announce(w.fileOf("caf\u00e9", []byte("new")))
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"caf\u00e9": "new"})
}

func TestNamesThatLeaveTheFolderAreRefused(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	for _, name := range []string{"../x", "/x", "a/../../x", ".labsync/x", ".LABSYNC/tmp/x", "", "a//b"} {
		a := plan.Action{Op: plan.Create, Name: name, Want: index.Entry{Name: name, Type: index.Symlink, Target: "x"}}
		if o := w.pull.Place(t.Context(), []plan.Action{a})[0]; o.Status != plan.Failed || o.Problem.Code != plan.CodeUnheld {
			t.Errorf("name %q: %+v", name, o)
		}
	}
}
