package sim

import (
	"context"
	"errors"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// recorder is the index of a device's process. Each write is two steps at which
// the process may die: before it, and before anybody learns that it is done.
type recorder struct {
	*memstore.Store
	d *Device
}

// step is called before and after each write. An error means that the process
// has died.
func (r *recorder) step(what string) error {
	d, t := r.d, r.d.current
	if t == nil {
		return nil
	}
	if !t.dead {
		_ = d.suffer("", what) // it can only die here
	}
	if !t.dead && d.w.sched.IntN(max(1, d.w.setup.PauseOne)) == 0 {
		t.lives()
	}
	if t.dead {
		return memfs.ErrDead
	}
	return nil
}

// write carries out a write between two steps.
func (r *recorder) write(what string, do func() error) error {
	if err := r.step(what); err != nil {
		return err
	}
	err := do()
	return errors.Join(err, r.step(what+" done"))
}

func (r *recorder) Commit(ctx context.Context, changes []index.Change, durable bool) (stale []int, err error) {
	err = r.write("commit", func() (err error) {
		r.d.watchCommit(changes)
		if stale, err = r.Store.Commit(ctx, changes, durable); err == nil {
			r.d.watchRecorded(changes, stale)
			r.d.w.ghost.book(changes, stale)
		}
		return err
	})
	return stale, err
}

func (r *recorder) Settle(ctx context.Context, settled []index.Settled) error {
	return r.write("settle", func() error { return r.Store.Settle(ctx, settled) })
}

func (r *recorder) RecordRemote(ctx context.Context, from device.ID, updates []index.Update) error {
	return r.write("record", func() error {
		r.d.watchUpdates(updates)
		return r.Store.RecordRemote(ctx, from, updates)
	})
}

func (r *recorder) ResetRemote(ctx context.Context, from device.ID, id uint64) error {
	return r.write("reset", func() error { return r.Store.ResetRemote(ctx, from, id) })
}

func (r *recorder) SetSetting(ctx context.Context, key string, value []byte) error {
	return r.write("set "+key, func() error { return r.Store.SetSetting(ctx, key, value) })
}

func (r *recorder) Begin(ctx context.Context, intents []index.Intent) (ids []index.IntentID, err error) {
	err = r.write("begin", func() (err error) {
		ids, err = r.Store.Begin(ctx, intents)
		return err
	})
	return ids, err
}

func (r *recorder) Abandon(ctx context.Context, ids []index.IntentID) error {
	return r.write("abandon", func() error { return r.Store.Abandon(ctx, ids) })
}
