package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/integration/bench/corpus"
	"github.com/labsync/labsync/integration/bench/observe"
	"github.com/labsync/labsync/integration/bench/report"
)

// Edits of files that all devices have.

func (f *fixture) holdEdited(ctx context.Context) error {
	return f.hold(ctx, func(path string) error { return corpus.File(path, f.sizes.edited, f.seed) })
}

func insertByte(ctx context.Context, f *fixture) error {
	if err := f.holdEdited(ctx); err != nil {
		return err
	}
	saved := f.stage("saved")
	if err := corpus.Insert(f.folder(data), saved, 0, []byte("x")); err != nil {
		return err
	}
	do, err := f.arrive(saved, data)
	if err != nil {
		return err
	}
	return f.measure(ctx, do)
}

func appendBytes(ctx context.Context, f *fixture) error {
	if err := f.holdEdited(ctx); err != nil {
		return err
	}
	return f.measure(ctx, func() (observe.Tree, error) { return f.overwrite(0, data, f.sizes.edited, 1<<20) })
}

func patchBytes(ctx context.Context, f *fixture) error {
	if err := f.holdEdited(ctx); err != nil {
		return err
	}
	return f.measure(ctx, func() (observe.Tree, error) { return f.overwrite(0, data, f.sizes.edited/2, 4<<10) })
}

// overwrite writes into one file of device i, in place.
func (f *fixture) overwrite(i int, name string, off int64, n int) (observe.Tree, error) {
	if err := corpus.Overwrite(filepath.Join(f.cluster.Folder(i), name), off, n, f.seed+1); err != nil {
		return nil, err
	}
	want := maps.Clone(f.tree)
	return want, f.seen(i, name, want)
}

// seen notes in a tree how a name is on device i.
func (f *fixture) seen(i int, name string, in observe.Tree) error {
	it, _, err := observe.Look(f.cluster.Folder(i), name)
	in[name] = it
	return err
}

// bothSides edits every other file here and the rest there, at the same time.
func bothSides(ctx context.Context, f *fixture) error {
	if err := f.holdSmall(ctx, f.sizes.both); err != nil {
		return err
	}
	var files []string
	for name, it := range f.tree {
		if it.Mode.IsRegular() {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return f.measure(ctx, func() (observe.Tree, error) {
		var g errgroup.Group
		for side := range 2 {
			g.Go(func() error { return f.editEveryOther(side, files) })
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		want := maps.Clone(f.tree)
		for k, name := range files {
			if err := f.seen(k%2, name, want); err != nil {
				return nil, err
			}
		}
		return want, nil
	}, 0)
}

func (f *fixture) editEveryOther(side int, files []string) error {
	for k := side; k < len(files); k += 2 {
		path := filepath.Join(f.cluster.Folder(side), filepath.FromSlash(files[k]))
		if err := corpus.Overwrite(path, 0, 512, f.seed+uint64(k)+2); err != nil {
			return err
		}
	}
	return nil
}

// Saves are far enough apart that each finds the devices quiet, and at no fixed
// phase of any timer. A default watcher delay would make the row an hour long:
// fewer saves tell as much.
const (
	betweenSaves = 300 * time.Millisecond
	savedBytes   = 4 << 10
	fewSaves     = 10
	lookEvery    = 200 * time.Microsecond
)

// latency saves a file again and again and looks when it is there.
func latency(ctx context.Context, f *fixture) error {
	if err := f.hold(ctx, func(path string) error { return corpus.File(path, savedBytes, f.seed) }); err != nil {
		return err
	}
	before, err := f.reading()
	if err != nil {
		return err
	}
	saves := f.sizes.saves
	if f.column == report.Syncthing10 {
		saves = min(saves, fewSaves)
	}
	r := rand.New(rand.NewPCG(f.seed, 3))
	for k := range saves {
		if err := observe.Pause(ctx, betweenSaves+time.Duration(r.Int64N(int64(betweenSaves)))); err != nil {
			return err
		}
		content := bytes.Repeat([]byte(fmt.Sprintf("save %04d.\n", k)), savedBytes/11)
		begin := time.Now()
		if err := os.WriteFile(f.folder(data), content, 0o644); err != nil {
			return err
		}
		if err := f.visible(ctx, content); err != nil {
			return err
		}
		f.result.Samples = append(f.result.Samples, time.Since(begin).Seconds())
	}
	sorted := slices.Sorted(slices.Values(f.result.Samples))
	f.result.Seconds = sorted[len(sorted)/2]
	f.result.Resolution = lookEvery.Seconds()
	f.result.Set(report.Median, f.result.Seconds)
	f.result.Set(report.P95, sorted[len(sorted)*95/100])
	return f.note(before)
}

// visible waits until the other device has the content.
func (f *fixture) visible(ctx context.Context, content []byte) error {
	want, _, err := observe.Look(f.cluster.Folder(0), data)
	if err != nil {
		return err
	}
	for {
		got, _, err := observe.Look(f.cluster.Folder(1), data)
		if err != nil {
			return err
		}
		if got == want {
			there, err := os.ReadFile(filepath.Join(f.cluster.Folder(1), data))
			if err != nil || bytes.Equal(there, content) {
				return err
			}
		}
		if err := observe.Pause(ctx, lookEvery); err != nil {
			return err
		}
	}
}
