package main

import (
	"bytes"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/labsync/labsync/integration/bench/report"
	"github.com/labsync/labsync/integration/bench/tool"
)

// Every row runs with sizes that take no time, so that the benchmark still
// works on the day it is needed.
func TestEveryRowMeasuresLabsync(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the benchmark reads /proc, which only Linux has")
	}
	dir := t.TempDir()
	program, err := build(t.Context(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := &bench{dir: t.TempDir(), log: t.Output(), sizes: tiny(), columns: []column{
				{report.Labsync, tool.Labsync{Program: program}},
				{report.Floor, nil}, {report.ChunkContent, nil}, {report.ChunkFixed, nil}, {report.HashAlone, nil},
			}}
			if err := b.run(t.Context(), 1, regexp.MustCompile("^"+r.name+"$")); err != nil {
				t.Fatal(err)
			}
			check(t, r, b.file.Results)
		})
	}
}

func check(t *testing.T, r row, results []report.Result) {
	t.Helper()
	if len(results) == 0 || results[0].Tool != report.Labsync {
		t.Fatalf("measured are %v, want labsync first", results)
	}
	for _, res := range results {
		switch {
		case res.Error != "":
			t.Errorf("%s: %s", res.Tool, res.Error)
		case res.Seconds <= 0:
			t.Errorf("%s took %v s", res.Tool, res.Seconds)
		case res.Tool == report.Labsync && res.PeakRSS < 1<<20:
			t.Errorf("labsync had %d bytes of memory at most, which is no daemon's", res.PeakRSS)
		}
	}
}

// The other programs, where they are installed: one row that all of them have.
// The default delay of Syncthing would only make it longer.
func TestOtherToolsAreMeasured(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the benchmark reads /proc, which only Linux has")
	}
	there, err := installed(t.Context(), "true", nil) // no labsync is needed here
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range there {
		if c.name != report.Rsync && c.name != report.Syncthing1 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := &bench{dir: t.TempDir(), log: t.Output(), sizes: tiny(), columns: []column{c}}
			if err := b.run(t.Context(), 1, regexp.MustCompile("^small$")); err != nil {
				t.Fatal(err)
			}
			if len(b.file.Results) != 1 || b.file.Results[0].Error != "" {
				t.Errorf("measured is %+v", b.file.Results)
			}
		})
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct {
		args []string
		say  string // part of the error
	}{
		{[]string{"small"}, `"small" is not understood`},
		{[]string{"-rows", "("}, "error parsing regexp"},
		{[]string{"-tools", "labsink"}, `no tool "labsink"`},
		{[]string{"-tools", "labsync", "-labsync", none}, none},
		{[]string{"-rows", "small", "-labsync", none}, none},
		{[]string{"-table", none}, "no file " + none},
	} {
		var out, log bytes.Buffer
		err := run(t.Context(), c.args, &out, &log)
		if err == nil || !strings.Contains(err.Error(), c.say) || out.Len() > 0 {
			t.Errorf("bench %s: error %v, want it to say %q", strings.Join(c.args, " "), err, c.say)
		}
	}
}
