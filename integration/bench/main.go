package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/labsync/labsync/integration/bench/report"
)

func main() {
	if code, moved := intoNamespace(); moved {
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// flags are what can be chosen.
type flags struct {
	rows, tools, out, dir, table, into, program string
	runs                                        int
	tiny                                        bool
}

func parse(args []string, stderr io.Writer) (flags, error) {
	var f flags
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&f.rows, "rows", "", "regular `expression` of the rows to measure")
	set.StringVar(&f.tools, "tools", "", "comma-separated `list` of tools to measure (default: all that are installed)")
	set.IntVar(&f.runs, "runs", 1, "measure everything so many `times`")
	set.StringVar(&f.out, "out", "", "`directory` for the raw results")
	set.StringVar(&f.dir, "dir", "", "`directory` to work in, on the disk to measure (default: the system's for temporary files)")
	set.StringVar(&f.program, "labsync", "", "labsync `binary` to measure (default: built from this tree)")
	set.BoolVar(&f.tiny, "tiny", false, "sizes that prove nothing, to try the benchmark itself")
	set.StringVar(&f.table, "table", "", "measure nothing, make the table of these comma-separated `files` or patterns")
	set.StringVar(&f.into, "into", "", "put the table between the marks in this Markdown `file` instead of printing it")
	err := set.Parse(args)
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("%q is not understood", set.Arg(0))
	}
	return f, err
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f, err := parse(args, stderr)
	if err != nil {
		return err
	}
	var files []report.File
	if f.table != "" {
		files, err = load(f.table)
	} else {
		var file report.File
		file, err = measure(ctx, f, stderr)
		files = []report.File{file}
	}
	if err != nil {
		return err
	}
	text := report.Table(files, titles())
	if f.into != "" {
		return report.Into(f.into, text)
	}
	_, err = io.WriteString(stdout, text)
	return err
}

func load(list string) ([]report.File, error) {
	var paths []string
	for pattern := range strings.SplitSeq(list, ",") {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("there is no file %s", pattern)
		}
		paths = append(paths, found...)
	}
	return report.Load(paths)
}

// measure prepares a bench and runs it.
func measure(ctx context.Context, f flags, log io.Writer) (report.File, error) {
	only, err := regexp.Compile(f.rows)
	if err != nil {
		return report.File{}, err
	}
	names, err := wanted(f.tools)
	if err != nil {
		return report.File{}, err
	}
	dir, err := os.MkdirTemp(f.dir, "labsync-bench-")
	if err != nil {
		return report.File{}, err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return report.File{}, err
	}
	b := &bench{dir: dir, out: f.out, log: log, sizes: full(), ownNet: inNamespace()}
	if f.tiny {
		b.sizes = tiny()
	}
	program, err := build(ctx, f.program, dir)
	if err != nil {
		return report.File{}, err
	}
	if b.columns, err = installed(ctx, program, names); err != nil {
		return report.File{}, err
	}
	b.describe(ctx, program)
	err = b.run(ctx, f.runs, only)
	return b.file, err
}
