package pull

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// recheckFiles is how many files one call is done with at most: a placement
// waits for it.
const recheckFiles = 250

// Recheck settles steps of which a Place did not know how they ended, gives back
// permissions that it could not give back, and looks
// again at displaced files: some program may have had one open
// and gone on writing, or saved it just before it was displaced. A file that has
// been left alone for a while is hashed; other bytes than those of the version
// that was to be displaced become a head of its name. It returns when
// to call it again (zero: after the next Place) and how many heads were made.
//
// Now and then it also removes files from tmp/ that nobody needs any more.
func (p *Puller) Recheck(ctx context.Context, now time.Time) (next time.Time, heads int, err error) {
	if next, heads, err = p.recheckDisplaced(ctx, now); err == nil {
		p.tidy(ctx)
	}
	return next, heads, err
}

func (p *Puller) recheckDisplaced(ctx context.Context, now time.Time) (next time.Time, heads int, err error) {
	p.placing.Lock()
	defer p.placing.Unlock()
	if p.unsettled {
		if _, err := p.settle(ctx); err != nil {
			return time.Time{}, 0, err
		}
	}
	if err := p.giveBack(ctx); err != nil {
		p.opt.Log.Warn("a directory stays open for its owner", "err", err)
	}
	if err := p.loadWatched(ctx); err != nil {
		return time.Time{}, 0, fmt.Errorf("recheck displaced files: %w", err)
	}
	var due int64
	done := 0
	for n := p.watch.first; n < p.watch.next && done < recheckFiles; n++ {
		var rest []watched
		changed := false
		for i, w := range p.watch.batches[n] {
			if ctx.Err() != nil || done == recheckFiles {
				rest = append(rest, p.watch.batches[n][i:]...)
				changed = false // stored when all of the batch was looked at
				break
			}
			before := w
			again, head, err := p.recheck(ctx, &w, now)
			if err != nil {
				return time.Time{}, heads, fmt.Errorf("recheck displaced file of %q: %w", w.Name, err)
			}
			if head {
				heads++
			}
			changed = changed || again == 0 || w.At != before.At
			if again == 0 {
				done++
			} else {
				rest = append(rest, w)
				if due == 0 || again < due {
					due = again
				}
			}
		}
		p.watch.batches[n] = rest
		if changed {
			if err := p.storeBatch(ctx, n); err != nil {
				return time.Time{}, heads, err
			}
		}
	}
	if err := p.dropWatched(ctx); err != nil {
		return time.Time{}, heads, err
	}
	if done == recheckFiles {
		due = now.UnixNano() // perhaps there are more
	}
	if due != 0 {
		next = time.Unix(0, due)
	}
	return next, heads, ctx.Err()
}

// recheck looks at one file and returns when to look again, 0 for never.
func (p *Puller) recheck(ctx context.Context, w *watched, now time.Time) (again int64, head bool, err error) {
	info, err := p.fs.Lstat(w.Work)
	if isGone(err) {
		// It was named after what is in it, and perhaps no more than that.
		if w.Work, err = p.renamed(w.Work); err != nil || w.Work == "" {
			return 0, false, err
		}
		info, err = p.fs.Lstat(w.Work)
	}
	if err != nil {
		return 0, false, err
	}
	quiet := p.opt.Quiet.Nanoseconds()
	if info.Size != w.Size || info.Mtime != w.Mtime {
		w.Size, w.Mtime, w.At, w.Busy = info.Size, info.Mtime, now.UnixNano(), 0
	}
	w.At = min(w.At, now.UnixNano()) // the clock was ahead
	wait := quiet << min(w.Busy, 5)  // a program may keep its file open for days
	if at := w.At + wait; now.UnixNano() < at {
		return at, false, nil
	}
	if busy, err := p.fs.Busy(w.Work); err == nil && busy {
		w.At, w.Busy = now.UnixNano(), w.Busy+1
		return w.At + quiet<<min(w.Busy, 5), false, nil
	}
	was := index.Entry{Name: w.Name, Type: index.File, Blocks: decodeBlocks(w.Blocks), BlockSize: w.Class}
	for _, b := range was.Blocks {
		was.Size += int64(b.Size)
	}
	same, err := p.holds(ctx, w.Work, info, &was)
	if err != nil || same {
		return 0, false, err
	}
	if info.Kind != folderfs.File && info.Kind != folderfs.Symlink {
		return 0, false, nil
	}
	head, err = p.lateHead(ctx, w, &was)
	return 0, head, err
}

// lateHead makes a head of what was saved so late that it was displaced, or was
// written even after that: a version on top of the one that was to be displaced,
// beside whatever stands at the name.
func (p *Puller) lateHead(ctx context.Context, w *watched, was *index.Entry) (bool, error) {
	e, err := p.read(ctx, w.Work, w.Name, was)
	if err != nil {
		return false, err
	}
	work, err := p.renameWork(w.Work, e.Hash)
	if err != nil {
		return false, err
	}
	if err := p.opt.Fault("pull.late"); err != nil {
		return false, err
	}
	p.opt.OnEvent(Event{Kind: Saved, Name: w.Name, Work: work})
	held, err := p.idx.Local(ctx, w.Name)
	if err != nil || held == nil || p.opt.Direction == plan.ReceiveOnly || held.Flags&quietFlags != 0 {
		return false, err // kept where it is
	}
	base, err := index.ParseVersion(w.Base)
	if err != nil {
		return false, err
	}
	state, _, err := p.idx.State(ctx, w.Name)
	if err != nil {
		return false, err
	}
	if announces(&state, &e) {
		return false, nil // recorded, and the list was not shortened any more
	}
	id, err := p.idx.Identity(ctx)
	if err != nil {
		return false, err
	}
	by := plan.Author{Replica: id.Replica, Now: p.opt.Clock(), Names: p.opt.Author}
	maker := id.Replica
	e.Version = base.Bump(maker, by.Now, state.Versions()...)
	e.ModifiedBy, e.Parent = id.Replica, base
	if v := held.Entry.Version; e.Version.Dominates(v) || v.Counter(maker) > base.Counter(maker) {
		// What is held was made here as well, by somebody who knew nothing of
		// this: two versions of one replica would look like one after the other.
		// Or nothing was placed, and what somebody has saved at the name since
		// waits for a scan, which is to make a version beside this one of it.
		maker = maker.Shadow()
		e.Version = base.Bump(maker, by.Now, state.Versions()...)
	}
	var swallowed []index.Entry
	e.Version, swallowed = plan.Swallow(e.Version, base, maker, &state, by)
	derived, err := p.derived(ctx, w.Name, swallowed, nil)
	if err != nil {
		return false, err
	}
	// It never stands at the path: it is recorded, and what stands there again.
	stale, err := p.idx.Commit(ctx, []index.Change{
		{Base: held.Entry.Version, Entry: e, Derived: derived},
		{Base: e.Version, Entry: held.Entry, Disk: held.Disk, Flags: held.Flags},
	}, true)
	if err == nil && len(stale) > 0 {
		err = fmt.Errorf("index of %q changed meanwhile", w.Name)
	}
	return err == nil, err
}

// announces reports whether this device announces a version with that content.
func announces(s *index.State, e *index.Entry) bool {
	return slices.ContainsFunc(s.Heads, func(h index.Head) bool {
		return h.Ours && !h.Entry.Deleted && h.Entry.Type == e.Type && h.Entry.SameContent(e)
	})
}

// renamed returns what a displaced file is named by now, "" if it is gone.
func (p *Puller) renamed(work string) (string, error) {
	w, ok := folderfs.ParseWork(work)
	if !ok {
		return "", nil
	}
	byKey, err := p.displacedByKey()
	return byKey[w.Key], err
}

// quietFlags are those of what is not announced.
const quietFlags = index.Ignored | index.Unsupported | index.ReceiveOnlyChanged
