package pull

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

func (w *world) peer(i int) *peer { return w.far.peers[i].(*peer) }

func (w *world) asked() (n int64) {
	for i := range w.far.peers {
		n += w.peer(i).asked
	}
	return n
}

// events collects what a Puller tells.
type events struct {
	mu  sync.Mutex
	all []Event
}

func (e *events) on(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) count(k EventKind) (n int) {
	for _, ev := range e.all {
		if ev.Kind == k {
			n++
		}
	}
	return n
}

func TestALiarIsNamedAndItsBlocksComeFromElsewhere(t *testing.T) {
	for _, kind := range []struct {
		name string
		lie  func(r Range, right []byte) ([]byte, error)
	}{
		{"other bytes", func(_ Range, right []byte) ([]byte, error) { return make([]byte, len(right)), nil }},
		{"one bit", func(_ Range, right []byte) ([]byte, error) {
			p := bytes.Clone(right)
			p[len(p)/2] ^= 1
			return p, nil
		}},
		{"too few bytes", func(_ Range, right []byte) ([]byte, error) { return right[:len(right)-1], nil }},
		{"too many bytes", func(_ Range, right []byte) ([]byte, error) { return append(bytes.Clone(right), 0), nil }},
	} {
		t.Run(kind.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			var ev events
			w.opt.OnEvent = ev.on
			w.opt.BatchBytes = 128 << 10
			w.restart()
			w.peer(0).answer = kind.lie
			w.addPeer(2)
			content := bytesOf(6*mebi, 1)
			w.announce(w.fileOf("a", content))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"a": string(content)})
			if ev.count(BadBlock) < maxStrikes || ev.count(Struck) != 1 {
				t.Errorf("%d bad blocks were told, %d struck", ev.count(BadBlock), ev.count(Struck))
			}
			for _, e := range ev.all {
				if (e.Kind == BadBlock || e.Kind == Struck) && (e.Device != w.peer(0).id || e.Name != "a") {
					t.Errorf("the wrong one is blamed: %+v", e)
				}
			}
			if w.peer(0).calls > 2*maxStrikes {
				t.Errorf("the liar was asked %d times", w.peer(0).calls)
			}
		})
	}
}

func TestOnlyALiarHasIt(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.peer(0).answer = func(_ Range, right []byte) ([]byte, error) { return make([]byte, len(right)), nil }
	w.announce(w.fileOf("a", []byte("content")))
	outs := w.pullAll(w.decide())
	if outs[0].Status != plan.Failed || outs[0].Problem.Code != plan.CodeBadBlocks {
		t.Errorf("outcome %+v", outs[0])
	}
	if w.read("a") != "" || w.peer(0).calls != maxStrikes {
		t.Errorf("%q was placed; asked %d times", w.read("a"), w.peer(0).calls)
	}
	calls := w.peer(0).calls
	w.pullAll(w.decide())
	if w.peer(0).calls != calls {
		t.Error("the liar is asked again for the same file")
	}
}

func TestWithoutADeviceThatHasItAFileWaits(t *testing.T) {
	for name, set := range map[string]func(*world){
		"nobody is connected":  func(w *world) { w.far.peers = nil },
		"the device lacks it":  func(w *world) { w.peer(0).answer = func(Range, []byte) ([]byte, error) { return nil, nil } },
		"the connection fails": func(w *world) { w.peer(0).answer = func(Range, []byte) ([]byte, error) { return nil, syscall.EPIPE } },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			set(w)
			w.announce(w.fileOf("a", []byte("content")), w.dirOf("d"))
			outs := w.pullAll(w.decide())
			if outs[0].Name != "a" || outs[0].Status != plan.Postponed || outs[0].Problem.Code != plan.CodeNoSource || outs[1].Status != plan.Done {
				t.Errorf("outcomes %+v", outs)
			}
		})
	}
}

func TestBlocksComeFromAllDevicesAtOnce(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.opt.Parallel = parallel
	w.restart()
	w.addPeer(2)
	w.addPeer(3)
	content := bytesOf(20*mebi, 1)
	w.announce(w.fileOf("a", content))
	// Each device's first answer waits for the others' first question.
	var all sync.WaitGroup
	all.Add(3)
	for i := range 3 {
		var once sync.Once
		w.peer(i).answer = func(_ Range, right []byte) ([]byte, error) {
			once.Do(func() { all.Done(); all.Wait() })
			return right, nil
		}
	}
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"a": string(content)})
	if n := w.asked(); n != 20*mebi {
		t.Errorf("%d bytes were asked for", n)
	}
}

func TestAKilledFetchGoesOnWhereItWas(t *testing.T) {
	for _, k := range worlds {
		if k.name != "memory" && k.name != "disk" {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			w := k.make(t)
			content := bytesOf(32*mebi, 1)
			w.announce(w.fileOf("a", content))
			w.peer(0).answer = func(_ Range, right []byte) ([]byte, error) {
				if w.peer(0).asked > 16*mebi {
					return nil, syscall.EPIPE
				}
				return right, nil
			}
			w.pullAll(w.decide())
			w.peer(0).answer = nil
			w.restart()
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"a": string(content)})
			if n := w.asked(); n > 32*mebi*11/10 {
				t.Errorf("both runs together asked for %d bytes", n)
			}
		})
	}
}

func TestBytesThatAreHereAreNotFetched(t *testing.T) {
	old := bytesOf(8*mebi, 1)
	for _, c := range []struct {
		name   string
		here   func(w *world)
		want   []byte
		atMost int64
	}{
		{"the same content under another name", func(w *world) { w.announce(w.fileOf("b", old)) }, old, 0},
		{"blocks of the old version", func(w *world) { w.announce(w.fileOf("a", old)) }, slices.Concat([]byte("x"), old), mebi},
		{"blocks of another file", func(w *world) { w.announce(w.fileOf("b", old)) }, slices.Concat(old, []byte("x")), mebi},
		{"a displaced file", func(w *world) {
			w.announce(w.fileOf("a", old))
			w.sync()
			w.announce(w.fileOf("a", []byte("something else")))
		}, old, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			c.here(w)
			w.sync()
			before := w.asked()
			w.announce(w.fileOf("a", c.want))
			outs := w.sync()
			w.want(outs, plan.Done)
			w.check(map[string]string{"a": string(c.want)})
			if n := w.asked() - before; n > c.atMost {
				t.Errorf("%d bytes were asked for", n)
			}
		})
	}
}

func TestALocalSourceThatChangedIsNotBelieved(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	content := bytesOf(2*mebi, 1)
	w.announce(w.fileOf("b", content))
	w.sync()
	if err := w.mem.User().WriteAt("b", []byte("edited, not scanned"), 100); err != nil {
		t.Fatal(err)
	}
	w.announce(w.fileOf("a", content))
	w.want(w.sync(), plan.Done)
	if w.read("a") != string(content) {
		t.Error("the edit has found its way into the copy")
	}
}

func TestAnOldVersionThatChangedIsNotBelieved(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	content := bytesOf(4*mebi, 1)
	w.announce(w.fileOf("a", content))
	w.sync()
	next := slices.Concat(content, []byte("more"))
	w.announce(w.fileOf("a", next))
	actions := w.decide()
	if err := w.mem.User().WriteMapped("a", []byte("edited, not scanned"), 100); err != nil {
		t.Fatal(err)
	}
	w.want(w.pull.Fetch(t.Context(), actions), plan.Done)
	if got := w.read(tempOf(&actions[0].Want, folderfs.Complete)); got != string(next) {
		t.Error("the edit has found its way into the new version")
	}
}

func TestOneContentUnderManyNamesIsFetchedOnce(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	content := bytesOf(3*mebi, 1)
	for i := range 5 {
		w.announce(w.fileOf(fmt.Sprint("copy", i), content))
	}
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"copy0": string(content), "copy4": string(content)})
	if n := w.asked(); n != 3*mebi {
		t.Errorf("%d bytes were asked for", n)
	}
}

func TestManySmallFilesAreAskedForTogether(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	for i := range 500 {
		w.announce(w.fileOf(fmt.Sprintf("d/%03d", i), []byte(fmt.Sprint("content", i))))
	}
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"d/007": "content7", "d/499": "content499"})
	if n := w.peer(0).calls; n > 3 {
		t.Errorf("%d requests for 500 small files", n)
	}
}

func TestAFullDiskIsSaidAndNothingIsHalf(t *testing.T) {
	w := newWorld(t, memfs.Options{Capacity: 4 * mebi})
	w.announce(w.fileOf("a", []byte("old")))
	w.sync()
	w.announce(w.fileOf("a", bytesOf(6*mebi, 1)), w.fileOf("b", []byte("small")))
	outs := w.pullAll(w.decide())
	byName := map[string]plan.Outcome{}
	for _, o := range outs {
		byName[o.Name] = o
	}
	if o := byName["a"]; o.Status != plan.Failed || o.Problem.Code != plan.CodeNoSpace || w.read("a") != "old" {
		t.Errorf("outcome %+v, %+v; a shows %.20q", o, o.Problem, w.read("a"))
	}
	if w.asked() > 100 {
		t.Error("bytes that do not fit were fetched")
	}
	if byName["b"].Status != plan.Done {
		t.Errorf("the small file is %+v", byName["b"])
	}
}

func TestADiskThatFillsUpMeanwhile(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	full := true
	w.mem.SetHook(func(op memfs.Op, _ string) error {
		if full && op == memfs.OpWrite {
			return &memfs.ShortWrite{N: 10, Err: syscall.ENOSPC}
		}
		return nil
	})
	content := bytesOf(3*mebi, 1)
	w.announce(w.fileOf("a", []byte("small")), w.fileOf("b", content))
	for _, o := range w.pullAll(w.decide()) {
		if o.Status != plan.Failed || o.Problem.Code != plan.CodeNoSpace {
			t.Errorf("outcome %+v, %+v", o, o.Problem)
		}
	}
	full = false
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"a": "small", "b": string(content)})
}

func TestAFailedSyncIsNotBelievedLater(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	broken := true
	w.mem.SetHook(func(op memfs.Op, _ string) error {
		if broken && op == memfs.OpSync {
			return syscall.EIO
		}
		return nil
	})
	w.announce(w.fileOf("a", []byte("content")), w.fileOf("b", bytesOf(2*mebi, 1)))
	for _, o := range w.pullAll(w.decide()) {
		if o.Status != plan.Failed || o.Problem.Code != plan.CodeIO {
			t.Errorf("outcome %+v", o)
		}
	}
	if all := everywhere(t, w.fs, ""); len(all) > 0 {
		t.Errorf("left behind: %q", names(all))
	}
	broken = false
	w.want(w.sync(), plan.Done)
}

func TestAListThatDoesNotMakeUpTheFileIsRefused(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	good := w.fileOf("a", bytesOf(3*mebi, 1))
	for name, spoil := range map[string]func(e *index.Entry){
		"a size too large": func(e *index.Entry) { e.Size++ },
		"a size too small": func(e *index.Entry) { e.Size-- },
		"a block less":     func(e *index.Entry) { e.Blocks = e.Blocks[1:] },
		"a negative block": func(e *index.Entry) { e.Blocks[0].Size, e.Blocks[1].Size = -1, e.Blocks[0].Size+e.Blocks[1].Size+1 },
		"another hash":     func(e *index.Entry) { e.Hash[0]++ },
	} {
		e := good.Clone()
		spoil(&e)
		if checkBlocks(&e) == nil {
			t.Errorf("%s passes", name)
		}
	}
	if err := checkBlocks(&good); err != nil {
		t.Error(err)
	}
}
