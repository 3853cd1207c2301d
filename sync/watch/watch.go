package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/internal/folderfs"
)

// Batch is what to look at next.
type Batch struct {
	// Names may have changed, appeared or gone, themselves alone. They and the
	// subtrees are spelled as the disk does, sorted; "" is the root.
	Names []string
	// Subtrees are directories to be scanned with all that is below them.
	Subtrees []string
	// Problem says, in one sentence, why some directories are not watched and
	// what to do about it; "" if all are.
	Problem string
	// Unwatched are the topmost directories that are not watched. They come as
	// Subtrees at every Options.Poll. Problem and Unwatched stand in every batch
	// as long as they hold.
	Unwatched []string
}

// Options of a Watcher.
type Options struct {
	// FS is the folder's view that directories are listed through. Required.
	FS folderfs.Reader
	// Ignore reports names whose events do not matter, by the index's spelling;
	// ignored directories are not watched. nil ignores nothing. The work
	// directory is left out in any case.
	Ignore func(name string, dir bool) bool
	// Poll is how often what cannot be watched is asked for; 10 s if zero.
	Poll time.Duration
	Log  *slog.Logger
}

// Watcher watches one folder.
type Watcher struct {
	root string
	opt  Options
	open func() (*source, error)

	ignore chan struct{} // has a token after SetIgnore
	mu     sync.Mutex
	match  func(name string, dir bool) bool // guarded by mu
}

// source is where events come from: fsnotify, but for tests.
type source struct {
	events <-chan fsnotify.Event
	errors <-chan error
	add    func(path string) error
	remove func(path string) error
	close  func() error
}

func openSource() (*source, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &source{events: w.Events, errors: w.Errors, add: w.Add, remove: w.Remove, close: w.Close}, nil
}

// New returns a watcher of the folder whose root is the directory at path root,
// as the operating system spells it.
func New(root string, opt Options) *Watcher {
	if opt.Poll <= 0 {
		opt.Poll = 10 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{root: filepath.Clean(root), opt: opt, open: openSource, ignore: make(chan struct{}, 1)}
	w.match = opt.Ignore
	return w
}

// SetIgnore replaces Options.Ignore; a running watcher takes down and sets up
// watches accordingly.
func (w *Watcher) SetIgnore(match func(name string, dir bool) bool) {
	w.mu.Lock()
	w.match = match
	w.mu.Unlock()
	select {
	case w.ignore <- struct{}{}:
	default: // one is on its way
	}
}

// ignored asks the ignore function about a name as the disk spells it.
func (w *Watcher) ignored(name string, dir bool) bool {
	if first, _, _ := strings.Cut(name, "/"); first == folderfs.WorkDir {
		return true
	}
	w.mu.Lock()
	match := w.match
	w.mu.Unlock()
	return match != nil && name != "" && match(norm.NFC.String(name), dir)
}

// Run watches until ctx ends. emit is called from one goroutine, never before
// the call before has returned; its first batch asks for the whole folder as
// soon as all watches stand, so that a scan made for it misses nothing. An
// error of emit ends Run. If the root is gone Run ends with an error that wraps
// folderfs.ErrRootGone.
func (w *Watcher) Run(ctx context.Context, emit func(Batch) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	batches, idle := make(chan Batch), make(chan struct{})
	var deliverer sync.WaitGroup
	deliverer.Go(func() {
		for b := range batches {
			if err := emit(b); err != nil {
				cancel(fmt.Errorf("take in file events: %w", err))
				return
			}
			select {
			case idle <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	})
	l := &loop{Watcher: w, batches: batches, idle: idle, events: newCoalescer(), tree: newTree()}
	err := l.run(ctx)
	cancel(nil)
	close(batches)
	deliverer.Wait()
	return err
}

// name turns a path from the source into a name; false for those outside.
func (w *Watcher) name(path string) (string, bool) {
	if path == w.root {
		return "", true
	}
	prefix := w.root
	if !strings.HasSuffix(prefix, string(filepath.Separator)) {
		prefix += string(filepath.Separator)
	}
	rest, ok := strings.CutPrefix(path, prefix)
	return filepath.ToSlash(rest), ok && rest != ""
}

func (w *Watcher) path(name string) string {
	return filepath.Join(w.root, filepath.FromSlash(name))
}

// errRestart asks the loop to make all watches anew.
var errRestart = errors.New("file events were lost")
