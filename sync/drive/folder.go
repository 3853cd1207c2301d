package drive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/chunk"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/scan"
	"github.com/labsync/labsync/sync/serve"
	"github.com/labsync/labsync/sync/watch"
)

// Options are what a folder is run with.
type Options struct {
	FS    folderfs.Writer
	Index index.Store
	// Root is the folder's path, for file events and messages only.
	Root      string
	Direction plan.Direction
	Policy    chunk.Policy
	// Rescan is how often all is scanned unasked, 0 for never.
	Rescan time.Duration
	// Rules are the ignore rules that hold on this device whatever travels.
	Rules []string
	// PreviousRoot is the device number that the root's file system had when
	// the index was last in use, 0 if none is known.
	PreviousRoot uint64
	// Boot tells one run of the machine from the next; "" if that is not known.
	Boot string

	// Source finds devices to fetch from.
	Source pull.Source
	// Author tells who a replica stands for.
	Author func(index.Replica) conflict.Author
	// Tell is told what happens, from any goroutine.
	Tell func(Happening)
	// Watcher tells what changes on disk; nil for one of file events.
	Watcher Watcher
	// Clock returns the unix seconds that versions made here bear; nil takes the
	// system's.
	Clock func() int64
	// Fault is called at failpoints; see sync/pull.
	Fault func(point string) error
	Log   *slog.Logger
}

// Folder runs one folder. Its methods may be called from any goroutine. Those
// that deliver something fail with ErrStopped when Run has ended.
type Folder struct {
	opt     Options
	engine  *engine.Engine
	scan    *scan.Scanner
	pull    *pull.Puller
	serve   *serve.Server
	rules   *rules
	watcher Watcher

	watching watching
	events   chan posted
	queries  chan func()
	ready    chan struct{} // closed when the loop begins
	stopped  chan struct{} // closed when Run has ended
	store    *lane
	placing  chan struct{} // full while apart runs something
	meters   meters
	group    *errgroup.Group
	replica  index.Replica // who records here

	// Of the loop alone.
	outlets outlets
	timer   *time.Timer // of engine.Wake
	tidy    *time.Timer // of the index's log, once nothing is written any more
}

// posted is an event on its way to the loop.
type posted struct {
	event    engine.Event
	link     Link            // of PeerUp and PeerDown
	recorded chan<- struct{} // see begin
}

// ErrStopped tells that the folder is not running any more.
var ErrStopped = errors.New("folder is stopped")

// New returns a folder that is ready to run once.
func New(o Options) *Folder {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Tell == nil {
		o.Tell = func(Happening) {}
	}
	f := &Folder{
		opt: o, events: make(chan posted), queries: make(chan func()),
		ready: make(chan struct{}), stopped: make(chan struct{}), store: newLane(), placing: make(chan struct{}, 1), outlets: outlets{},
	}
	f.rules = newRules(o.Rules)
	f.scan = scan.New(o.FS, o.Index, scan.Options{
		Policy: o.Policy, Ignore: f.rules.match, Parallel: Parallel(scanners()), Spawn: func(g func()) { go g() },
		PreviousRoot: o.PreviousRoot, Log: o.Log,
	})
	f.pull = pull.New(o.FS, o.Index, o.Source, pull.Options{
		Boot: o.Boot, Author: o.Author,
		Parallel: Parallel(pullers), Clock: o.Clock, Fault: o.Fault, OnEvent: f.pulled, Policy: o.Policy, Direction: o.Direction, Log: o.Log,
	})
	f.serve = serve.New(o.FS, o.Index, serve.Options{OnMismatch: f.mismatch, Log: o.Log})
	if f.watcher = o.Watcher; f.watcher == nil {
		f.watcher = watch.New(o.Root, watch.Options{FS: o.FS, Ignore: f.rules.match, Log: o.Log})
	}
	return f
}

// Run recovers what an earlier run left behind and keeps the folder in sync
// until ctx ends, which is no error, or the folder cannot go on: its root is
// gone, or its index cannot be read or written. Run may be called once.
func (f *Folder) Run(ctx context.Context) error {
	defer close(f.stopped)
	if err := f.open(ctx); err != nil {
		return unlessEnded(ctx, err)
	}
	group, work := errgroup.WithContext(ctx)
	f.group = group
	f.timer, f.tidy = time.NewTimer(time.Hour), time.NewTimer(tidyAfter)
	defer f.timer.Stop()
	defer f.tidy.Stop()
	group.Go(func() error { return f.store.run(work) })
	group.Go(func() error { return f.watch(work) })
	group.Go(func() error { return f.loop(work) })
	err := group.Wait()
	if ctx.Err() == nil {
		return err
	}
	if !errors.Is(err, context.Canceled) {
		f.opt.Log.Debug("ended", "folder", f.opt.Root, "err", err)
	}
	return f.pull.Close(context.WithoutCancel(ctx))
}

// unlessEnded returns err, but nil if the context has ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// open brings folder and index into order before anything else uses them.
func (f *Folder) open(ctx context.Context) error {
	report, err := f.pull.Recover(ctx)
	if err != nil {
		return fmt.Errorf("recover what the last run left: %w", err)
	}
	f.recovered(report)
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	f.replica = who.Replica
	if err := f.rules.load(ctx, f.opt.FS, f.opt.Index); err != nil {
		return err
	}
	fresh, err := f.isFresh(ctx)
	if err != nil {
		return err
	}
	f.engine = engine.New(engine.Options{
		Index: f.opt.Index, Replica: func() index.Replica { return f.replica }, Clock: f.opt.Clock, Fresh: fresh,
		Direction: f.opt.Direction, Rescan: f.opt.Rescan, Author: f.opt.Author, Ignored: f.rules.match,
		Limits: pull.Limits(f.opt.FS.Capabilities()),
	})
	return nil
}

// loop is the only user of the engine.
func (f *Folder) loop(ctx context.Context) error {
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	close(f.ready)
	if err := f.step(ctx, posted{event: engine.Started{Sequence: who.Sequence}}); err != nil {
		return err
	}
	for {
		var err error
		select {
		case p := <-f.events:
			err = f.step(ctx, p)
		case query := <-f.queries:
			query()
		case <-f.timer.C:
			err = f.step(ctx, posted{event: engine.Tick{}})
		case <-f.tidy.C:
			f.store.add(f.checkpoint)
		case <-ctx.Done():
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
}

func (f *Folder) step(ctx context.Context, p posted) error {
	switch ev := p.event.(type) {
	case engine.PeerUp:
		f.outlets.use(ev.Device, p.link)
	case engine.PeerDown:
		if !f.outlets.drop(ev.Device, p.link) {
			return nil // another link has taken its place
		}
	}
	effects, err := f.engine.Step(ctx, time.Now(), p.event)
	if err != nil {
		return err
	}
	for _, effect := range effects {
		f.begin(ctx, effect, p.recorded)
	}
	return nil
}

// post delivers an event to the loop. It must not be called by the loop.
func (f *Folder) post(ctx context.Context, ev engine.Event) error {
	return f.hand(ctx, posted{event: ev})
}

// postAndWait delivers an event and waits until what it brought is recorded.
func (f *Folder) postAndWait(ctx context.Context, ev engine.Event) error {
	recorded := make(chan struct{})
	if err := f.hand(ctx, posted{event: ev, recorded: recorded}); err != nil {
		return err
	}
	return f.await(ctx, recorded)
}

func (f *Folder) await(ctx context.Context, recorded <-chan struct{}) error {
	select {
	case <-recorded:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.stopped:
		return ErrStopped
	}
}

func (f *Folder) hand(ctx context.Context, p posted) error {
	select {
	case f.events <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.stopped:
		return ErrStopped
	}
}
