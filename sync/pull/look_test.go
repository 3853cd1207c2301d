package pull

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// newSlowWorld asks for a large file in many batches.
func newSlowWorld(t *testing.T) *world {
	w := newWorld(t, memfs.Options{})
	w.opt.BatchBytes = 512 << 10
	w.restart()
	return w
}

// atCall does something when the device is asked for the nth time.
func (p *peer) atCall(n int, do func() error) {
	p.answer = func(_ Range, right []byte) ([]byte, error) {
		if p.calls == n && do != nil {
			act := do
			do = nil
			if err := act(); err != nil {
				return nil, err
			}
		}
		return right, nil
	}
}

func TestADeviceThatConnectsDuringAFetchTakesPart(t *testing.T) {
	w := newSlowWorld(t)
	w.opt.Parallel = parallel
	w.restart()
	content := bytesOf(20*mebi, 1)
	w.announce(w.fileOf("a", content))
	first, late := w.peer(0), w.newPeer(2)
	asked := make(chan struct{})
	var once sync.Once
	late.answer = func(_ Range, right []byte) ([]byte, error) {
		once.Do(func() { close(asked) })
		return right, nil
	}
	first.answer = func(_ Range, right []byte) ([]byte, error) {
		switch first.calls {
		case 2:
			w.clock.skip(lookEvery)
			w.far.connect(late)
		case 10:
			<-asked
		}
		return right, nil
	}
	// A late source that is never asked would hold up the first one for ever.
	timer := time.AfterFunc(20*time.Second, func() { once.Do(func() { close(asked) }) })
	defer timer.Stop()
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"a": string(content)})
	if late.calls == 0 {
		t.Error("the late device was not asked")
	}
}

func TestTheLastSourceFailsAndAnotherHasCome(t *testing.T) {
	w := newSlowWorld(t)
	content := bytesOf(8*mebi, 1)
	w.announce(w.fileOf("a", content))
	late := w.newPeer(2)
	w.peer(0).atCall(4, func() error { w.far.connect(late); return syscall.EPIPE })
	w.want(w.pullAll(w.decide()), plan.Done)
	w.check(map[string]string{"a": string(content)})
	if late.calls == 0 {
		t.Error("the late device was not asked")
	}
}

func TestADeviceThatHasGoneIsNotAsked(t *testing.T) {
	w := newSlowWorld(t)
	first, second := w.peer(0), w.addPeer(2)
	content := bytesOf(8*mebi, 1)
	w.announce(w.fileOf("a", content))
	first.atCall(3, func() error { w.far.disconnect(first); w.clock.skip(lookEvery); return nil })
	w.want(w.pullAll(w.decide()), plan.Done)
	w.check(map[string]string{"a": string(content)})
	if first.calls != 3 || second.calls == 0 {
		t.Errorf("the device that has gone was asked %d times, the other %d times", first.calls, second.calls)
	}
}

func TestADeviceThatComesBackIsAskedAgain(t *testing.T) {
	w := newSlowWorld(t)
	first, second := w.peer(0), w.addPeer(2)
	content := bytesOf(8*mebi, 1)
	w.announce(w.fileOf("a", content))
	first.atCall(2, func() error { w.far.disconnect(first); return syscall.EPIPE })
	second.atCall(2, func() error { w.far.connect(first); w.far.disconnect(second); return syscall.EPIPE })
	w.want(w.pullAll(w.decide()), plan.Done)
	w.check(map[string]string{"a": string(content)})
	if first.calls <= 2 {
		t.Errorf("asked %d times", first.calls)
	}
}

func TestAFetchEndsWhenItsContentWasSavedHere(t *testing.T) {
	w := newSlowWorld(t)
	content := bytesOf(8*mebi, 1)
	w.announce(w.fileOf("a", content))
	w.peer(0).atCall(3, func() error {
		if err := w.mem.User().Write("a", content); err != nil {
			return err
		}
		w.scan("a")
		w.clock.skip(lookEvery)
		return nil
	})
	actions := w.decide()
	w.want(w.pull.Fetch(t.Context(), actions), plan.Stale)
	if n := w.peer(0).calls; n != 3 {
		t.Errorf("asked %d times", n)
	}
	if got := w.read(tempOf(&actions[0].Want, folderfs.Partial)); got != "" {
		t.Error("a partial file that nobody needs is left")
	}
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"a": string(content)})
}

func TestAFetchGoesOnWhenSomethingElseWasSavedHere(t *testing.T) {
	w := newSlowWorld(t)
	w.announce(w.fileOf("a", bytesOf(8*mebi, 1)))
	w.peer(0).atCall(3, func() error {
		if err := w.mem.User().Write("a", []byte("MINE")); err != nil {
			return err
		}
		w.scan("a")
		w.clock.skip(lookEvery)
		return nil
	})
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
}

func TestWhatCameOfASupersededVersionIsNotSentAgain(t *testing.T) {
	w := newSlowWorld(t)
	old := bytesOf(8*mebi, 1)
	next := slices.Concat(old, bytesOf(100, 2))
	only := w.peer(0)
	w.announce(w.fileOf("a", old))
	only.atCall(9, func() error {
		w.announce(w.fileOf("a", next))
		w.far.disconnect(only) // announces another content now
		w.clock.skip(lookEvery)
		return nil
	})
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Stale)
	before := only.asked
	if before < 3*mebi || before > 5*mebi {
		t.Fatalf("%d bytes were asked for of the first version", before)
	}
	w.far.connect(only)
	w.want(w.sync(), plan.Done)
	w.check(map[string]string{"a": string(next)})
	if n := only.asked - before; n > 8*mebi-before+mebi {
		t.Errorf("%d bytes were asked for of the second version, after %d of the first", n, before)
	}
}

// terse answers only the first range of each request.
type terse struct{ *peer }

func (p terse) Request(ctx context.Context, want []Range) ([][]byte, error) {
	return p.peer.Request(ctx, want[:1])
}

func TestADeviceThatAnswersTooFewIsNotAskedForEver(t *testing.T) {
	w := newSlowWorld(t)
	only := w.peer(0)
	w.far.disconnect(only)
	w.far.connect(terse{only})
	w.announce(w.fileOf("a", bytesOf(4*mebi, 1)))
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Postponed)
	if only.calls != 1 {
		t.Errorf("asked %d times", only.calls)
	}
}
