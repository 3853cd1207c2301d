package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/labsync/labsync/integration/bench/observe"
	"github.com/labsync/labsync/integration/bench/report"
	"github.com/labsync/labsync/integration/bench/tool"
)

// Devices are quiet when twice in a row they used next to nothing.
const (
	quietCPU   = 10 * time.Millisecond // of CPU time per sizes.breath
	quietAfter = 30 * time.Second      // they are called quiet
)

// askEvery is how often a tool is asked how it is, where it has to be.
const askEvery = 20 * time.Millisecond

// fixture is what one measurement works with.
type fixture struct {
	dir     string // its own
	sizes   sizes
	ownNet  bool
	seed    uint64
	column  string
	nodes   int
	cluster tool.Cluster // nil for the floor
	tree    observe.Tree // what the folders hold
	result  report.Result
}

// stage is a path outside the folders on their file system: what is made there
// appears in a folder at once, by rename.
func (f *fixture) stage(name string) string { return filepath.Join(f.dir, name) }

func (f *fixture) folder(name string) string { return filepath.Join(f.cluster.Folder(0), name) }

// up starts all devices and waits until they know each other and are quiet.
func (f *fixture) up(ctx context.Context) error {
	for i := range f.nodes {
		if err := f.cluster.Start(i); err != nil {
			return err
		}
	}
	if err := poll(ctx, "the devices to meet", func() (bool, error) { return f.cluster.Linked(ctx) }); err != nil {
		return err
	}
	return f.quiet(ctx)
}

// change is what a row does to folders; it returns what they should then hold.
type change func() (observe.Tree, error)

// arrive is a change: the file or tree at a staged path appears in device 0's
// folder under a name.
func (f *fixture) arrive(staged, name string) (change, error) {
	info, err := os.Lstat(staged)
	if err != nil {
		return nil, err
	}
	want := observe.Tree{}
	if info.IsDir() {
		inside, err := observe.Read(staged)
		if err != nil {
			return nil, err
		}
		want = inside.Moved("", name)
	} else {
		it, _, err := observe.Look(filepath.Dir(staged), filepath.Base(staged))
		if err != nil {
			return nil, err
		}
		want[name] = it
	}
	for old, it := range f.tree {
		if _, ok := want[old]; !ok {
			want[old] = it
		}
	}
	return func() (observe.Tree, error) { return want, os.Rename(staged, f.folder(name)) }, nil
}

// fill is a change whose cost nobody asks for, up to quiet.
func (f *fixture) fill(ctx context.Context, do change) error {
	kept := f.result
	err := f.measure(ctx, do)
	f.result = kept
	return err
}

// measure makes a change and waits until the other devices' folders hold its
// outcome, those of the devices also too, then until all devices are quiet, and
// notes what that took.
func (f *fixture) measure(ctx context.Context, do change, also ...int) error {
	f.flush()
	before, err := f.reading()
	if err != nil {
		return err
	}
	begin := time.Now()
	want, err := do()
	if err != nil {
		return err
	}
	if err := f.cluster.Carry(ctx); err != nil {
		return err
	}
	out, err := observe.Await(ctx, f.tree, want, f.cluster.Folder(0), f.folders(also...)...)
	if err != nil {
		return err
	}
	f.tree = want
	f.result.Seconds, f.result.Resolution = out.At.Sub(begin).Seconds(), out.Resolution.Seconds()
	if err := f.quiet(ctx); err != nil {
		return err
	}
	return f.note(before)
}

// folders lists the folders of all devices but the first, and of some more.
func (f *fixture) folders(also ...int) (dirs []string) {
	for i := 1; i < f.nodes; i++ {
		dirs = append(dirs, f.cluster.Folder(i))
	}
	for _, i := range also {
		dirs = append(dirs, f.cluster.Folder(i))
	}
	return dirs
}

// reading is the state of all meters.
type reading struct {
	usage observe.Usage
	peak  int64
	busy  time.Duration
	self  time.Duration
	sent  int64
}

func (f *fixture) reading() (r reading, err error) {
	for i := range f.nodes {
		u, err := f.cluster.Usage(i)
		if err != nil {
			return r, err
		}
		r.usage, r.peak = r.usage.Plus(u), max(r.peak, u.PeakRSS)
	}
	if r.busy, err = observe.Busy(); err != nil {
		return r, err
	}
	if r.self, err = observe.Self(); err != nil {
		return r, err
	}
	r.sent, err = observe.Sent()
	return r, err
}

// note writes down what the meters say since an earlier reading.
func (f *fixture) note(before reading) error {
	now, err := f.reading()
	if err != nil {
		return err
	}
	f.result.CPU = (now.usage.CPU - before.usage.CPU).Seconds()
	f.result.Looking = (now.self - before.self).Seconds()
	f.result.Others = max(0, (now.busy-before.busy).Seconds()-f.result.CPU-f.result.Looking)
	f.result.PeakRSS = now.peak
	if f.ownNet {
		wire := now.sent - before.sent
		f.result.Wire = &wire
	}
	return nil
}

// quiet waits until the devices have nothing left to do.
func (f *fixture) quiet(ctx context.Context) error {
	last, calm := time.Duration(-1), 0
	for end := time.Now().Add(quietAfter); calm < 2 && time.Now().Before(end); {
		r, err := f.reading()
		if err != nil {
			return err
		}
		if calm++; r.usage.CPU-last > quietCPU {
			calm = 0
		}
		last = r.usage.CPU
		if err := observe.Pause(ctx, f.sizes.breath); err != nil {
			return err
		}
	}
	return nil
}

// flush writes out what is dirty, so that no measurement pays for what was
// prepared before it.
func (f *fixture) flush() {
	if !f.sizes.trial {
		syncAll()
	}
}

// poll asks until the answer is yes.
func poll(ctx context.Context, what string, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ok && err == nil {
			return nil
		}
		if perr := observe.Pause(ctx, askEvery); err != nil || perr != nil {
			return fmt.Errorf("wait for %s: %w", what, errors.Join(err, perr))
		}
	}
}
