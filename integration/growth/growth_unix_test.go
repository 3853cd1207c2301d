//go:build unix

package growth

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

var sizes = flag.String("growth.sizes", "10000,100000,1000000", "numbers of files, from small to large")

const (
	// maxResident is the promise for the largest size, in bytes.
	maxResident = 300 << 20
	// batch is how many files come at once when the folder is full.
	batch = 1000
	// maxSlope is up to where a slope is as it should be.
	maxSlope = 2.0
)

// BenchmarkGrowth prints a line for each size and measure. It fails if memory
// or correctness do, never for a time.
func BenchmarkGrowth(b *testing.B) {
	first := map[string]time.Duration{}
	for _, text := range strings.Split(*sizes, ",") {
		files, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("files=%d", files), func(b *testing.B) {
			for range b.N {
				r := measure(b, files)
				for _, c := range r.costs {
					if _, known := first[c.what]; !known {
						first[c.what] = c.each
					}
					slope := float64(c.each) / float64(first[c.what])
					verdict := ""
					if slope > maxSlope {
						verdict = "  more than it should be"
					}
					b.Logf("%8d files  %-12s %12v each  slope %5.2f%s", files, c.what, c.each, slope, verdict)
					b.ReportMetric(slope, c.what+"-slope")
				}
				b.Logf("%8d files  resident at most %d and %d MiB", files, r.resident[0]>>20, r.resident[1]>>20)
				for _, n := range r.resident {
					b.ReportMetric(float64(n)/(1<<20), "MiB")
					if n > maxResident {
						b.Errorf("a daemon took %d MiB, more than %d", n>>20, maxResident>>20)
					}
				}
			}
		})
	}
}

// cost is what a measure came to, per file or call.
type cost struct {
	what string
	each time.Duration
}

type figures struct {
	costs    []cost
	resident [2]int64
}

// measure runs two devices that have the same files before they ever meet.
func measure(b *testing.B, files int) (f figures) {
	top := b.TempDir()
	build(b, top)
	one, two := newDaemon(b, top, "one"), newDaemon(b, top, "two")
	plant(b, one.folder, 0, files)
	plant(b, two.folder, 0, files)
	add := func(what string, n int, took time.Duration) {
		f.costs = append(f.costs, cost{what, took / time.Duration(n)})
	}

	for _, d := range []*daemon{one, two} {
		d.start(b)
		began := time.Now()
		d.addFolder(b)
		d.await(b, "its first scan", func(x api.Folder) bool { return x.LastScan != nil && x.LocalFiles == int64(files) })
		if d == one {
			add("first-scan", files, time.Since(began))
		}
	}
	add("restart", files, restart(b, one))

	began := time.Now()
	introduce(b, one, two)
	synced := func(x api.Folder) bool { return x.NeedFiles == 0 && x.State == api.FolderIdle }
	agree(b, one, two, synced)
	add("meeting", files, time.Since(began))

	began = time.Now()
	plant(b, one.folder, files, batch)
	two.await(b, "a batch of new files", func(x api.Folder) bool { return x.LocalFiles == int64(files+batch) && synced(x) })
	add("batch", batch, time.Since(began))
	add("status", 1, status(b, one))
	for i, d := range []*daemon{one, two} {
		f.resident[i] = d.peakResident(b)
		d.stop(b)
	}
	return f
}

// restart stops a daemon, starts it, and waits until it knows that nothing has
// changed.
func restart(b *testing.B, d *daemon) time.Duration {
	d.stop(b)
	began := time.Now()
	d.start(b)
	d.await(b, "its scan after a start", func(x api.Folder) bool { return x.LastScan != nil && x.LastScan.After(began) })
	return time.Since(began)
}

// status is the median of some answers.
func status(b *testing.B, d *daemon) time.Duration {
	took := make([]time.Duration, 21)
	for i := range took {
		began := time.Now()
		d.status(b)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[len(took)/2]
}

// plant writes files, two hundred to a directory, no two of the same content.
// Their times are those of a copy that keeps them.
func plant(b *testing.B, folder string, from, n int) {
	const each = 200
	taken := time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)
	for i := from; i < from+n; i++ {
		dir := filepath.Join(folder, fmt.Sprintf("project-%03d/run-%05d", i/each/50, i/each))
		if i%each == 0 || i == from {
			makeDirectory(b, dir)
		}
		writeFile(b, filepath.Join(dir, fmt.Sprintf("sensor-%07d.csv", i)), fmt.Sprintf("sample %d\n", i), taken.Add(time.Duration(i)*time.Second))
	}
}
