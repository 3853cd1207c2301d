package main

import (
	"context"
	"time"

	"github.com/labsync/labsync/integration/bench/report"
)

// row is one thing to measure.
type row struct {
	name, title string
	columns     []string // it is measured with
	nodes       int      // devices, 0 for two
	run         func(context.Context, *fixture) error
	floor       func(context.Context, *fixture) error // for columns without a tool
}

// sizes say how much of everything.
type sizes struct {
	small, many, both, tree, saves int
	treeBytes, big, edited, scan   int64
	idle                           time.Duration
	breath                         time.Duration // between looks whether devices are quiet
	settle                         time.Duration // before idling is measured: databases put off emptying their logs
	trial                          bool          // the figures are not for comparing
}

func full() sizes {
	return sizes{
		small: 10_000, many: 30_000, both: 2_000, tree: 20_000, saves: 50,
		treeBytes: 300e6, big: 1 << 30, edited: 256 << 20, scan: 1 << 30,
		idle: time.Minute, breath: 500 * time.Millisecond, settle: 15 * time.Second,
	}
}

// tiny is for trying the benchmark itself.
func tiny() sizes {
	return sizes{
		small: 50, many: 60, both: 20, tree: 60, saves: 3,
		treeBytes: 300e3, big: 2 << 20, edited: 2 << 20, scan: 1 << 20,
		idle: 100 * time.Millisecond, breath: 50 * time.Millisecond, settle: 50 * time.Millisecond, trial: true,
	}
}

func titles() (list []report.Title) {
	for _, r := range rows() {
		list = append(list, report.Title{Row: r.name, Text: r.title})
	}
	return list
}

func rows() []row {
	watched := []string{report.Labsync, report.Syncthing10, report.Syncthing1}
	carried := append([]string{report.Rsync}, watched...)
	bulk := append([]string{report.LabsyncQUIC, report.LabsyncTCP, report.Floor}, carried...)
	steady := []string{report.Labsync, report.Syncthing1} // where no watcher's delay matters
	scanned := append([]string{report.LabsyncFixed, report.ChunkContent, report.ChunkFixed, report.HashAlone}, steady...)
	return []row{
		{name: "big", title: "one 1 GiB file", columns: bulk, run: bigFile, floor: floorBig},
		{name: "small", title: "10,000 files of 1-16 KiB", columns: bulk, run: smallFiles, floor: floorSmall},
		{name: "tree", title: "source-like tree, 20,000 files, 300 MB", columns: bulk, run: sourceTree, floor: floorTree},
		{name: "rename", title: "rename of a directory of 10,000 files", columns: carried, run: renameDirectory},
		{name: "delete", title: "its deletion", columns: carried, run: deleteDirectory},
		{name: "insert", title: "1 byte in front of 256 MiB", columns: carried, run: insertByte},
		{name: "append", title: "1 MiB appended to 256 MiB", columns: carried, run: appendBytes},
		{name: "patch", title: "4 KiB overwritten in the middle of 256 MiB", columns: carried, run: patchBytes},
		{name: "both", title: "1,000 edits on both sides at once", columns: watched, run: bothSides},
		{name: "latency", title: "save to visible", columns: watched, run: latency},
		{name: "scan-big", title: "first scan of 4 GiB in 4 files", columns: scanned, nodes: 1, run: scanBig, floor: floorScan},
		{name: "scan-tree", title: "first scan of the tree", columns: scanned, nodes: 1, run: scanTree, floor: floorScanTree},
		{name: "restart", title: "restart with 30,000 unchanged files", columns: steady, run: restart},
		{name: "idle", title: "60 s idle with 30,000 files", columns: steady, run: idle},
		{name: "swarm", title: "256 MiB from one to four others", columns: steady, nodes: 5, run: swarm},
	}
}
