package pull

import (
	"context"
	"errors"
	"time"

	"github.com/labsync/labsync/index"
)

// distrustAge is how long a change may be in memory only: Linux writes it back
// after 30 seconds, and needs a moment for it.
const distrustAge = 60 * time.Second

// distrust marks what had changed or was recorded shortly before the last look:
// a loss of power may have left it empty, short or zero-filled under facts that
// look right, or taken its name away.
func (p *Puller) distrust(ctx context.Context, rep *Report, flags index.Flags, lastLook int64) error {
	since := lastLook - distrustAge.Nanoseconds()
	var changes []index.Change
	commit := func(durable bool) error {
		_, err := p.idx.Commit(ctx, changes, durable)
		changes = changes[:0]
		return err
	}
	err := p.eachHeld(ctx, func(h *index.Held) error {
		// When it was looked at counts as well: the clock may have been set
		// between a change and that.
		if max(h.Disk.Mtime, h.Disk.Ctime, h.Disk.Seen) < since {
			return nil
		}
		full, err := p.idx.Local(ctx, h.Entry.Name)
		if err != nil || full == nil {
			return errors.Join(err, ctx.Err())
		}
		rep.Rescan = append(rep.Rescan, h.Entry.Name)
		changes = append(changes, index.Change{
			Base: full.Entry.Version, Entry: full.Entry, Disk: full.Disk,
			Flags: full.Flags | flags, Quiet: full.Flags&quietFlags != 0,
		})
		if len(changes) < heldPage {
			return nil
		}
		return commit(false)
	})
	if err != nil {
		return err
	}
	return commit(true)
}

// lastLook is when something held was looked at last, in unix ns. Call it before
// the steps of an earlier run are settled: what that records is looked at now, and
// the clock may have been set since that run. So may it, back, where the last
// look seems to be to come: nobody knows then when it was.
func (p *Puller) lastLook(ctx context.Context) (last int64, err error) {
	now := p.opt.Now().UnixNano()
	err = p.eachHeld(ctx, func(h *index.Held) error {
		if h.Disk.Seen <= now {
			last = max(last, h.Disk.Seen)
		}
		return nil
	})
	return last, err
}

const heldPage = 1000

// eachHeld calls f for all that is held, without blocks.
func (p *Puller) eachHeld(ctx context.Context, f func(h *index.Held) error) error {
	for after := ""; ; {
		held, err := p.idx.Locals(ctx, "", after, heldPage)
		if err != nil {
			return err
		}
		for i := range held {
			if err := f(&held[i]); err != nil {
				return err
			}
		}
		if len(held) < heldPage {
			return nil
		}
		after = held[len(held)-1].Entry.Name
	}
}
