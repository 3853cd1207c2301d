package drive

import (
	"context"
	"fmt"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
)

// begin starts an effect that an event led to. The loop calls it, so it must
// not wait. recorded, unless nil, is closed when what the event brought is in
// the index.
func (f *Folder) begin(ctx context.Context, effect engine.Effect, recorded chan<- struct{}) {
	switch x := effect.(type) {
	case engine.Scan:
		f.group.Go(func() error { return f.runScan(ctx, x) })
	case engine.Commit:
		if x.Scan == 0 {
			recorded = nil // a plan's, which the event only led to
		}
		f.write(func(ctx context.Context) error { return f.commit(ctx, x, recorded) })
	case engine.RecordRemote:
		f.write(func(ctx context.Context) error { return f.recordRemote(ctx, x, recorded) })
	case engine.Unsettle:
		f.write(func(ctx context.Context) error {
			if err := f.opt.Index.Unsettle(ctx, ""); err != nil {
				return fmt.Errorf("look at all names again: %w", err)
			}
			return f.post(ctx, engine.Unsettled(x))
		})
	case engine.Send:
		page := f.outlets.next(x.Device)
		f.group.Go(func() error { return f.send(ctx, x, page) })
	case engine.Fetch:
		f.group.Go(func() error { return f.fetch(ctx, x) })
	case engine.Place:
		f.tidy.Reset(tidyAfter)
		f.group.Go(func() error { return f.place(ctx, x) })
	case engine.Recheck:
		f.group.Go(func() error { return f.recheck(ctx) })
	case engine.Wake:
		f.timer.Reset(time.Until(x.At))
	}
}

// write gives the store lane a job. The loop calls it.
func (f *Folder) write(job func(context.Context) error) {
	f.tidy.Reset(tidyAfter)
	f.store.add(job)
}

func (f *Folder) commit(ctx context.Context, x engine.Commit, recorded chan<- struct{}) error {
	done := engine.Committed{ID: x.ID}
	if len(x.Changes) > 0 {
		stale, err := f.opt.Index.Commit(ctx, x.Changes, true)
		if err != nil {
			return fmt.Errorf("record %d changes: %w", len(x.Changes), err)
		}
		for _, i := range stale {
			done.Stale = append(done.Stale, x.Changes[i].Entry.Name)
		}
		f.tellChanges(x, stale)
	}
	if len(x.Settled) > 0 {
		if err := f.opt.Index.Settle(ctx, x.Settled); err != nil {
			return fmt.Errorf("settle %d names: %w", len(x.Settled), err)
		}
	}
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	done.Sequence = who.Sequence
	if err := f.rulesTouched(ctx, x); err != nil {
		return err
	}
	if err := f.post(ctx, done); err != nil {
		return err
	}
	tellRecorded(recorded)
	return nil
}

func (f *Folder) recordRemote(ctx context.Context, x engine.RecordRemote, recorded chan<- struct{}) error {
	record := func() error { return f.opt.Index.RecordRemote(ctx, x.Device, x.Updates) }
	var err error
	if x.After == 0 {
		err = record()
	} else {
		err = f.apart(ctx, record)
	}
	if err != nil {
		return fmt.Errorf("record what %s announces: %w", x.Device.Short(), err)
	}
	if err := f.post(ctx, engine.RemoteRecorded{ID: x.ID, Device: x.Device}); err != nil {
		return err
	}
	tellRecorded(recorded)
	return nil
}

// tellRecorded lets go on who waits. What failed to be recorded is not told:
// the folder stops then, and who waits learns that.
func tellRecorded(recorded chan<- struct{}) {
	if recorded != nil {
		close(recorded)
	}
}

func (f *Folder) fetch(ctx context.Context, x engine.Fetch) error {
	f.meters.beginFetch(x.Actions)
	outcomes := f.pull.Fetch(ctx, x.Actions)
	f.meters.endFetch(x.Actions)
	return f.post(ctx, engine.Fetched{ID: x.ID, Outcomes: outcomes})
}

// apart runs what places something, or takes heads away that something may be
// created of, which is known by them alone until that is recorded: one of these at
// a time.
func (f *Folder) apart(ctx context.Context, do func() error) error {
	select {
	case f.placing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.placing }()
	return do()
}

func (f *Folder) place(ctx context.Context, x engine.Place) error {
	var outcomes []plan.Outcome
	err := f.apart(ctx, func() error {
		outcomes = f.pull.Place(ctx, x.Actions)
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.rulesPlaced(ctx, x.Actions, outcomes); err != nil {
		return err
	}
	f.tellPlaced(x.Actions, outcomes)
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	return f.post(ctx, engine.Placed{ID: x.ID, Outcomes: outcomes, Sequence: who.Sequence})
}

func (f *Folder) recheck(ctx context.Context) error {
	next, heads, err := f.pull.Recheck(ctx, time.Now())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		f.opt.Log.Warn("displaced files could not be looked at", "folder", f.opt.Root, "err", err)
		next = time.Now().Add(time.Minute)
	}
	done := engine.Rechecked{Heads: heads, Unsettled: err != nil}
	if !next.IsZero() {
		done.Next = next.UnixNano()
	}
	var who index.Identity
	if who, err = f.opt.Index.Identity(ctx); err != nil {
		return err
	}
	done.Sequence = who.Sequence
	return f.post(ctx, done)
}
