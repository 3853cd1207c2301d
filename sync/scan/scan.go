package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
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
	// Parallel calls work for 0 to n-1 and returns when all have returned. nil
	// calls one after the other.
	Parallel func(n int, work func(i int))
	// Spawn starts a function in another goroutine, so that large files are
	// hashed on all processors, and one batch is emitted while the next is
	// hashed. nil does one after the other. What is spawned ends before Scan.
	Spawn func(func())
	// Page is how many names are asked of the index at a time; 0 is 1,000.
	Page int
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
	if opt.Page == 0 {
		opt.Page = 1000
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

	queue    []*candidate
	files    int        // of the queue that are to be read
	reading  int64      // bytes of them
	scopes   []Scope    // all to be scanned
	since    time.Time  // when the scan began
	measured bool       // what there is to hash was summed up
	hashers  sync.Pool  // of *chunk.Hasher
	sending  chan error // has the result of emit for the batch on its way; nil if none is
	spawned  sync.WaitGroup
	named    map[string]bool // names of scopes: something hints at a change there
	whole    cover           // what was looked at with all below, asked for or not
	frames   []frame
	alone    map[string]*index.Held // by name, nil if nothing is held: see readAlone
	// listings are directories listed to see how they spell names.
	listings map[string][]folderfs.Info
	gone     map[string]bool // directories reported as missing mounts
	claimed  map[string]bool // names that a rename was recognised from
	linked   []string        // other names of changed files
	looked   map[string]bool // linked names looked at
}

// Scan looks at scopes and calls emit with what it found, at most 1,000
// findings at a time and from one goroutine at a time; an error of emit ends
// the scan. progress, which may be nil, is called now and then, from one
// goroutine at a time.
//
// An error that wraps folderfs.ErrRootGone or ErrRootEmptied means that the
// root cannot be trusted; no removal seen after that was emitted. Other errors
// are those of the index and the context. What is wrong with one name is a
// Problem, not an error.
func (s *Scanner) Scan(ctx context.Context, scopes []Scope, emit func([]Found) error, progress func(Progress)) error {
	p := &pass{
		Scanner: s, ctx: ctx, caps: s.fs.Capabilities(), root: s.fs.Root().Device, emit: emit, since: s.opt.Now(),
		meter: meter{report: progress}, named: map[string]bool{}, whole: cover{}, listings: map[string][]folderfs.Info{}, gone: map[string]bool{},
		alone: map[string]*index.Held{}, claimed: map[string]bool{}, looked: map[string]bool{},
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
	defer p.spawned.Wait()
	err = p.run(scopes)
	if failed := p.sent(); err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	p.meter.done()
	return nil
}

func (p *pass) run(scopes []Scope) error {
	scopes, err := p.plan(scopes)
	if err != nil {
		return err
	}
	p.scopes = scopes
	for i, sc := range scopes {
		if i%aloneAtOnce == 0 {
			if err := p.readAlone(scopes[i:min(i+aloneAtOnce, len(scopes))]); err != nil {
				return err
			}
		}
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
	clear(p.alone) // what was emitted may be held by now
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
