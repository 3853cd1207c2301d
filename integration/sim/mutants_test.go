//go:build mutants

package sim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	only   = flag.String("sim.mutant", "", "try mutants with this in their names only")
	hunted = flag.String("sim.hunt", "", "in a mutant's own process: play seeds until this invariant is reported")
	aims   = flag.String("sim.aim", "", "and kinds of operation to play more often")
	withs  = flag.String("sim.with", "", "and settings of every device, as in a script")
	within = flag.Int("sim.within", 2000, "a mutant has to be caught within so many cases")
)

// mutant is a bug put into the product on purpose: what simulates is worth as
// much as what it finds of them.
type mutant struct {
	name  string
	edits []edit
	trips []string // invariants; one of them has to report it
	aim   []Kind   // what a case that shows it is likely to need
	with  string   // settings of every device, as in a script
}

// edit changes one place of a source file.
type edit struct{ file, find, replace string }

// huntTime is how long a mutant's process may take.
const huntTime = 6 * time.Minute

// catch is what hunting a mutant came to.
type catch struct {
	Seed    uint64         `json:"seed"`
	Cases   int            `json:"cases"`
	Ms      int64          `json:"ms"`
	Report  Violation      `json:"report"`
	Others  map[string]int `json:"others"` // cases in which others were reported
	Panics  int            `json:"panics"`
	Caught  bool           `json:"caught"`
	failure string
}

func TestMutantsAreCaught(t *testing.T) {
	if *hunted != "" {
		hunt(t, strings.Split(*hunted, ","))
		return
	}
	todo := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return !strings.Contains(m.name, *only) })
	found := make([]catch, len(todo))
	dir := t.TempDir()
	var all sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				found[i] = todo[i].try(t, dir)
				t.Log(found[i].line(&todo[i]))
			}
		})
	}
	for i := range todo {
		next <- i
	}
	close(next)
	all.Wait()
	t.Log("\n" + table(todo, found))
	for i := range todo {
		if f := &found[i]; !f.Caught {
			t.Errorf("%s: not caught by %s: %s", todo[i].name, strings.Join(todo[i].trips, " or "), cmp.Or(f.failure, fmt.Sprintf("%d cases, others %v, %d panics", f.Cases, f.Others, f.Panics)))
		}
	}
}

func table(mutants []mutant, found []catch) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-62s %-9s %6s %6s %7s\n", "mutant", "caught by", "seed", "cases", "ms")
	for i := range mutants {
		b.WriteString(found[i].line(&mutants[i]) + "\n")
	}
	return b.String()
}

func (f *catch) line(m *mutant) string {
	return fmt.Sprintf("%-62s %-9s %6d %6d %7d  %.100s", m.name, cmp.Or(f.Report.Invariant, "-"), f.Seed, f.Cases, f.Ms, f.Report.Text)
}

// try builds the simulator with the mutant in it, and lets it play until the
// mutant is caught: by a case that the product itself passes.
func (m *mutant) try(t *testing.T, dir string) catch {
	var f catch
	program, err := m.build(t, dir)
	if err != nil {
		f.failure = err.Error()
		return f
	}
	defer os.Remove(program) // large, and made anew the next time
	for first, left := *seed, *within; left > 0; {
		next, err := m.play(t, program, first, left)
		if err != nil {
			f.failure = err.Error()
			return f
		}
		next.Cases, next.Ms = next.Cases+f.Cases, next.Ms+f.Ms
		f = next
		if !f.Caught {
			return f
		}
		o, err := huntOptions(f.Seed, m.aim, m.with)
		if err != nil {
			t.Error(err)
			return f
		}
		if len(play(t, o).Violations) == 0 {
			return f
		}
		f.Caught, f.failure = false, fmt.Sprintf("the product itself fails with seed %d", f.Seed)
		first, left = f.Seed+1, *within-f.Cases
	}
	return f
}

func (m *mutant) build(t *testing.T, dir string) (program string, err error) {
	if dir, err = os.MkdirTemp(dir, "mutant"); err != nil {
		return "", err
	}
	overlay, err := m.overlay(dir)
	if err != nil {
		return "", err
	}
	program = filepath.Join(dir, "sim.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "mutants", "-overlay", overlay, "-o", program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("does not build: %w\n%s", err, out)
	}
	return program, nil
}

// play lets the mutant's own process play cases.
func (m *mutant) play(t *testing.T, program string, first uint64, cases int) (catch, error) {
	var f catch
	var aim []string
	for _, k := range m.aim {
		aim = append(aim, k.String())
	}
	report := program + ".json"
	run := exec.CommandContext(t.Context(), program, "-test.run", "^TestMutantsAreCaught$", "-test.timeout", huntTime.String(),
		"-sim.hunt", strings.Join(m.trips, ","), "-sim.aim", strings.Join(aim, ","), "-sim.with", m.with,
		"-sim.seed", fmt.Sprint(first), "-sim.within", fmt.Sprint(cases), "-sim.json", report,
		"-sim.mutant", m.name, "-sim.save="+fmt.Sprint(*save))
	if out, err := run.CombinedOutput(); err != nil {
		return f, fmt.Errorf("%w: %.400s", err, bytes.TrimSpace(out))
	}
	text, err := os.ReadFile(report)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(text, &f)
}

// overlay writes the changed files, and what tells the compiler to take those.
func (m *mutant) overlay(dir string) (string, error) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return "", err
	}
	texts := map[string]string{}
	for _, e := range m.edits {
		file := filepath.Join(root, filepath.FromSlash(e.file))
		text, ok := texts[file]
		if !ok {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			text = string(content)
		}
		if n := strings.Count(text, e.find); n != 1 {
			return "", fmt.Errorf("%s has %d places that read\n%s\nwant one: the mutant has to follow the code", e.file, n, e.find)
		}
		texts[file] = strings.Replace(text, e.find, e.replace, 1)
	}
	replace := map[string]string{}
	for i, file := range sortedKeys(texts) {
		changed := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(changed, []byte(texts[file]), 0o600); err != nil {
			return "", err
		}
		replace[file] = changed
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// huntOptions are those of a case with a mutant. Without one it is the same.
func huntOptions(seed uint64, aim []Kind, with string) (Options, error) {
	o := Options{Seed: seed, Operations: *ops, Aim: aim}
	setup := drawSetup(&o)
	o.Setup = &setup
	for i := range setup.Devices {
		if err := readFields(&setup.Devices[i], with); err != nil {
			return o, err
		}
	}
	return o, nil
}

// hunt plays seeds in order until one of the invariants is reported. A case
// that panics or reports something else does not count.
func hunt(t *testing.T, invariants []string) {
	var aim []Kind
	for _, word := range strings.FieldsFunc(*aims, func(r rune) bool { return r == ',' }) {
		k, err := kindOf(word)
		if err != nil {
			t.Fatal(err)
		}
		aim = append(aim, k)
	}
	f := catch{Others: map[string]int{}}
	began := time.Now()
	for ; f.Cases < *within && !f.Caught; f.Cases++ {
		o, err := huntOptions(*seed+uint64(f.Cases), aim, *withs)
		if err != nil {
			t.Fatal(err)
		}
		violations, panicked := playGuarded(t, o)
		if panicked {
			f.Panics++
		}
		for _, v := range violations {
			if slices.Contains(invariants, v.Invariant) {
				f.Seed, f.Report, f.Caught = o.Seed, v, true
				if *save {
					keepShort(t, o, v)
				}
				break
			}
			f.Others[v.Invariant]++
		}
	}
	f.Ms = time.Since(began).Milliseconds()
	out, err := json.Marshal(f)
	if err == nil {
		err = os.WriteFile(*summaryTo, out, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// keepShort keeps what shows a mutant as a short script: one more case that the
// product itself has to pass.
func keepShort(t *testing.T, o Options, v Violation) {
	res := play(t, o)
	short, v := Shrink(ScriptOf(o.Seed, &res), v, shrinkRuns, func(s Script) []Violation {
		violations, _ := playGuarded(t, s.Options())
		return violations
	})
	short.Comment = []string{"With the mutant " + strconv.Quote(*only) + ":", v.String()}
	keep(t, strings.Join(strings.FieldsFunc(strings.ToLower(*only), func(r rune) bool { return r < '0' || r > '9' && r < 'a' || r > 'z' }), "-"), &short)
}

func playGuarded(t *testing.T, o Options) (violations []Violation, panicked bool) {
	defer func() {
		if recover() != nil {
			panicked = true
		}
	}()
	return play(t, o).Violations, false
}
