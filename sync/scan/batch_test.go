package scan

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// many makes n files of a byte.
func (w *world) many(n int) {
	for i := range n {
		w.must(w.user.Write(fmt.Sprintf("f%05d", i), []byte("x")))
	}
	w.rest()
}

func TestABatchIsEmittedWhileTheNextIsHashed(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.many(4*maxFound + 1)
	var emitting, spawned atomic.Int32
	w.opt.Parallel = parallel
	w.opt.Spawn = func(f func()) {
		spawned.Add(1)
		go func() {
			defer spawned.Add(-1)
			f()
		}()
	}
	scanned := make(chan int, 10)
	next := 0
	hashed := w.opt.Parallel
	w.opt.Parallel = func(n int, work func(int)) {
		hashed(n, work)
		if n > 0 { // no directories are listed
			scanned <- n
		}
	}
	err := New(w.fs, w.idx, w.opt).Scan(t.Context(), []Scope{{Recursive: true}}, func(f []Found) error {
		if emitting.Add(1) != 1 {
			t.Error("two batches are emitted at once")
		}
		defer emitting.Add(-1)
		<-scanned // this batch
		if next < 4 {
			<-scanned // the next one is hashed before this one is done with
			scanned <- 0
		}
		next++
		return nil
	}, nil)
	if err != nil || next != 5 {
		t.Errorf("%d batches, %v", next, err)
	}
	if n := spawned.Load(); n > 1 { // the last one may be about to return
		t.Errorf("%d goroutines are left", n)
	}
}

func TestAnErrorOfEmitEndsTheScan(t *testing.T) {
	full := errors.New("the index is full")
	for name, spawn := range map[string]func(func()){"beside": func(f func()) { go f() }, "alone": nil} {
		for at := range 3 {
			w := newWorld(t, memfs.Linux())
			w.many(2*maxFound + 1)
			w.opt.Spawn = spawn
			calls := 0
			err := New(w.fs, w.idx, w.opt).Scan(t.Context(), []Scope{{Recursive: true}}, func([]Found) error {
				if calls++; calls == at+1 {
					return full
				}
				return nil
			}, nil)
			if !errors.Is(err, full) || calls != at+1 {
				t.Errorf("%s: batch %d failed: %d calls, %v", name, at, calls, err)
			}
		}
	}
}

func TestAScanThatIsCancelledWaitsForWhatItStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memfs.Linux())
		w.many(2*maxFound + 1)
		w.opt.Spawn = func(f func()) { go f() }
		ctx, cancel := context.WithCancel(t.Context())
		done := false
		err := New(w.fs, w.idx, w.opt).Scan(ctx, []Scope{{Recursive: true}}, func([]Found) error {
			cancel()
			synctest.Wait() // a scan that does not wait for this has ended by then
			done = true
			return nil
		}, nil)
		if !errors.Is(err, context.Canceled) || !done {
			t.Errorf("emitted in full: %v; %v", done, err)
		}
	})
}
