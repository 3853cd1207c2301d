package watch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a watcher whose events the test makes, in a folder in memory.
type rig struct {
	t       *testing.T
	fs      *memfs.FS
	user    memfs.User
	w       *Watcher
	events  chan fsnotify.Event
	errors  chan error
	batches chan Batch
	ended   chan error
	cancel  context.CancelFunc

	mu      sync.Mutex // guards what follows
	watches map[string]bool
	limit   int // of watches
	opened  int
}

const rigRoot = "/folder"

func newRig(t *testing.T, caps folderfs.Capabilities, dirs ...string) *rig {
	r := &rig{t: t, fs: memfs.New(memfs.Options{Capabilities: caps}), limit: 1000,
		events: make(chan fsnotify.Event), errors: make(chan error), batches: make(chan Batch, 100), ended: make(chan error, 1)}
	r.user = r.fs.User()
	for _, d := range append([]string{folderfs.WorkDir}, dirs...) {
		r.must(r.user.Mkdir(d))
	}
	r.w = New(rigRoot, Options{FS: r.fs})
	r.w.open = func() (*source, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.opened++
		r.watches = map[string]bool{}
		return &source{events: r.events, errors: r.errors, add: r.add, remove: r.remove, close: func() error { return nil }}, nil
	}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) add(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.watches) >= r.limit {
		return syscall.ENOSPC
	}
	r.watches[path] = true
	return nil
}

func (r *rig) remove(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.watches, path)
	return nil
}

// run starts the watcher and takes its first batch.
func (r *rig) run() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() {
		r.ended <- r.w.Run(ctx, func(b Batch) error { r.batches <- b; return nil })
	}()
	if b := <-r.batches; !slices.Equal(b.Subtrees, []string{""}) {
		r.t.Fatalf("the first batch is %+v", b)
	}
}

func (r *rig) stop() {
	r.cancel()
	if err := <-r.ended; !errors.Is(err, context.Canceled) {
		r.t.Errorf("ended with %v", err)
	}
}

func (r *rig) event(op fsnotify.Op, name string) {
	r.events <- fsnotify.Event{Name: filepath.Join(rigRoot, name), Op: op}
}

// expect takes the next batch and compares it.
func (r *rig) expect(what string, names, trees []string) Batch {
	r.t.Helper()
	b := <-r.batches
	if !slices.Equal(b.Names, names) || !slices.Equal(b.Subtrees, trees) {
		r.t.Errorf("%s: got names %q, subtrees %q; want %q, %q", what, b.Names, b.Subtrees, names, trees)
	}
	return b
}

func (r *rig) watched() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for path := range r.watches {
		out = append(out, strings.TrimPrefix(path, rigRoot))
	}
	slices.Sort(out)
	return out
}

func (r *rig) expectWatched(what string, want ...string) {
	r.t.Helper()
	if got := r.watched(); !slices.Equal(got, want) {
		r.t.Errorf("%s: watched are %q, want %q", what, got, want)
	}
}

func TestASaveIsDeliveredWithinTwentyMilliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux(), "d")
		r.run()
		r.expectWatched("at first", "", "/d")
		begin := time.Now()
		r.event(fsnotify.Create, "d/f")
		r.event(fsnotify.Write, "d/f")
		r.event(fsnotify.Write, folderfs.WorkDir+"/tmp/x")
		r.expect("a save", []string{"d/f"}, nil)
		if took := time.Since(begin); took < 10*time.Millisecond || took > 20*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		r.stop()
	})
}

func TestNewAndMovedDirectories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux(), "a", "a/b")
		r.run()
		r.must(errors.Join(r.user.Mkdir("n"), r.user.Mkdir("n/m")))
		r.event(fsnotify.Create, "n")
		r.expect("a new directory", nil, []string{"n"})
		r.expectWatched("with a new directory", "", "/a", "/a/b", "/n", "/n/m")
		r.must(r.user.Rename("a", "z"))
		r.event(fsnotify.Rename, "a")
		r.event(fsnotify.Create, "z")
		r.expect("its old name", []string{"a"}, nil)
		r.expect("its new name", nil, []string{"z"})
		r.expectWatched("after a move", "", "/n", "/n/m", "/z", "/z/b")
		r.must(r.user.RemoveAll("n"))
		r.event(fsnotify.Remove, "n/m")
		r.event(fsnotify.Remove, "n")
		r.expect("a directory removed", []string{"n", "n/m"}, nil)
		r.expectWatched("after a removal", "", "/z", "/z/b")
		r.stop()
	})
}

func TestLostEventsMakeEverythingAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux(), "a")
		r.run()
		r.must(r.user.Mkdir("unseen"))
		r.errors <- fsnotify.ErrEventOverflow
		r.expect("an overflow", nil, []string{""})
		r.expectWatched("after an overflow", "", "/a", "/unseen")
		r.stop()
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.opened != 2 {
			t.Errorf("the source was opened %d times", r.opened)
		}
	})
}

func TestAnExhaustedLimitIsPolledAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux(), "a", "b", "b/c", "d")
		r.limit = 2
		r.run()
		r.expectWatched("at the limit", "", "/a")
		begin := time.Now()
		b := r.expect("a poll", nil, []string{"b", "d"})
		if took := time.Since(begin); took < 9*time.Second || took > 11*time.Second {
			t.Errorf("polled after %v", took)
		}
		if !slices.Equal(b.Unwatched, []string{"b", "d"}) || b.Problem != exhausted(3, 5, 10*time.Second) {
			t.Errorf("unwatched %q, problem %q", b.Unwatched, b.Problem)
		}
		r.mu.Lock()
		r.limit = 10
		r.mu.Unlock()
		r.expect("the poll that finds room", nil, []string{"b", "d"})
		r.expectWatched("with room", "", "/a", "/b", "/b/c", "/d")
		r.event(fsnotify.Write, "d/f")
		if b := r.expect("a save", []string{"d/f"}, nil); b.Problem != "" || len(b.Unwatched) > 0 {
			t.Errorf("left: %+v", b)
		}
		r.stop()
	})
}

func TestWithoutEventsTheFolderIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux(), "a")
		r.w.open = func() (*source, error) { return nil, fmt.Errorf("watch: %w", syscall.EMFILE) }
		r.run()
		if b := r.expect("a poll", nil, []string{""}); b.Problem == "" {
			t.Error("no problem said")
		}
		r.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		caps := memfs.Linux()
		caps.Watchable = false
		r := newRig(t, caps, "a")
		r.run()
		if b := r.expect("a poll of a network file system", nil, []string{""}); !strings.Contains(b.Problem, "other computers") {
			t.Errorf("problem: %q", b.Problem)
		}
		r.stop()
	})
}

func TestIgnoredDirectoriesAreNotWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux(), "build", "build/x", "src")
		r.w.SetIgnore(func(name string, dir bool) bool { return name == "build" && dir || strings.HasSuffix(name, ".o") })
		r.run()
		r.expectWatched("at first", "", "/src")
		r.event(fsnotify.Write, "src/a.o")
		r.event(fsnotify.Write, "src/a.c")
		r.expect("saves", []string{"src/a.c"}, nil)
		r.w.SetIgnore(func(name string, dir bool) bool { return name == "src" })
		r.expect("other rules", nil, []string{""})
		r.expectWatched("after that", "", "/build", "/build/x")
		r.stop()
	})
}

func TestTheRootGoneEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux())
		r.run()
		r.user.HideRoot(true)
		r.event(fsnotify.Remove, "")
		if err := <-r.ended; !errors.Is(err, folderfs.ErrRootGone) {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestASlowReceiverLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux())
		r.run()
		release := make(chan struct{})
		r.cancel()
		<-r.ended
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			r.ended <- r.w.Run(ctx, func(b Batch) error { r.batches <- b; <-release; return nil })
		}()
		<-r.batches
		for i := range 5 {
			r.event(fsnotify.Write, fmt.Sprint(i))
			time.Sleep(time.Minute)
		}
		release <- struct{}{}
		r.expect("all at once", []string{"0", "1", "2", "3", "4"}, nil)
		cancel()
		close(release)
		<-r.ended
	})
}

func TestAnErrorOfTheReceiverEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, memfs.Linux())
		refused := errors.New("refused")
		if err := r.w.Run(context.Background(), func(Batch) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("ended with %v", err)
		}
	})
}
