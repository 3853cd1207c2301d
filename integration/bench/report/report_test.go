package report

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func figureOf(all map[string]float64) func(row, tool, metric string) float64 {
	return func(_, tool, metric string) float64 {
		if v, ok := all[tool+" "+metric]; ok {
			return v
		}
		return math.NaN()
	}
}

func TestGoalsAreJudged(t *testing.T) {
	ratio := Goal{Row: "r", Metric: seconds, Limit: 0.2, Against: Syncthing1}
	durable := ratio
	durable.Durable = true
	bound := Goal{Row: "r", Metric: Median, Limit: 0.04}
	for _, c := range []struct {
		name    string
		goal    Goal
		figures map[string]float64
		met     bool
		allowed float64
	}{
		{"as fast as asked for", ratio, map[string]float64{"labsync seconds": 2, "syncthing-1s seconds": 10}, true, 2},
		{"a little too slow", ratio, map[string]float64{"labsync seconds": 2.1, "syncthing-1s seconds": 10}, false, 2},
		{"too slow, but close to the floor", durable, map[string]float64{"labsync seconds": 4, "syncthing-1s seconds": 10, "floor seconds": 3}, true, 4.5},
		{"a floor that is below the ratio changes nothing", durable, map[string]float64{"labsync seconds": 2.1, "syncthing-1s seconds": 10, "floor seconds": 1}, false, 2},
		{"too slow even beside the floor", durable, map[string]float64{"labsync seconds": 5, "syncthing-1s seconds": 10, "floor seconds": 3}, false, 4.5},
		{"nothing to compare with", ratio, map[string]float64{"labsync seconds": 1}, false, math.NaN()},
		{"nothing measured", ratio, map[string]float64{"syncthing-1s seconds": 10}, false, 2},
		{"a bound that holds", bound, map[string]float64{"labsync median_seconds": 0.03}, true, 0.04},
		{"a bound that does not", bound, map[string]float64{"labsync median_seconds": 0.05}, false, 0.04},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := judge(c.goal, figureOf(c.figures))
			if v.Met() != c.met {
				t.Errorf("met is %v, want %v", v.Met(), c.met)
			}
			if math.Abs(v.Allowed-c.allowed) > 1e-9 || math.IsNaN(v.Allowed) != math.IsNaN(c.allowed) {
				t.Errorf("allowed is %v, want %v", v.Allowed, c.allowed)
			}
		})
	}
}

func TestMediansAreOfTheRunsThatSucceeded(t *testing.T) {
	r := func(s float64, err string) Result { return Result{Row: "r", Tool: "t", Seconds: s, Error: err} }
	for _, c := range []struct {
		name string
		runs []Result
		want float64
	}{
		{"none", nil, math.NaN()},
		{"one that failed", []Result{r(1, "broken")}, math.NaN()},
		{"three", []Result{r(9, ""), r(1, ""), r(2, "")}, 2},
		{"two and one that failed", []Result{r(1, ""), r(100, "broken"), r(2, "")}, 1.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := collect([]File{{Results: c.runs}}).median("r", "t", seconds)
			if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
				t.Errorf("the median is %v, want %v", got, c.want)
			}
		})
	}
}

// sample is a file with one result of every kind.
func sample() File {
	wire := int64(88_000_000)
	f := File{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: "abc1234", Go: "go1", Versions: map[string]string{Labsync: "labsync 1"}}
	f.Results = []Result{
		{Row: "small", Tool: Labsync, Seconds: 4.2, CPU: 5, Wire: &wire, PeakRSS: 90e6},
		{Row: "small", Tool: Syncthing1, Seconds: 10, CPU: 12, Others: 6},
		{Row: "small", Tool: Floor, Seconds: 3},
		{Row: "rename", Tool: Labsync, Seconds: 9},
		{Row: "rename", Tool: Syncthing1, Seconds: 10},
		{Row: "delete", Tool: Labsync, Error: "it crashed"},
		{Row: "delete", Tool: Syncthing1, Seconds: 10},
		{Row: "idle", Tool: Labsync, Seconds: 60, Values: map[string]float64{RSS: 50e6, Written: 0}},
	}
	return f
}

func TestTheTableHasEveryVerdict(t *testing.T) {
	text := Table([]File{sample()}, []Title{{"small", "many files"}, {"rename", "a rename"}, {"delete", "a deletion"}, {"idle", "rest"}})
	for _, want := range []string{
		"commit abc1234", "Medians of 1.", "other programs used 0.5 times the CPU time",
		"| many files: time | 4.20 s | 10.00 s syncthing-1s | 0.42 | 4.50 s | 4.50 s | met |",
		"| a rename: time | 9.00 s | 10.00 s syncthing-1s | 0.90 |  | 2.00 s | **missed** (goal: ratio 0.20) |",
		"| a deletion: time | - | 10.00 s syncthing-1s | - |  | 2.00 s | **failed** |",
		"| rest: memory of both devices | 50 MB | - syncthing-1s | - |  | - | not comparable |",
		"| rest: disk writes | 0 B |  |  |  | 0 B | met |",
		"4.20 s · 5.00 · 88 MB · 90 MB",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
}

func TestResultsSurviveTheirFile(t *testing.T) {
	dir := t.TempDir()
	f := sample()
	path, err := f.Save(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Load([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	titles := []Title{{"small", "many files"}}
	if Table(files, titles) != Table([]File{f}, titles) {
		t.Error("the table of what was read back is another")
	}
}

func TestTheTableReplacesTheOldOneAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+beginMark+"\nold\n"+endMark+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Into(path, "new\n"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + beginMark + "\nnew\n" + endMark + "\nafter\n"; string(text) != want {
		t.Errorf("the file is %q, want %q", text, want)
	}
	if err := os.WriteFile(path, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Into(path, "new\n"); err == nil {
		t.Error("a file without marks is accepted")
	}
}

func TestBytesHaveThreeDigits(t *testing.T) {
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 12_345: "12.3 kB", 999_600: "1 MB", 268_435_457: "268 MB", 5e15: "5000 TB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%v) = %q, want %q", n, got, want)
		}
	}
}
