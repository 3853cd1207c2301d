package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/labsync/labsync/integration/bench/corpus"
	"github.com/labsync/labsync/integration/bench/floor"
	"github.com/labsync/labsync/integration/bench/observe"
	"github.com/labsync/labsync/integration/bench/report"
	"github.com/labsync/labsync/sync/chunk"
)

// Scans, restarts, and doing nothing. Whether a scan is over cannot be seen from
// outside: here the tools are asked.

// scanFiles is how many files the bytes of the big scan lie in.
const scanFiles = 4

func (f *fixture) scanPaths(in string) (paths []string) {
	for i := range scanFiles {
		paths = append(paths, filepath.Join(in, fmt.Sprintf("data%d.bin", i)))
	}
	return paths
}

func (f *fixture) makeScanFiles(in string) error {
	for i, path := range f.scanPaths(in) {
		if err := corpus.File(path, f.sizes.scan, f.seed*scanFiles+uint64(i)); err != nil {
			return err
		}
	}
	return nil
}

func scanBig(ctx context.Context, f *fixture) error {
	if err := f.makeScanFiles(f.cluster.Folder(0)); err != nil {
		return err
	}
	return f.scanned(ctx)
}

func scanTree(ctx context.Context, f *fixture) error {
	if err := corpus.Source(f.folder(data), f.sizes.tree, f.sizes.treeBytes, f.seed); err != nil {
		return err
	}
	return f.scanned(ctx)
}

// scanned measures from the start of all devices to the end of their scans. With
// more than one they have to have met as well.
func (f *fixture) scanned(ctx context.Context) error {
	f.flush()
	before, err := f.reading()
	if err != nil {
		return err
	}
	before.usage = observe.Usage{} // of processes that ended; those to come count from 0
	begin := time.Now()
	for i := range f.nodes {
		if err := f.cluster.Start(i); err != nil {
			return err
		}
	}
	for i := range f.nodes {
		if err := poll(ctx, "the scan", func() (bool, error) {
			files, done, err := f.cluster.Scanned(ctx, i)
			return done && files > 0, err
		}); err != nil {
			return err
		}
	}
	if f.nodes > 1 {
		if err := poll(ctx, "the devices to meet", func() (bool, error) { return f.cluster.Linked(ctx) }); err != nil {
			return err
		}
	}
	f.result.Seconds, f.result.Resolution = time.Since(begin).Seconds(), askEvery.Seconds()
	if err := f.quiet(ctx); err != nil {
		return err
	}
	return f.note(before)
}

func floorScan(ctx context.Context, f *fixture) error {
	if err := f.makeScanFiles(f.dir); err != nil {
		return err
	}
	return f.hashed(ctx, f.scanPaths(f.dir))
}

func floorScanTree(ctx context.Context, f *fixture) error {
	if err := corpus.Source(f.stage("staged"), f.sizes.tree, f.sizes.treeBytes, f.seed); err != nil {
		return err
	}
	var paths []string
	err := filepath.WalkDir(f.stage("staged"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	return f.hashed(ctx, paths)
}

// hashed measures the hashing alone that a scan cannot do without.
func (f *fixture) hashed(ctx context.Context, paths []string) error {
	f.flush()
	return f.clock(func() error {
		switch f.column {
		case report.ChunkContent:
			return floor.Chunk(ctx, chunk.Content, paths)
		case report.ChunkFixed:
			return floor.Chunk(ctx, chunk.Fixed, paths)
		}
		return floor.Hash(ctx, paths)
	})
}

// restart measures how long stopped devices take until they know that nothing
// changed.
func restart(ctx context.Context, f *fixture) error {
	if err := f.holdSmall(ctx, f.sizes.many); err != nil {
		return err
	}
	for i := range f.nodes {
		if err := f.cluster.Stop(i); err != nil {
			return err
		}
	}
	return f.scanned(ctx)
}

// idle measures what devices cost that have nothing to do, and how much they
// keep about each file.
func idle(ctx context.Context, f *fixture) error {
	if err := f.holdSmall(ctx, f.sizes.many); err != nil {
		return err
	}
	if err := observe.Pause(ctx, f.sizes.settle); err != nil {
		return err
	}
	before, err := f.reading()
	if err != nil {
		return err
	}
	if err := observe.Pause(ctx, f.sizes.idle); err != nil {
		return err
	}
	if err := f.note(before); err != nil {
		return err
	}
	now, err := f.reading()
	if err != nil {
		return err
	}
	f.result.Seconds = f.sizes.idle.Seconds()
	f.result.Set(report.RSS, float64(now.usage.RSS))
	f.result.Set(report.IdleCPU, 100*f.result.CPU/f.sizes.idle.Seconds()/float64(f.nodes))
	f.result.Set(report.Written, float64(now.usage.Written-before.usage.Written))
	// Databases are whole once their programs have ended.
	var kept int64
	for i := range f.nodes {
		if err := f.cluster.Stop(i); err != nil {
			return err
		}
		n, err := sizeOf(f.cluster.Home(i))
		if err != nil {
			return err
		}
		kept += n
	}
	f.result.Set(report.PerFile, float64(kept)/float64(f.nodes*f.sizes.many))
	return nil
}

// sizeOf adds up the files in a directory.
func sizeOf(dir string) (sum int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// swarm measures how a file gets from one device to all others, and who sends it.
func swarm(ctx context.Context, f *fixture) error {
	do, err := f.prepare(ctx, func(path string) error { return corpus.File(path, f.sizes.edited, f.seed) })
	if err != nil {
		return err
	}
	before := make([]int64, f.nodes)
	for i := range f.nodes {
		if before[i], err = f.cluster.Uploaded(ctx, i); err != nil {
			return err
		}
	}
	if err := f.measure(ctx, do); err != nil {
		return err
	}
	for i := range f.nodes {
		now, err := f.cluster.Uploaded(ctx, i)
		if err != nil {
			return err
		}
		f.result.Set(fmt.Sprint(report.Uploaded, i), float64(now-before[i]))
	}
	return nil
}
