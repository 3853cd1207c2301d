package pull

import (
	"fmt"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// The benchmarks pull 10,000 files of 8 KiB in 100 directories to disk, with
// the index that users have, in groups as large as the engine's. What is
// fetched comes from a device that answers at once; all is durable at the end.

const (
	benchFiles = 10_000
	benchSize  = 8 << 10
	benchGroup = 1000
)

func benchName(top string, i int) string { return fmt.Sprintf("%s/d%02d/file%04d", top, i%100, i) }

// benchTree announces the tree under a directory, as it is at a generation.
func benchTree(w *world, top string, generation int) (entries []index.Entry) {
	entries = append(entries, w.dirOf(top))
	for i := range 100 {
		entries = append(entries, w.dirOf(fmt.Sprintf("%s/d%02d", top, i)))
	}
	for i := range benchFiles {
		e := w.fileOf(benchName(top, i), bytesOf(benchSize, uint64(i+generation*benchFiles)))
		e.Mtime = time.Date(2020, 1, 1+generation, 0, 0, i, 0, time.UTC).UnixNano()
		entries = append(entries, e)
	}
	return entries
}

// benchGone announces the tree's deletion.
func benchGone(w *world, tree []index.Entry) (entries []index.Entry) {
	for i := range tree {
		entries = append(entries, w.goneOf(tree[i].Name, tree[i]))
	}
	return entries
}

func (w *world) pullGroups(b *testing.B, actions []plan.Action) {
	for at := 0; at < len(actions); at += benchGroup {
		for _, o := range w.pullAll(actions[at:min(at+benchGroup, len(actions))]) {
			if o.Status != plan.Done {
				b.Fatalf("%+v, %+v", o, o.Problem)
			}
		}
	}
}

// benchPull measures what prepare announced.
func benchPull(b *testing.B, prepare func(w *world)) {
	var cpu time.Duration
	for b.Loop() {
		b.StopTimer()
		w := newUserWorld(b)
		prepare(w)
		actions := w.decide()
		before := cpuTime(b)
		b.StartTimer()
		w.pullGroups(b, actions)
		cpu += cpuTime(b) - before
	}
	files := float64(benchFiles) * float64(b.N)
	b.ReportMetric(files/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(cpu.Microseconds())/files, "cpu-µs/file")
}

func BenchmarkCreate(b *testing.B) {
	benchPull(b, func(w *world) { w.announce(benchTree(w, "old", 0)...) })
}

func BenchmarkReplace(b *testing.B) {
	benchPull(b, func(w *world) {
		w.announce(benchTree(w, "old", 0)...)
		w.pullGroups(b, w.decide())
		w.announce(benchTree(w, "old", 1)...)
	})
}

// BenchmarkRename renames the directory with all that is in it.
func BenchmarkRename(b *testing.B) {
	benchPull(b, func(w *world) {
		tree := benchTree(w, "old", 0)
		w.announce(tree...)
		w.pullGroups(b, w.decide())
		moved := benchGone(w, tree)
		for _, e := range tree {
			e.RenamedFrom, e.Name = e.Name, "new"+e.Name[len("old"):]
			moved = append(moved, e)
		}
		w.announce(moved...)
	})
}

func BenchmarkDelete(b *testing.B) {
	benchPull(b, func(w *world) {
		tree := benchTree(w, "old", 0)
		w.announce(tree...)
		w.pullGroups(b, w.decide())
		w.announce(benchGone(w, tree)...)
	})
}

// BenchmarkLargeFile pulls 256 MiB.
func BenchmarkLargeFile(b *testing.B) {
	content := bytesOf(256*mebi, 1)
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		b.StopTimer()
		w := newUserWorld(b)
		w.announce(w.fileOf("a", content))
		actions := w.decide()
		b.StartTimer()
		w.want(w.pullAll(actions), 0)
	}
}
