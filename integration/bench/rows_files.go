package main

import (
	"context"
	"os"
	"time"

	"github.com/labsync/labsync/integration/bench/corpus"
	"github.com/labsync/labsync/integration/bench/floor"
	"github.com/labsync/labsync/integration/bench/observe"
)

// Files that appear in a folder, are renamed and deleted.

func bigFile(ctx context.Context, f *fixture) error {
	return f.appear(ctx, func(path string) error { return corpus.File(path, f.sizes.big, f.seed) })
}

func smallFiles(ctx context.Context, f *fixture) error {
	return f.appear(ctx, func(path string) error { return corpus.Small(path, f.sizes.small, f.seed) })
}

func sourceTree(ctx context.Context, f *fixture) error {
	return f.appear(ctx, func(path string) error { return corpus.Source(path, f.sizes.tree, f.sizes.treeBytes, f.seed) })
}

// appear measures how files come over that appear at once.
func (f *fixture) appear(ctx context.Context, create func(path string) error) error {
	do, err := f.prepare(ctx, create)
	if err != nil {
		return err
	}
	return f.measure(ctx, do)
}

// data is the name of what appears in folders.
const data = "data"

// prepare makes files outside the folders and starts the devices.
func (f *fixture) prepare(ctx context.Context, create func(path string) error) (change, error) {
	staged := f.stage("staged")
	if err := create(staged); err != nil {
		return nil, err
	}
	do, err := f.arrive(staged, data)
	if err != nil {
		return nil, err
	}
	return do, f.up(ctx)
}

// hold starts the devices and fills their folders.
func (f *fixture) hold(ctx context.Context, create func(path string) error) error {
	do, err := f.prepare(ctx, create)
	if err != nil {
		return err
	}
	return f.fill(ctx, do)
}

func (f *fixture) holdSmall(ctx context.Context, n int) error {
	return f.hold(ctx, func(path string) error { return corpus.Small(path, n, f.seed) })
}

func renameDirectory(ctx context.Context, f *fixture) error {
	if err := f.holdSmall(ctx, f.sizes.small); err != nil {
		return err
	}
	want := f.tree.Moved(data, "moved")
	return f.measure(ctx, func() (observe.Tree, error) { return want, os.Rename(f.folder(data), f.folder("moved")) })
}

func deleteDirectory(ctx context.Context, f *fixture) error {
	if err := f.holdSmall(ctx, f.sizes.small); err != nil {
		return err
	}
	want := f.tree.Without(data)
	return f.measure(ctx, func() (observe.Tree, error) { return want, os.RemoveAll(f.folder(data)) })
}

func floorBig(ctx context.Context, f *fixture) error {
	return f.copied(ctx, func(path string) error { return corpus.File(path, f.sizes.big, f.seed) })
}

func floorSmall(ctx context.Context, f *fixture) error {
	return f.copied(ctx, func(path string) error { return corpus.Small(path, f.sizes.small, f.seed) })
}

func floorTree(ctx context.Context, f *fixture) error {
	return f.copied(ctx, func(path string) error { return corpus.Source(path, f.sizes.tree, f.sizes.treeBytes, f.seed) })
}

// copied measures a durable copy of what is made.
func (f *fixture) copied(ctx context.Context, create func(path string) error) error {
	staged := f.stage("staged")
	if err := create(staged); err != nil {
		return err
	}
	f.flush()
	return f.clock(func() error { return floor.Copy(ctx, staged, f.stage("copy")) })
}

// clock measures work of this process.
func (f *fixture) clock(do func() error) error {
	used, err := observe.Process(os.Getpid())
	if err != nil {
		return err
	}
	busy, err := observe.Busy()
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := do(); err != nil {
		return err
	}
	f.result.Seconds = time.Since(begin).Seconds()
	now, err := observe.Process(os.Getpid())
	if err != nil {
		return err
	}
	f.result.CPU = (now.CPU - used.CPU).Seconds()
	all, err := observe.Busy()
	f.result.Others = max(0, (all-busy).Seconds()-f.result.CPU)
	return err
}
