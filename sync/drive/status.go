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
	done := make(chan struct{})
	query := func() {
		s.Engine = f.engine.Snapshot()
		close(done)
	}
	select {
	case f.queries <- query:
		<-done
	case <-f.stopped:
		return s, ErrStopped
	case <-ctx.Done():
		return s, ctx.Err()
	}
	var err error
	if s.Counts, err = f.opt.Index.Counts(ctx); err != nil {
		return s, err
	}
	s.Displaced, err = f.pull.Usage()
	return s, err
}

// Behind returns how many names and bytes a device still needs of what is here.
func (f *Folder) Behind(ctx context.Context, d device.ID) (files, bytes int64, err error) {
	return f.opt.Index.Behind(ctx, d)
}

// Problem is one name that is not in order.
type Problem = plan.Problem
