package drive

import (
	"context"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/pull"
)

// Status is how the folder is doing.
type Status struct {
	Engine    engine.Snapshot
	Counts    index.Counts
	Progress  Progress
	Displaced pull.Usage
	// RulesWait tells that ignore rules of another device, which ignore less,
	// wait to be accepted.
	RulesWait  bool
	RulesSince time.Time
	// Watching is false while changes are found by scanning alone; Watch says
	// what is not watched, and why.
	Watching bool
	Watch    []plan.Problem
	LastScan time.Time // when a scan of all ended last
}

// Status asks the loop and the index.
func (f *Folder) Status(ctx context.Context) (Status, error) {
	s := Status{Progress: f.meters.progress(), LastScan: f.meters.lastScan()}
	s.RulesWait, s.RulesSince = f.rules.waits()
	s.Watching, s.Watch = f.watching.state()
	var err error
	if s.Engine, err = f.snapshot(ctx); err != nil {
		return s, err
	}
	if s.Counts, err = f.opt.Index.Counts(ctx); err != nil {
		return s, err
	}
	s.Displaced, err = f.pull.Usage()
	return s, err
}

// snapshot asks the loop. Before the loop begins there is nothing to tell.
func (f *Folder) snapshot(ctx context.Context) (s engine.Snapshot, err error) {
	select {
	case <-f.ready:
	case <-f.stopped:
		return s, ErrStopped
	default:
		return s, nil
	}
	done := make(chan struct{})
	select {
	case f.queries <- func() { s = f.engine.Snapshot(); close(done) }:
		<-done // the loop answers before it does anything else
		return s, nil
	case <-f.stopped:
		return s, ErrStopped
	case <-ctx.Done():
		return s, ctx.Err()
	}
}

// Settled reports whether everything known of the folder is as it is to be:
// it has been scanned, nothing is under way, and no name is needed.
func (f *Folder) Settled(ctx context.Context) (bool, error) {
	s, err := f.snapshot(ctx)
	if err != nil || !s.Scanned || s.Scanning || s.Failure != nil || s.Working > 0 || !s.Resting {
		return false, err
	}
	c, err := f.opt.Index.Counts(ctx)
	return err == nil && c.NeedFiles == 0, err
}

// Behind returns how many names and bytes a device still needs of what is here.
func (f *Folder) Behind(ctx context.Context, d device.ID) (files, bytes int64, err error) {
	return f.opt.Index.Behind(ctx, d)
}

// Problem is one name that is not in order.
type Problem = plan.Problem
