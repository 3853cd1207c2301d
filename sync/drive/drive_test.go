package drive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/serve"
	"github.com/labsync/labsync/sync/watch"
)

// pair returns two running nodes that are connected.
func pair(t *testing.T) (a, b *node) {
	t.Helper()
	a, b = newNode(t, 1), newNode(t, 2)
	a.start()
	b.start()
	settle()
	connect(a, b)
	return a, b
}

func TestTwoFoldersBecomeAndStayTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newNode(t, 1), newNode(t, 2)
		a.must(a.fs.User().Mkdir("dir"))
		a.write("dir/one", "of a")
		b.write("two", "of b")
		a.start()
		b.start()
		settle()
		connect(a, b)
		settle()
		b.holds("dir/one", "of a")
		a.holds("two", "of b")

		a.save("two", "changed by a")
		a.must(a.fs.User().Rename("dir/one", "dir/moved"))
		a.touch("dir/one", "dir/moved")
		settle()
		b.holds("two", "changed by a")
		b.holds("dir/one", "")
		b.holds("dir/moved", "of a")
		b.must(b.fs.User().Remove("two"))
		b.touch("two")
		settle()
		a.holds("two", "")
		if !a.sawKind(Deleted, "two") || !b.sawKind(DeletedHere, "two") {
			t.Error("a deletion was not told")
		}
		for _, n := range []*node{a, b} {
			if done, err := n.Settled(t.Context()); !done || err != nil {
				t.Errorf("Settled = %v, %v when nothing was left to do", done, err)
			}
			n.stop()
		}
	})
}

func TestWorkThatWaitedInTheIndexIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newNode(t, 1), newNode(t, 2)
		for i := range 20 {
			a.write(fmt.Sprint(i), "content")
		}
		a.start()
		b.start()
		settle()
		// b learns of a's files and has nobody to fetch them from.
		a.must(a.PeerUp(t.Context(), b.id, 0, &wire{a, b}))
		settle()
		s, err := b.Status(t.Context())
		if err != nil || s.Counts.NeedFiles != 20 {
			t.Fatalf("%d files are needed, %v; want 20", s.Counts.NeedFiles, err)
		}
		b.stop()
		b.renew(Options{})
		b.start()
		connect(a, b)
		settle()
		b.holds("19", "content")
		a.stop()
		b.stop()
	})
}

func TestALargeIndexArrivesInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files = 2*pageUpdates + 1
		a := newNode(t, 1)
		for i := range files {
			a.write(fmt.Sprintf("file %d", i), "x")
		}
		b := newNode(t, 2)
		a.start()
		b.start()
		settle()
		connect(a, b)
		settle()
		s, err := b.Status(t.Context())
		if err != nil || s.Counts.Files != files || s.Counts.NeedFiles != 0 {
			t.Errorf("%d files are there, %d needed, %v; want %d and none", s.Counts.Files, s.Counts.NeedFiles, err, files)
		}
		a.stop()
		b.stop()
	})
}

func TestOneBatchOfAScanWaitsToBeRecordedAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		for i := range 3500 {
			a.write(fmt.Sprintf("file %d", i), "x")
		}
		gate := make(chan struct{})
		a.idx.gate = gate
		a.start()
		for batch := 1; batch <= 4; batch++ {
			synctest.Wait()
			if a.idx.count(&a.idx.writes) != batch {
				t.Fatalf("%d batches were handed on; want %d while that one is being recorded", a.idx.count(&a.idx.writes), batch)
			}
			gate <- struct{}{}
		}
		settle()
		if n := a.idx.count(&a.idx.writes); n != 4 {
			t.Errorf("3,500 files were recorded in %d batches; want 4", n)
		}
		a.stop()
	})
}

func TestAnnouncementsAreTakenWhenRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		a.start()
		settle()
		gate := make(chan struct{})
		a.idx.set(func() { a.idx.gate = gate })
		taken := make(chan error)
		go func() { taken <- a.Announced(t.Context(), device.ID{2}, []index.Update{update(1, "a")}) }()
		synctest.Wait()
		select {
		case <-taken:
			t.Fatal("an announcement was taken before it was recorded")
		default:
		}
		close(gate) // for what follows from it as well
		if err := <-taken; err != nil {
			t.Fatal(err)
		}
		a.stop()
	})
}

// What is created is known by its head alone until it is recorded.
func TestAHeadStaysWhileItIsPlaced(t *testing.T) {
	theirs := device.ID{2}
	first := update(1, "a")
	tests := []struct {
		name string
		take func(ctx context.Context, a *node) error // the head away
		gone bool                                     // in the end nothing is held
	}{
		{"another comes", func(ctx context.Context, a *node) error {
			return a.Announced(ctx, theirs, []index.Update{gone(2, &first.Heads[0])})
		}, true},
		{"the device has another index", func(ctx context.Context, a *node) error { return a.Reset(ctx, theirs, 9) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newNode(t, 1)
				created, goOn, done := make(chan struct{}), make(chan struct{}), false
				a.renew(Options{Fault: func(point string) error {
					if point == "pull.placed" && !done {
						done = true
						close(created)
						<-goOn
					}
					return nil
				}})
				a.start()
				settle()
				a.must(a.Announced(t.Context(), theirs, []index.Update{first}))
				<-created
				taken := make(chan error)
				go func() { taken <- tt.take(t.Context(), a) }()
				synctest.Wait()
				s, _, err := a.mem.State(t.Context(), "a")
				a.must(err)
				if len(s.Heads) != 1 || s.Heads[0].Entry.Deleted || s.Local != nil {
					t.Errorf("while a is placed it is %+v", s)
				}
				close(goOn)
				a.must(<-taken)
				settle()
				if s, _, err = a.mem.State(t.Context(), "a"); err != nil || s.Local == nil || s.Local.Entry.Deleted != tt.gone {
					t.Errorf("in the end it is %+v, %v", s, err)
				}
				a.stop()
			})
		})
	}
}

// gone is the deletion of what stands in an update.
func gone(sequence int64, of *index.Entry) index.Update {
	e := index.Entry{Name: of.Name, Type: of.Type, Deleted: true, Version: of.Version.Bump(of.ModifiedBy, 5), ModifiedBy: of.ModifiedBy}
	return index.Update{Sequence: sequence, Heads: []index.Entry{e}}
}

func update(sequence int64, name string) index.Update {
	return index.Update{Sequence: sequence, Heads: []index.Entry{{
		Name: name, Type: index.Directory, Mode: 0o755, Version: index.Version{{Replica: 77, Value: 1}}, ModifiedBy: 77,
	}}}
}

func TestRunEndsAtOnceWhateverIsUnderWay(t *testing.T) {
	tests := []struct {
		name string
		busy func(a, b *node) // leaves something under way for ever
	}{
		{"a batch of a scan is being recorded", func(a, b *node) {
			a.idx.set(func() { a.idx.gate = make(chan struct{}) })
			a.save("new", "content")
		}},
		{"an announcement is being recorded", func(a, b *node) {
			a.idx.set(func() { a.idx.gate = make(chan struct{}) })
			b.save("new", "content")
		}},
		{"a page is being sent", func(a, b *node) {
			b.idx.set(func() { b.idx.gate = make(chan struct{}) })
			a.save("new", "content")
		}},
		{"a file is being fetched", func(a, b *node) {
			b.idx.set(func() { b.idx.gate = make(chan struct{}) })
			a.must(a.Announced(context.Background(), b.id, []index.Update{update(9, "d")}))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := pair(t)
				settle()
				test.busy(a, b)
				time.Sleep(time.Second)
				synctest.Wait()
				a.stop()
				b.stop()
			})
		})
	}
}

func TestAFailingStoreEndsRunWithItsError(t *testing.T) {
	tests := []struct {
		name string
		fail func(a *node)
	}{
		{"recording what was scanned", func(a *node) {
			a.idx.set(func() { a.idx.commit = errDisk })
			a.save("new", "content")
		}},
		{"recording what is announced, which is not taken then", func(a *node) {
			a.idx.set(func() { a.idx.record = errDisk })
			if err := a.Announced(context.Background(), device.ID{2}, []index.Update{update(1, "a")}); !errors.Is(err, ErrStopped) {
				a.t.Errorf("Announced = %v; want ErrStopped", err)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newNode(t, 1)
				a.start()
				settle()
				test.fail(a)
				if err := <-a.ended; !errors.Is(err, errDisk) {
					t.Errorf("Run = %v; want the store's error", err)
				}
				if err := a.Rescan(t.Context()); !errors.Is(err, ErrStopped) {
					t.Errorf("Rescan = %v; want ErrStopped", err)
				}
				if _, err := a.Status(t.Context()); !errors.Is(err, ErrStopped) {
					t.Errorf("Status = %v; want ErrStopped", err)
				}
			})
		})
	}
}

func TestRootThatVanishesEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		a.write("file", "content")
		a.start()
		settle()
		a.fs.User().HideRoot(true)
		a.must(a.Rescan(t.Context()))
		err := <-a.ended
		if !errors.Is(err, ErrRoot) || !strings.Contains(err.Error(), "/folder") {
			t.Errorf("Run = %v; want ErrRoot, naming the folder", err)
		}
		if held, err := a.mem.Local(t.Context(), "file"); err != nil || held.Entry.Deleted {
			t.Errorf("the file is held as %+v, %v; want it untouched", held, err)
		}
	})
}

func TestABlockThatIsNotAsRecordedLetsTheFileBeScanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		a.write("file", "before")
		a.start()
		settle()
		held, err := a.mem.Local(t.Context(), "file")
		a.must(err)
		a.write("file", "after, and longer") // unnoticed
		block := held.Entry.Blocks[0]
		err = a.Serve(t.Context(), []serve.Range{{Name: "file", Hash: block.Hash, Size: block.Size}}, func(_ int, _ []byte, err error) error {
			if !errors.Is(err, serve.ErrNoBlock) {
				t.Errorf("a block that is gone was answered with %v", err)
			}
			return nil
		})
		a.must(err)
		settle()
		if !a.sawKind(ChangedHere, "file") {
			t.Error("the file was not scanned")
		}
		a.stop()
	})
}

func TestStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		// A start may have much to recover: status must not wait for it.
		if s, err := a.Status(t.Context()); err != nil || s.Engine.Scanned {
			t.Errorf("Status before the start = %+v, %v", s, err)
		}
		a.write("file", "content")
		a.start()
		a.watcher.batches <- watch.Batch{Subtrees: []string{""}}
		settle()
		s, err := a.Status(t.Context())
		switch {
		case err != nil:
			t.Fatal(err)
		case !s.Engine.Scanned || s.Engine.Working > 0 || s.Progress.Scanning || s.Counts.Files != 1 || s.LastScan.IsZero() || !s.Watching:
			t.Errorf("Status = %+v", s)
		}
		a.watcher.batches <- watch.Batch{Problem: "too many directories", Unwatched: []string{"deep"}}
		synctest.Wait()
		if s, err = a.Status(t.Context()); err != nil || s.Watching || len(s.Watch) != 1 || s.Watch[0].Name != "deep" {
			t.Errorf("Status with an unwatched directory = %+v, %v", s.Watch, err)
		}
		a.stop()
	})
}

func TestTheIndexLogIsEmptiedOnceWhenNothingHappensAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		a.start()
		settle()
		a.idx.set(func() { a.idx.checkpoints = 0 })
		for range 10 {
			a.save("file", time.Now().String())
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if a.idx.count(&a.idx.checkpoints) != 0 {
			t.Error("the log was emptied while the folder was at work")
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := a.idx.count(&a.idx.checkpoints); n != 1 {
			t.Errorf("the log was emptied %d times in an idle day; want once", n)
		}
		a.stop()
	})
}
