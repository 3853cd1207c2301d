package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/chunk"
)

// ErrRootEmptied ends a scan of a folder whose root is empty, without even the
// work directory, while the index holds names in it: more likely a file system
// that is not mounted than a person's wish.
var ErrRootEmptied = errors.New("folder root is empty")

// Options of a Scanner. The zero value is usable.
type Options struct {
	// Policy cuts the files of versions made here.
	Policy chunk.Policy
	// Ignore reports whether a name is ignored; nil ignores nothing. The work
	// directory is left out in any case. It is called by one goroutine.
	Ignore func(name string, dir bool) bool
	// Held reports whether a name is in flight, that is, being placed: it is
	// left out. nil stands for none.
	Held func(name string) bool
	// Parallel calls work for 0 to n-1 and returns when all have returned. nil
	// calls one after the other.
	Parallel func(n int, work func(i int))
	// Spawn starts a function that hashes beside the goroutine that reads. nil
	// lets the reader hash. What is spawned ends before Parallel's work does.
	Spawn func(func())
	// Now is the wall clock, for index.Disk.Seen; nil is time.Now.
	Now func() time.Time
	// PreviousRoot is the device number that the root's file system had when
	// the index was recorded, 0 if it is the same: numbers may change with a
	// restart, and what was recorded under the old one is no missing mount.
	PreviousRoot uint64
	Log          *slog.Logger
}

// Scanner scans one folder. It keeps nothing between scans and may run several,
// if their scopes do not overlap.
type Scanner struct {
	fs  folderfs.Reader
	idx index.Reader
	opt Options
}

// New returns a scanner of a folder and its index.
func New(fsys folderfs.Reader, idx index.Reader, opt Options) *Scanner {
	if opt.Ignore == nil {
		opt.Ignore = func(string, bool) bool { return false }
	}
	if opt.Held == nil {
		opt.Held = func(string) bool { return false }
	}
	if opt.Parallel == nil {
		opt.Parallel = func(n int, work func(int)) {
			for i := range n {
				work(i)
			}
		}
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Scanner{fs: fsys, idx: idx, opt: opt}
}

// pass is one Scan under way.
type pass struct {
	*Scanner
	ctx   context.Context
	caps  folderfs.Capabilities
	root  uint64 // device of the root's file system
	blank bool   // the index holds nothing, so nobody need ask it
	emit  func([]Found) error
	meter meter

	queue   []*candidate
	reading int64           // bytes to be read for the queue
	named   map[string]bool // names of scopes: something hints at a change there
	whole   cover           // what was looked at with all below, asked for or not
	frames  []frame
	// listings are directories listed to see how they spell names.
	listings map[string][]folderfs.Info
	gone     map[string]bool // directories reported as missing mounts
	claimed  map[string]bool // names that a rename was recognised from
	linked   []string        // other names of changed files
	looked   map[string]bool // linked names looked at
}

// Scan looks at scopes and calls emit with what it found, at most 1,000
// findings at a time; an error of emit ends the scan. progress, which may be
// nil, is called now and then, from one goroutine at a time.
//
// An error that wraps folderfs.ErrRootGone or ErrRootEmptied means that the
// root cannot be trusted; no removal seen after that was emitted. Other errors
// are those of the index and the context. What is wrong with one name is a
// Problem, not an error.
func (s *Scanner) Scan(ctx context.Context, scopes []Scope, emit func([]Found) error, progress func(Progress)) error {
	p := &pass{
		Scanner: s, ctx: ctx, caps: s.fs.Capabilities(), root: s.fs.Root().Device, emit: emit,
		meter: meter{report: progress}, named: map[string]bool{}, whole: cover{}, listings: map[string][]folderfs.Info{}, gone: map[string]bool{}, claimed: map[string]bool{}, looked: map[string]bool{},
	}
	counts, err := s.idx.Counts(ctx)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	live := counts.Files + counts.Directories + counts.Symlinks
	p.blank = live+counts.Tombstones == 0
	if live > 0 {
		err = p.trustRoot()
	} else {
		err = s.fs.CheckRoot()
	}
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	if err := p.run(scopes); err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	return nil
}

func (p *pass) run(scopes []Scope) error {
	scopes, err := p.plan(scopes)
	if err != nil {
		return err
	}
	if p.blank {
		p.measure(scopes)
	}
	for _, sc := range scopes {
		if p.whole.has(sc.Name) {
			continue
		}
		if err := p.scope(sc); err != nil {
			return err
		}
	}
	if err := p.flush(); err != nil {
		return err
	}
	// Names are added to linked only by names found changed, and each is looked
	// at once, so this ends.
	for len(p.linked) > 0 {
		name := p.linked[0]
		p.linked = p.linked[1:]
		if p.looked[name] || p.whole.has(name) {
			continue
		}
		p.looked[name] = true
		if err := p.scope(Scope{Name: name}); err != nil {
			return err
		}
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.meter.done()
	return nil
}

// trustRoot reports whether what is missing below the root may be believed.
func (p *pass) trustRoot() error {
	if err := p.fs.CheckRoot(); err != nil {
		return err
	}
	if _, err := p.fs.Lstat(folderfs.WorkDir); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names, err := p.fs.ReadDir("")
	if err == nil && len(names) == 0 {
		err = ErrRootEmptied
	}
	return err
}

// Limits of one batch.
const (
	maxFound   = 1000
	maxBlocks  = 100_000   // block hashes in one emitted batch, about 4 MB
	maxReading = 256 << 20 // bytes read between two calls of emit, or one file
)

// push queues a candidate, in the order of the walk.
func (p *pass) push(c *candidate) error {
	p.queue = append(p.queue, c)
	if c.examine {
		p.reading += c.info.Size
	}
	if len(p.queue) >= maxFound || p.reading >= maxReading {
		return p.flush()
	}
	return nil
}

// flush reads what has to be read of the queue, and emits it.
func (p *pass) flush() error {
	var files []*candidate
	removed := false
	for _, c := range p.queue {
		if c.examine {
			files = append(files, c)
		}
		removed = removed || c.found.Kind == Removed
	}
	p.opt.Parallel(len(files), func(i int) { files[i].err = p.examine(files[i]) })
	if removed {
		if err := p.trustRoot(); err != nil {
			return err
		}
	}
	var batch []Found
	blocks := 0
	for _, c := range p.queue {
		if c.err != nil {
			return c.err
		}
		if err := p.conclude(c); err != nil {
			return err
		}
		if len(batch) > 0 && blocks+len(c.found.Entry.Blocks) > maxBlocks {
			if err := p.emit(batch); err != nil {
				return err
			}
			batch, blocks = nil, 0
		}
		batch = append(batch, c.found)
		blocks += len(c.found.Entry.Blocks)
	}
	p.queue, p.reading = nil, 0
	if len(batch) == 0 {
		return p.ctx.Err()
	}
	return p.emit(batch)
}
