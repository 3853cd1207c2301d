package drive

import (
	"context"
	"fmt"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/engine"
)

// begin starts an effect. The loop calls it, so it must not wait.
func (f *Folder) begin(ctx context.Context, effect engine.Effect) {
	switch x := effect.(type) {
	case engine.Scan:
		f.group.Go(func() error { return f.runScan(ctx, x) })
	case engine.Commit:
		f.store.add(func(ctx context.Context) error { return f.commit(ctx, x) })
	case engine.RecordRemote:
		f.store.add(func(ctx context.Context) error { return f.recordRemote(ctx, x) })
	case engine.Unsettle:
		f.store.add(func(ctx context.Context) error {
			if err := f.opt.Index.Unsettle(ctx, ""); err != nil {
				return fmt.Errorf("look at all names again: %w", err)
			}
			return f.post(ctx, engine.Unsettled{ID: x.ID})
		})
	case engine.Send:
		f.group.Go(func() error { return f.send(ctx, x) })
	case engine.Fetch:
		f.group.Go(func() error { return f.fetch(ctx, x) })
	case engine.Place:
		f.group.Go(func() error { return f.place(ctx, x) })
	case engine.Recheck:
		f.group.Go(func() error { return f.recheck(ctx) })
	case engine.Wake:
		f.timer.Reset(time.Until(x.At))
	}
}

func (f *Folder) commit(ctx context.Context, x engine.Commit) error {
	defer f.acks.done(x.Scan)
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
	return f.post(ctx, done)
}

func (f *Folder) recordRemote(ctx context.Context, x engine.RecordRemote) error {
	defer f.acks.done(x.Device)
	if err := f.opt.Index.RecordRemote(ctx, x.Device, x.Updates); err != nil {
		return fmt.Errorf("record what %s announces: %w", x.Device.Short(), err)
	}
	return f.post(ctx, engine.RemoteRecorded{ID: x.ID, Device: x.Device})
}

// pageUpdates is how many updates are sent at a time.
const pageUpdates = 1000

func (f *Folder) send(ctx context.Context, x engine.Send) error {
	done := engine.Sent{ID: x.ID, Device: x.Device, Upto: x.After}
	// The highest sequence is read before the page: what is recorded in between
	// must not count as sent.
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	page, err := f.opt.Index.Since(ctx, x.After, pageUpdates)
	if err != nil {
		return fmt.Errorf("read what to announce: %w", err)
	}
	last := who.Sequence
	if n := len(page); n > 0 {
		last = max(last, page[n-1].Sequence)
	}
	if len(page) == pageUpdates {
		last, done.More = page[len(page)-1].Sequence, true
	}
	if err := f.opt.Send(ctx, x.Device, page, last); err != nil {
		done.Failed = true // the session has ended; another one begins with PeerUp
	} else {
		done.Upto = last
	}
	return f.post(ctx, done)
}

func (f *Folder) fetch(ctx context.Context, x engine.Fetch) error {
	f.meters.beginFetch(x.Actions)
	outcomes := f.pull.Fetch(ctx, x.Actions)
	f.meters.endFetch(x.Actions)
	return f.post(ctx, engine.Fetched{ID: x.ID, Outcomes: outcomes})
}

func (f *Folder) place(ctx context.Context, x engine.Place) error {
	outcomes := f.pull.Place(ctx, x.Actions)
	f.tellPlaced(x.Actions, outcomes)
	if err := f.rulesPlaced(ctx, x.Actions, outcomes); err != nil {
		return err
	}
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	return f.post(ctx, engine.Placed{ID: x.ID, Outcomes: outcomes, Sequence: who.Sequence})
}

func (f *Folder) recheck(ctx context.Context) error {
	next, heads, err := f.pull.Recheck(ctx, time.Now())
	if err != nil {
		f.opt.Log.Warn("displaced files could not be looked at", "folder", f.opt.Root, "err", err)
		next = time.Now().Add(time.Minute)
	}
	done := engine.Rechecked{Heads: heads}
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
