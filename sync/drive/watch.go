package drive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/watch"
)

// codeUnwatched is the code of directories that are only scanned.
const codeUnwatched = "unwatched"

// Watcher tells what may have changed on disk; see watch.Watcher.
type Watcher interface {
	// Run calls emit for each batch until ctx ends or emit fails.
	Run(ctx context.Context, emit func(watch.Batch) error) error
	// SetIgnore replaces the rules for what need not be watched.
	SetIgnore(match func(name string, dir bool) bool)
}

// watching is what is known of the watcher.
type watching struct {
	mu        sync.Mutex // guards all below
	runs      bool
	problem   string
	unwatched []string
}

func (w *watching) note(b watch.Batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs, w.problem, w.unwatched = true, b.Problem, b.Unwatched
}

func (w *watching) state() (runs bool, problems []plan.Problem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.problem != "" {
		name := ""
		if len(w.unwatched) > 0 {
			name = w.unwatched[0]
		}
		problems = append(problems, plan.Problem{Name: name, Code: codeUnwatched, Text: w.problem})
	}
	return w.runs && w.problem == "", problems
}

// watch feeds file events to the engine.
func (f *Folder) watch(ctx context.Context) error {
	err := f.watcher.Run(ctx, func(b watch.Batch) error {
		f.watching.note(b)
		ev := engine.Changed{}
		for _, name := range b.Names {
			if len(b.Names) <= fewNames && f.gone(name) {
				ev.Gone = append(ev.Gone, name)
				continue
			}
			ev.Scopes = append(ev.Scopes, engine.Scope{Name: name})
		}
		for _, name := range b.Subtrees {
			ev.Scopes = append(ev.Scopes, engine.Scope{Name: name, Recursive: true})
		}
		if len(ev.Scopes)+len(ev.Gone) == 0 {
			return nil
		}
		return f.post(ctx, ev)
	})
	if errors.Is(err, folderfs.ErrRootGone) {
		return fmt.Errorf("%w %s: %w", ErrRoot, f.opt.Root, err)
	}
	return err
}

// fewNames is up to how many names of a batch are looked at for directories
// that were renamed. More come of many files, of which each tells for itself.
const fewNames = 64

// gone reports whether nothing stands at a name any more.
func (f *Folder) gone(name string) bool {
	_, err := f.opt.FS.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// setWatchRules lets the watcher go by the ignore rules in force.
func (f *Folder) setWatchRules() { f.watcher.SetIgnore(f.rules.match) }
