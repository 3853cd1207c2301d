package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/labsync/labsync/internal/folderfs"
)

// loop is a Run under way. All of it belongs to Run's goroutine.
type loop struct {
	*Watcher
	batches chan<- Batch
	idle    <-chan struct{}
	busy    bool // the deliverer has a batch

	src       *source
	events    *coalescer
	tree      *tree
	unwatched map[string]struct{} // topmost directories without a watch
	started   time.Time           // when the watches were last made
	polled    time.Time
	problem   string
}

func (l *loop) run(ctx context.Context) error {
	defer func() { l.closeSource() }()
	if err := l.start(ctx); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := l.deliver(ctx); err != nil {
			return err
		}
		l.arm(timer)
		err := l.wait(ctx, timer)
		if errors.Is(err, errRestart) {
			l.opt.Log.Info("file events were lost, scanning the folder", "root", l.root)
			err = l.restart(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// wait handles the next thing that happens.
func (l *loop) wait(ctx context.Context, timer *time.Timer) error {
	var events <-chan fsnotify.Event
	var failures <-chan error
	if l.src != nil {
		events, failures = l.src.events, l.src.errors
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case ev, ok := <-events:
		if !ok {
			return errRestart
		}
		return l.event(ctx, ev)
	case err, ok := <-failures:
		if ok {
			l.opt.Log.Debug("file events", "root", l.root, "error", err)
		}
		return errRestart
	case <-l.idle:
		l.busy = false
	case <-timer.C:
		return l.poll(ctx)
	case <-l.ignore:
		l.reconsider(ctx)
	}
	return nil
}

// arm sets the timer for what is due next. While the deliverer is busy nothing
// can be delivered, so nothing is due.
func (l *loop) arm(timer *time.Timer) {
	at := l.polled.Add(l.opt.Poll)
	if due, ok := l.events.next(); ok && !l.busy {
		at = earlier(at, due)
	}
	timer.Reset(time.Until(at))
}

// deliver hands on what is due, if the deliverer is free.
func (l *loop) deliver(ctx context.Context) error {
	if l.busy {
		return nil
	}
	names, trees := l.events.due(time.Now())
	if len(names)+len(trees) == 0 {
		return nil
	}
	b := Batch{Names: names, Subtrees: trees, Problem: l.problem, Unwatched: slices.Sorted(maps.Keys(l.unwatched))}
	select {
	case l.batches <- b:
		l.busy = true
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// start opens the source anew, watches the whole folder and asks for all of it.
func (l *loop) start(ctx context.Context) error {
	l.closeSource()
	l.tree, l.unwatched, l.problem = newTree(), map[string]struct{}{}, ""
	if err := l.opt.FS.CheckRoot(); err != nil {
		return fmt.Errorf("watch %s: %w", l.root, err)
	}
	l.started = time.Now()
	l.polled = l.started
	src, err := l.open()
	if err == nil {
		l.src = src
		l.watch(ctx, "")
	} else {
		l.opt.Log.Warn("no file events", "root", l.root, "error", err)
		l.unwatched[""] = struct{}{}
		l.problem = noInstance(err, l.opt.Poll)
	}
	if !l.opt.FS.Capabilities().Watchable && len(l.unwatched) == 0 {
		l.unwatched[""] = struct{}{}
		l.problem = fmt.Sprintf("The file system of %s does not report what other computers change, so the folder is scanned every %v.", l.root, l.opt.Poll)
	}
	l.describe(ctx)
	l.events.tree("", time.Now())
	return ctx.Err()
}

// restart starts anew, but not more often than the folder could be scanned: a
// burst that lost events is likely to go on, and nothing is missed by waiting.
func (l *loop) restart(ctx context.Context) error {
	const pause = time.Second
	l.closeSource()
	timer := time.NewTimer(time.Until(l.started.Add(pause)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return l.start(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *loop) closeSource() {
	if l.src != nil {
		if err := l.src.close(); err != nil {
			l.opt.Log.Debug("close file events", "root", l.root, "error", err)
		}
		l.src = nil
	}
}

// watch adds watches to a directory and all below it that have none. The watch
// comes before the listing, so a directory made meanwhile is in one of the two.
func (l *loop) watch(ctx context.Context, dir string) {
	if ctx.Err() != nil || l.src == nil {
		return
	}
	if !l.tree.has(dir) {
		switch err := l.src.add(l.path(dir)); {
		case err == nil:
			l.tree.add(dir)
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, folderfs.ErrNotDirectory):
			return // gone again; the event of that is on its way
		default:
			l.opt.Log.Debug("cannot watch", "directory", dir, "error", err)
			l.unwatched[dir] = struct{}{}
			if why := cannotAdd(err); why == tooMany || l.problem == "" {
				l.problem = why
			}
			return
		}
	}
	below, err := folderfs.Subdirectories(l.opt.FS, dir)
	if err != nil {
		return // a scan reports what cannot be read
	}
	for _, base := range below {
		if name := join(dir, base); !l.ignored(name, true) {
			l.watch(ctx, name)
		}
	}
}

// unwatch drops the watches of a directory and all below it.
func (l *loop) unwatch(dir string) {
	l.tree.remove(dir, func(dir string) {
		// It fails if the kernel dropped the watch with the directory.
		_ = l.src.remove(l.path(dir))
	})
	for name := range l.unwatched {
		if within(name, dir) {
			delete(l.unwatched, name)
		}
	}
}

// event takes in one event.
func (l *loop) event(ctx context.Context, ev fsnotify.Event) error {
	name, ok := l.name(ev.Name)
	if !ok || name == "" {
		// A watch that ended, or the root itself.
		if err := l.opt.FS.CheckRoot(); err != nil {
			return fmt.Errorf("watch %s: %w", l.root, err)
		}
		return nil
	}
	now := time.Now()
	if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
		l.unwatch(name)
	}
	if ev.Has(fsnotify.Create) {
		if in, err := l.opt.FS.Lstat(name); err == nil && in.Kind == folderfs.Directory {
			if !l.ignored(name, true) {
				l.unwatch(name) // of another directory that had the name
				l.watch(ctx, name)
				l.describe(ctx)
				l.events.tree(name, now)
			}
			return nil
		}
	}
	if !l.ignored(name, l.tree.has(name)) {
		l.events.note(name, now)
	}
	return nil
}

// poll asks for what is not watched, and tries again to watch it.
func (l *loop) poll(ctx context.Context) error {
	now := time.Now()
	if now.Before(l.polled.Add(l.opt.Poll)) {
		return nil
	}
	l.polled = now
	if err := l.opt.FS.CheckRoot(); err != nil {
		return fmt.Errorf("watch %s: %w", l.root, err)
	}
	if len(l.unwatched) == 0 {
		return nil
	}
	if l.src == nil {
		if src, err := l.open(); err == nil {
			l.src = src
		}
	}
	for dir := range l.unwatched {
		l.events.tree(dir, now)
	}
	l.retry(ctx)
	return nil
}

// retry tries to watch what could not be watched.
func (l *loop) retry(ctx context.Context) {
	if l.src == nil || !l.opt.FS.Capabilities().Watchable {
		return
	}
	before, problem := slices.Sorted(maps.Keys(l.unwatched)), l.problem
	clear(l.unwatched)
	l.problem = ""
	for _, dir := range before {
		l.watch(ctx, dir)
	}
	if slices.Equal(before, slices.Sorted(maps.Keys(l.unwatched))) {
		l.problem = problem // and no need to count again
		return
	}
	l.describe(ctx)
}

// reconsider follows a change of what is ignored.
func (l *loop) reconsider(ctx context.Context) {
	var gone []string
	for dir := range l.tree.children {
		if l.ignored(dir, true) {
			gone = append(gone, dir)
		}
	}
	for _, dir := range gone {
		l.unwatch(dir)
	}
	for dir := range l.unwatched {
		if l.ignored(dir, true) {
			delete(l.unwatched, dir)
		}
	}
	l.watch(ctx, "")
	l.describe(ctx)
	l.events.tree("", time.Now())
}

// describe completes the problem of an exhausted limit with the numbers.
func (l *loop) describe(ctx context.Context) {
	if l.problem != tooMany {
		return
	}
	missing := 0
	for dir := range l.unwatched {
		missing += l.count(ctx, dir)
	}
	l.problem = exhausted(missing, l.tree.len()+missing, l.opt.Poll)
}

// count returns how many directories there are at and below dir.
func (l *loop) count(ctx context.Context, dir string) int {
	n := 1
	below, err := folderfs.Subdirectories(l.opt.FS, dir)
	if err != nil || ctx.Err() != nil {
		return n
	}
	for _, base := range below {
		if name := join(dir, base); !l.ignored(name, true) {
			n += l.count(ctx, name)
		}
	}
	return n
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
