package report

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
)

// Title is what people call a row.
type Title struct{ Row, Text string }

// The lines between which Into puts the table.
const (
	beginMark = "<!-- bench: begin -->"
	endMark   = "<!-- bench: end -->"
)

// Into replaces what stands between the marks of a Markdown file.
func Into(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), beginMark)
	_, after, ok2 := strings.Cut(rest, endMark)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q to put the table between", path, beginMark, endMark)
	}
	return os.WriteFile(path, []byte(before+beginMark+"\n"+text+endMark+after), 0o644)
}

// Table writes all there is to say about results as Markdown.
func Table(files []File, titles []Title) string {
	t := table{figures: collect(files), titles: titles}
	t.origin(files)
	t.goals()
	t.all()
	t.values()
	return t.text.String()
}

type table struct {
	figures figures
	titles  []Title
	text    strings.Builder
}

func (t *table) line(format string, args ...any) { fmt.Fprintf(&t.text, format+"\n", args...) }

func (t *table) row(cells ...string) { t.line("| %s |", strings.Join(cells, " | ")) }

func (t *table) head(cells ...string) {
	t.row(cells...)
	t.line("|%s", strings.Repeat("---|", len(cells)))
}

// origin says what was measured where.
func (t *table) origin(files []File) {
	runs := map[string]int{}
	for _, f := range files {
		mine := map[string]int{}
		for _, r := range f.Results {
			mine[r.Row] = max(mine[r.Row], r.Run+1)
		}
		for row, n := range mine {
			runs[row] += n
		}
	}
	for _, f := range files {
		var tools []string
		for _, name := range slices.Sorted(maps.Keys(f.Versions)) {
			if v := f.Versions[name]; !slices.Contains(tools, v) {
				tools = append(tools, v)
			}
		}
		t.line("- %s, commit %s, %s. %s, %d cores, %s; %s; %s. %s.", f.Time.UTC().Format("2006-01-02 15:04 MST"), f.Commit, f.Go,
			f.Machine.CPU, f.Machine.Cores, Bytes(float64(f.Machine.Memory)), f.Machine.Kernel, f.Machine.FileSystem, strings.Join(tools, "; "))
	}
	counts := slices.Sorted(maps.Values(runs))
	if len(counts) > 0 && counts[0] == counts[len(counts)-1] {
		t.line("\nMedians of %d.", counts[0])
	} else if len(counts) > 0 {
		t.line("\nMedians of %d to %d, by row.", counts[0], counts[len(counts)-1])
	}
	if load := t.figures.load(); load > disturbed {
		t.line("\nMeanwhile other programs used %.1f times the CPU time of those measured: the seconds are too many, the ratios unsure.", load)
	}
}

// disturbed is how much CPU time others may use, in proportion, before the table
// says so.
const disturbed = 0.2

func (t *table) title(row string) string {
	for _, x := range t.titles {
		if x.Row == row {
			return x.Text
		}
	}
	return row
}

func (t *table) goals() {
	t.line("\n### Goals\n")
	t.head("what", "labsync", "beside", "ratio", "1.5 × durable floor", "allowed", "")
	for _, g := range goals() {
		v := judge(g, t.figures.median)
		if math.IsNaN(v.Got) && t.figures.failed(v.Row, v.Tool) == 0 {
			continue
		}
		beside, ratio, floor, verdict := "", "", "", "**missed**"
		if v.Against != "" {
			beside, ratio = t.cell(v.Other, v.Unit)+" "+v.Against, number(v.Got/v.Other)
			verdict = fmt.Sprintf("%s (goal: ratio %s)", verdict, number(v.Limit))
		}
		if v.Durable {
			floor = t.cell(FloorFactor*v.Floor, v.Unit)
		}
		switch {
		case math.IsNaN(v.Got):
			verdict = "**failed**"
		case math.IsNaN(v.Allowed):
			verdict = "not comparable"
		case v.Met():
			verdict = "met"
		}
		t.row(t.title(v.Row)+": "+metricName(v.Metric)+variant(v.Tool), t.cell(v.Got, v.Unit), beside, ratio, floor, t.cell(v.Allowed, v.Unit), verdict)
	}
}

func variant(tool string) string {
	if tool == Labsync {
		return ""
	}
	return " (" + tool + ")"
}

func metricName(metric string) string {
	if name, ok := map[string]string{
		seconds: "time", wire: "bytes on the wire", Median: "median", P95: "95th percentile", RSS: "memory of both devices",
		IdleCPU: "CPU, of a core", Written: "disk writes", PerFile: "index per file",
	}[metric]; ok {
		return name
	}
	if device, ok := strings.CutPrefix(metric, Uploaded); ok {
		return "sent by device " + device
	}
	return metric
}

func (t *table) cell(v float64, unit func(float64) string) string {
	if math.IsNaN(v) {
		return "-"
	}
	return unit(v)
}

func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.2f", v)
}

// columns are all tools that have results, in their order.
func (t *table) columns() (tools []string) {
	for _, c := range []string{Labsync, LabsyncQUIC, LabsyncTCP, LabsyncFixed, Rsync, Syncthing10, Syncthing1, Floor, ChunkContent, ChunkFixed, HashAlone} {
		for key := range t.figures {
			if key[1] == c {
				tools = append(tools, c)
				break
			}
		}
	}
	return tools
}

// all lists every row and tool: seconds, CPU seconds, bytes on the wire, peak memory.
func (t *table) all() {
	t.line("\n### All rows\n\nSeconds · CPU seconds of all devices until quiet · bytes on the wire · peak memory of a device.\n")
	columns := t.columns()
	t.head(append([]string{"what"}, columns...)...)
	for _, x := range t.titles {
		cells, any := []string{x.Text}, false
		for _, c := range columns {
			text := t.measured(x.Row, c)
			any = any || text != ""
			cells = append(cells, text)
		}
		if any {
			t.row(cells...)
		}
	}
}

func (t *table) measured(row, tool string) string {
	s := t.figures.median(row, tool, seconds)
	failed := t.figures.failed(row, tool)
	if math.IsNaN(s) {
		if failed > 0 {
			return "failed"
		}
		return ""
	}
	parts := []string{duration(s), fmt.Sprintf("%.2f", t.figures.median(row, tool, cpuTime))}
	for _, metric := range []string{wire, peak} {
		if v := t.figures.median(row, tool, metric); !math.IsNaN(v) {
			parts = append(parts, Bytes(v))
		}
	}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	return strings.Join(parts, " · ")
}

// values lists what only some rows have.
func (t *table) values() {
	t.line("\n### Further figures\n")
	t.head("what", "figure", "by tool")
	for _, x := range t.titles {
		keys := map[string]bool{}
		for key, list := range t.figures {
			for _, r := range list {
				for k := range r.Values {
					if key[0] == x.Row {
						keys[k] = true
					}
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			var parts []string
			for _, c := range t.columns() {
				if v := t.figures.median(x.Row, c, k); !math.IsNaN(v) {
					parts = append(parts, c+" "+valueUnit(k)(v))
				}
			}
			t.row(x.Text, metricName(k), strings.Join(parts, "; "))
		}
	}
}

func valueUnit(key string) func(float64) string {
	switch {
	case strings.HasSuffix(key, "_seconds"):
		return duration
	case key == IdleCPU:
		return func(v float64) string { return fmt.Sprintf("%.2f %%", v) }
	}
	return Bytes
}
