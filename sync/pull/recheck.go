package pull

import (
	"context"
	"fmt"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
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
// to call it again (zero: after the next Place) and how many heads were made. A
// file that cannot be looked at is looked at again later, and in the way of no other.
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
	r := round{Puller: p, now: now}
	for n := p.watch.first; n < p.watch.next && !r.isOver(ctx); n++ {
		if err := r.batch(ctx, n); err != nil {
			return time.Time{}, r.heads, err
		}
	}
	if err := p.dropWatched(ctx); err != nil {
		return time.Time{}, r.heads, err
	}
	if r.done == recheckFiles {
		r.due = now.UnixNano() // perhaps there are more
	}
	if r.due != 0 {
		next = time.Unix(0, r.due)
	}
	return next, r.heads, ctx.Err()
}

// round is one call of Recheck.
type round struct {
	*Puller
	now   time.Time
	done  int               // files that need not be looked at again
	heads int               // of them, those that became one
	due   int64             // when the first of the others is to be looked at, 0 for never
	byKey map[string]string // displaced files, once they are needed
}

func (r *round) isOver(ctx context.Context) bool { return ctx.Err() != nil || r.done == recheckFiles }

// batch looks at the files of batch n. What need not be looked at again is taken
// off the list in the store once all of it was looked at, and as soon as there
// is a head more: it would be made twice.
func (r *round) batch(ctx context.Context, n uint64) error {
	was := r.watch.batches[n]
	rest := make([]watched, 0, len(was))
	changed, heads := false, r.heads
	i := 0
	for ; i < len(was) && !r.isOver(ctx); i++ {
		w := was[i]
		again, head, err := r.recheck(ctx, &w)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			r.opt.Log.Warn("a displaced file could not be looked at, and will be again", "name", w.Name, "work", w.Work, "err", err)
			w.At, w.Busy = r.now.UnixNano(), w.Busy+1
			again = w.At + r.wait(&w)
		}
		if head {
			r.heads++
		}
		changed = changed || again == 0 || w.At != was[i].At || w.Work != was[i].Work
		if again == 0 {
			r.done++
			continue
		}
		rest = append(rest, w)
		if r.due == 0 || again < r.due {
			r.due = again
		}
	}
	whole := i == len(was)
	r.watch.batches[n] = append(rest, was[i:]...)
	if changed && whole || r.heads > heads {
		return r.storeBatch(context.WithoutCancel(ctx), n)
	}
	return nil
}

// wait is how long a file is left alone: a program may keep it open for days.
func (r *round) wait(w *watched) int64 { return r.opt.Quiet.Nanoseconds() << min(w.Busy, 5) }

// recheck looks at one file and returns when to look again, 0 for never.
func (r *round) recheck(ctx context.Context, w *watched) (again int64, head bool, err error) {
	info, err := r.fs.Lstat(w.Work)
	if isGone(err) {
		// It was named after what is in it, and perhaps no more than that.
		if w.Work, err = r.renamed(w.Work); err != nil || w.Work == "" {
			return 0, false, err
		}
		info, err = r.fs.Lstat(w.Work)
	}
	if err != nil {
		return 0, false, err
	}
	now := r.now.UnixNano()
	if info.Size != w.Size || info.Mtime != w.Mtime {
		w.Size, w.Mtime, w.At, w.Busy = info.Size, info.Mtime, now, 0
	}
	w.At = min(w.At, now) // the clock was ahead
	if at := w.At + r.wait(w); now < at {
		return at, false, nil
	}
	if busy, err := r.fs.Busy(w.Work); err == nil && busy {
		w.At, w.Busy = now, w.Busy+1
		return w.At + r.wait(w), false, nil
	}
	was := index.Entry{Name: w.Name, Type: index.File, Blocks: decodeBlocks(w.Blocks), BlockSize: w.Class}
	for _, b := range was.Blocks {
		was.Size += int64(b.Size)
	}
	same, err := r.holds(ctx, w.Work, info, &was)
	if err != nil || same {
		return 0, false, err
	}
	if info.Kind != folderfs.File && info.Kind != folderfs.Symlink {
		return 0, false, nil
	}
	head, err = r.lateHead(ctx, w, &was)
	return 0, head, err
}

// renamed returns what a displaced file is named by now, "" if it is gone.
func (r *round) renamed(work string) (name string, err error) {
	w, ok := folderfs.ParseWork(work)
	if !ok {
		return "", nil
	}
	if r.byKey == nil {
		r.byKey, err = r.displacedByKey()
	}
	return r.byKey[w.Key], err
}
