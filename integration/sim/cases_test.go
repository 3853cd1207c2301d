package sim

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	cases     = flag.Int("sim.n", 300, "how many cases to play")
	seed      = flag.Uint64("sim.seed", 1, "seed of the first case")
	show      = flag.Bool("sim.trace", false, "write the trace of the first case")
	deep      = flag.Bool("sim.strict", false, "look for lost content after every step")
	ops       = flag.Int("sim.ops", 0, "operations of a case, 0 for the usual number")
	scriptAt  = flag.String("sim.script", "", "play this script with a trace, instead of seeds")
	save      = flag.Bool("sim.save", false, "write the short script of a failure to testdata/seeds")
	summaryTo = flag.String("sim.json", "", "write the summary to this file")
	histogram = flag.Bool("sim.histogram", false, "print what the cases covered")
)

// fullRun is how many cases it takes until every cell of the histogram has to
// be filled; CI plays as many.
const fullRun = 3000

// failures that are looked into, and after how many a run ends.
const (
	shrunk      = 3
	shrinkRuns  = 3000
	tooManyFail = 20
)

func TestDevicesConverge(t *testing.T) {
	switch {
	case *scriptAt != "":
		playScript(t, *scriptAt)
		return
	case *show:
		res := play(t, Options{Seed: *seed, Operations: *ops, Strict: *deep, Trace: os.Stdout})
		for _, v := range res.Violations {
			t.Error(v)
		}
		return
	}
	c := &campaign{Seed: *seed, Cases: *cases}
	c.play(t)
	t.Log(c)
	if *histogram {
		fmt.Print(&c.covered)
	}
	if *summaryTo != "" {
		c.write(t, *summaryTo)
	}
	if c.Played >= fullRun {
		for _, line := range c.covered.empty() {
			t.Error(line)
		}
	}
}

func play(t *testing.T, o Options) Result {
	t.Helper()
	res, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func playScript(t *testing.T, file string) {
	s := readScript(t, file)
	o := s.Options()
	o.Trace, o.Strict = os.Stdout, *deep
	for _, v := range play(t, o).Violations {
		t.Error(v)
	}
}

// campaign is a run of many cases on all cores, and what it came to.
type campaign struct {
	Seed       uint64  `json:"first_seed"`
	Cases      int     `json:"-"`
	Played     int     `json:"cases"`
	Last       uint64  `json:"last_seed"`
	Operations int     `json:"operations"`
	Faults     int     `json:"faults"`
	Crashes    int     `json:"crashes"`
	Steps      int     `json:"steps"`
	Violations int     `json:"violations"`
	Seconds    float64 `json:"seconds"`
	MsPerCase  float64 `json:"ms_per_case_and_core"`

	mu      sync.Mutex // guards what is above and below while cases are played
	covered coverage
	failed  []failure
}

type failure struct {
	seed uint64
	res  Result
}

func (c *campaign) String() string {
	return fmt.Sprintf("%d cases (seeds %d to %d), %d operations, %d faults, %d of them crashes, %d steps, %d violations, %.1f s, %.1f ms a case and core",
		c.Played, c.Seed, c.Last, c.Operations, c.Faults, c.Crashes, c.Steps, c.Violations, c.Seconds, c.MsPerCase)
}

func (c *campaign) write(t *testing.T, file string) {
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// play plays the cases and reports those that fail. The seeds are handed out
// in order, so all up to the last one have been played.
func (c *campaign) play(t *testing.T) {
	began := time.Now()
	workers := runtime.GOMAXPROCS(0)
	var all sync.WaitGroup
	next := c.Seed
	for range workers {
		all.Go(func() {
			for {
				c.mu.Lock()
				s, enough := next, next-c.Seed >= uint64(c.Cases) || len(c.failed) >= tooManyFail
				if !enough {
					next++
				}
				c.mu.Unlock()
				if enough || t.Context().Err() != nil {
					return
				}
				res, err := Run(t.Context(), Options{Seed: s, Operations: *ops, Strict: *deep})
				if err != nil {
					t.Error(err)
					return
				}
				c.count(s, &res)
			}
		})
	}
	all.Wait()
	c.Last = next - 1
	c.Seconds = time.Since(began).Seconds()
	c.MsPerCase = c.Seconds * 1000 * float64(workers) / float64(max(c.Played, 1))
	slices.SortFunc(c.failed, func(a, b failure) int { return cmp.Compare(a.seed, b.seed) })
	for i := range c.failed {
		c.report(t, i)
	}
	if len(c.failed) >= tooManyFail {
		t.Error("too many failures")
	}
}

func (c *campaign) count(seed uint64, res *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Played++
	c.Steps += res.Steps
	for _, o := range res.Happened {
		switch {
		case !o.Kind.fault():
			c.Operations++
		default:
			c.Faults++
			if o.Kind.crash() {
				c.Crashes++
			}
		}
	}
	c.covered.add(res)
	if len(res.Violations) > 0 {
		c.Violations += len(res.Violations)
		c.failed = append(c.failed, failure{seed, *res})
	}
}

// report tells of a failed case; of the first ones with a short script.
func (c *campaign) report(t *testing.T, i int) {
	f := &c.failed[i]
	t.Errorf("seed %d: %v (%d steps)", f.seed, f.res.Violations[0], f.res.Steps)
	again := play(t, Options{Seed: f.seed, Operations: *ops, Strict: *deep})
	if again.Hash != f.res.Hash {
		t.Errorf("seed %d: played again it has another trace; mend that first", f.seed)
		return
	}
	if i >= shrunk {
		return
	}
	short, v := Shrink(ScriptOf(f.seed, &f.res), f.res.Violations[0], shrinkRuns, func(s Script) []Violation {
		o := s.Options()
		o.Strict = *deep
		return play(t, o).Violations
	})
	short.Comment = []string{v.String()}
	t.Errorf("shrunk to %s:\n%s", keep(t, fmt.Sprintf("%s-%d", strings.ToLower(v.Invariant), f.seed), &short), &short)
}

// keep writes a script to a file that outlives the test.
func keep(t *testing.T, name string, s *Script) string {
	dir := filepath.Join("testdata", "seeds")
	err := os.MkdirAll(dir, 0o755)
	if !*save {
		dir, err = os.MkdirTemp("", "sim-")
	}
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, name+".txt")
	if err := os.WriteFile(file, []byte(s.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func readScript(t *testing.T, file string) Script {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	s, err := ReadScript(in)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return s
}
