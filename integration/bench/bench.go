package main

import (
	"cmp"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/labsync/labsync/integration/bench/observe"
	"github.com/labsync/labsync/integration/bench/report"
)

// patience is how long one measurement may take with all its preparation.
const patience = 10 * time.Minute

// bench is one invocation.
type bench struct {
	dir     string // to work in
	out     string // for raw results, "" to keep none
	log     io.Writer
	columns []column
	sizes   sizes
	ownNet  bool // all traffic on loopback is ours
	file    report.File
}

// describe notes what the results depend on.
func (b *bench) describe(ctx context.Context, program string) {
	b.file = report.File{
		Time: time.Now(), Commit: commit(program), Go: runtime.Version(),
		Versions: map[string]string{}, Machine: observe.ThisMachine(b.dir),
	}
	for _, c := range b.columns {
		if c.tool == nil {
			continue
		}
		if v, err := c.tool.Version(ctx); err == nil {
			b.file.Versions[c.name] = v
		}
	}
}

// commit is what a binary was built from, as Go notes it in it; a "+" says that
// files differed from that commit.
func commit(program string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return "unknown"
	}
	id, changed := "unknown", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			id = s.Value[:min(len(s.Value), 7)]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	return id + changed
}

// run measures the rows whose names match. What fails is noted and the rest goes
// on; results are saved after each, so that an interrupt loses one at most.
func (b *bench) run(ctx context.Context, runs int, only *regexp.Regexp) error {
	for n := range runs {
		for _, r := range rows() {
			if !only.MatchString(r.name) {
				continue
			}
			for _, c := range b.columns {
				if !slices.Contains(r.columns, c.name) {
					continue
				}
				res := b.one(ctx, r, c, n)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				b.file.Results = append(b.file.Results, res)
				fmt.Fprintf(b.log, "%d %-12s %-14s %s\n", n+1, r.name, c.name, report.Line(res))
				if b.out == "" {
					continue
				}
				if _, err := b.file.Save(b.out); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// one makes one measurement in a directory of its own.
func (b *bench) one(ctx context.Context, r row, c column, run int) report.Result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f := &fixture{
		dir: filepath.Join(b.dir, fmt.Sprintf("%s-%s-%d", r.name, c.name, run)), sizes: b.sizes, ownNet: b.ownNet,
		seed: uint64(run), column: c.name, nodes: cmp.Or(r.nodes, 2),
		result: report.Result{Row: r.name, Tool: c.name, Run: run},
	}
	if err := f.do(ctx, r, c); err != nil {
		f.result = report.Result{Row: r.name, Tool: c.name, Run: run, Error: err.Error()}
	}
	return f.result
}

// do prepares, measures and gives back the space.
func (f *fixture) do(ctx context.Context, r row, c column) (err error) {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, makeRoom(f.dir)) }()
	if c.tool == nil {
		return r.floor(ctx, f)
	}
	if f.cluster, err = c.tool.New(ctx, f.dir, f.nodes); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.cluster.Close()) }()
	return r.run(ctx, f)
}

// spacious is the size from which on a file is removed after its measurement.
const spacious = 1 << 20

// makeRoom gives back the space of a measurement. What is small stays until all is
// over: for minutes ext4 looks at every inode that was deleted lately before it
// gives out a new one, which whoever is measured next would pay for.
func makeRoom(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() >= spacious {
			err = os.Remove(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a program cleaned up after itself
		}
		return err
	})
}
