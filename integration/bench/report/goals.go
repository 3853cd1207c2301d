package report

import (
	"fmt"
	"math"
)

// Goal is what labsync shall reach in a row.
type Goal struct {
	Row    string
	Tool   string // whose figure it is about, Labsync if ""
	Metric string // "seconds", "wire", or a key of Result.Values
	// Limit is a factor on the figure of Against; without, it is the bound itself.
	Limit   float64
	Against string
	// Durable allows FloorFactor times the durable floor where that is more.
	Durable bool
	Unit    func(float64) string
}

// FloorFactor is how much slower than writing alone a synchroniser may be.
const FloorFactor = 1.5

// Names of figures that are no keys of Result.Values.
const (
	seconds = "seconds"
	wire    = "wire"
)

// goals are those of the project's issue 4.
func goals() []Goal {
	return []Goal{
		{Row: "small", Metric: seconds, Limit: 0.2, Against: Syncthing1, Durable: true},
		{Row: "tree", Metric: seconds, Limit: 0.25, Against: Syncthing1, Durable: true},
		{Row: "rename", Metric: seconds, Limit: 0.2, Against: Syncthing1},
		{Row: "delete", Metric: seconds, Limit: 0.2, Against: Syncthing1},
		{Row: "big", Metric: seconds, Limit: 0.5, Against: Syncthing1, Durable: true},
		{Row: "insert", Metric: seconds, Limit: 0.7, Against: Syncthing1},
		{Row: "insert", Metric: wire, Limit: 0.01 * (256 << 20), Unit: Bytes},
		{Row: "latency", Metric: Median, Limit: 0.040},
		{Row: "latency", Metric: P95, Limit: 0.100},
		{Row: "scan-tree", Metric: seconds, Limit: 0.4, Against: Syncthing1},
		{Row: "scan-big", Metric: seconds, Limit: 1 / 0.8, Against: ChunkContent},
		{Row: "scan-big", Tool: LabsyncFixed, Metric: seconds, Limit: 1 / 0.8, Against: ChunkFixed},
		{Row: "restart", Metric: seconds, Limit: 0.4, Against: Syncthing1},
		{Row: "idle", Metric: RSS, Limit: 0.8, Against: Syncthing1, Unit: Bytes},
		{Row: "idle", Metric: PerFile, Limit: 0.6, Against: Syncthing1, Unit: Bytes},
		{Row: "idle", Metric: IdleCPU, Limit: 0.2, Unit: func(v float64) string { return fmt.Sprintf("%.2f %%", v) }},
		{Row: "idle", Metric: Written, Limit: 0, Unit: Bytes},
	}
}

// Verdict is a goal held against figures.
type Verdict struct {
	Goal
	Got, Other, Floor float64 // NaN where there is none
	Allowed           float64 // NaN if what it is relative to was not measured
}

// Met reports whether the goal is reached.
func (v Verdict) Met() bool { return v.Got <= v.Allowed }

// judge holds a goal against figures, given as a function of row, tool and
// metric that answers NaN where nothing was measured.
func judge(g Goal, figure func(row, tool, metric string) float64) Verdict {
	if g.Tool == "" {
		g.Tool = Labsync
	}
	if g.Unit == nil {
		g.Unit = duration
	}
	v := Verdict{Goal: g, Got: figure(g.Row, g.Tool, g.Metric), Other: math.NaN(), Floor: math.NaN(), Allowed: g.Limit}
	if g.Against != "" {
		v.Other = figure(g.Row, g.Against, g.Metric)
		v.Allowed = g.Limit * v.Other
	}
	if g.Durable {
		v.Floor = figure(g.Row, Floor, g.Metric)
		if bound := FloorFactor * v.Floor; bound > v.Allowed {
			v.Allowed = bound
		}
	}
	return v
}

// duration writes seconds.
func duration(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.1f ms", s*1000)
	}
	return fmt.Sprintf("%.2f s", s)
}
