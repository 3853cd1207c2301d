package drive

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/scan"
)

// pullers is how many files of a group are written and made durable at once:
// one journal commit of the file system serves many waiting files.
const pullers = 32

// scanners is how many files are hashed at once.
func scanners() int { return runtime.GOMAXPROCS(0) }

// ErrRoot tells that the folder's root is not what it was; nothing was changed.
var ErrRoot = errors.New("folder root")

// runScan compares scopes with the index. Beside the batch that is being
// recorded one more is made, which waits until that one is recorded.
func (f *Folder) runScan(ctx context.Context, x engine.Scan) error {
	scopes := make([]scan.Scope, len(x.Scopes))
	for i, sc := range x.Scopes {
		scopes[i] = scan.Scope{Name: sc.Name, Recursive: sc.Recursive}
	}
	if err := f.tightenRules(ctx, scopes); err != nil {
		return err
	}
	f.meters.beginScan(x.Scopes)
	var before chan struct{} // closed when the batch before is recorded
	err := f.scan.Scan(ctx, scopes, func(found []scan.Found) error {
		if before != nil {
			if err := f.await(ctx, before); err != nil {
				return err
			}
		}
		before = make(chan struct{})
		return f.hand(ctx, posted{event: observe(x.ID, found), recorded: before})
	}, f.meters.scanned)
	if before != nil {
		if last := f.await(ctx, before); err == nil {
			err = last
		}
	}
	whole := f.meters.endScan(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, folderfs.ErrRootGone) || errors.Is(err, scan.ErrRootEmptied):
		return fmt.Errorf("%w %s: %w", ErrRoot, f.opt.Root, err)
	case errors.Is(err, index.ErrCorrupt):
		return err // to be set aside, which trying again would put off
	case err != nil:
		f.opt.Log.Warn("scan failed", "folder", f.opt.Root, "err", err)
	case whole:
		f.store.add(f.ripen)
		f.store.add(f.checkpoint)
	}
	return f.post(ctx, engine.ScanDone{ID: x.ID, Err: err})
}

// observe says in the engine's terms what a scan found.
func observe(id engine.ID, found []scan.Found) engine.Scanned {
	ev := engine.Scanned{ID: id}
	for i := range found {
		x := &found[i]
		if x.Problem != nil {
			ev.Problems = append(ev.Problems, plan.Problem{Name: x.Name, Code: string(x.Problem.Code), Text: x.Problem.Text})
		}
		switch x.Kind {
		case scan.Faulty:
		case scan.Unsettled:
			ev.Again = append(ev.Again, x.Name)
		default:
			ev.Seen = append(ev.Seen, plan.Observation{
				Name: x.Name, Base: x.Base, Removed: x.Kind == scan.Removed, Entry: x.Entry, Disk: x.Disk, Flags: x.Flags,
			})
		}
	}
	return ev
}
