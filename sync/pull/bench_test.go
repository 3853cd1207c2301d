package pull

import (
	"fmt"
	"testing"
)

// BenchmarkSmallFiles pulls 10,000 files of 8 KiB in 100 directories to disk:
// fetched from a device that answers at once, durable, with the SQLite index.
func BenchmarkSmallFiles(b *testing.B) {
	const files, size, group = 10_000, 8 << 10, 1000
	for b.Loop() {
		b.StopTimer()
		w := newUserWorld(b)
		for i := range files {
			w.announce(w.fileOf(fmt.Sprintf("d%02d/file%04d", i%100, i), bytesOf(size, uint64(i))))
		}
		actions := w.decide()
		b.StartTimer()
		for at := 0; at < len(actions); at += group {
			for _, o := range w.pullAll(actions[at:min(at+group, len(actions))]) {
				if o.Status != 0 {
					b.Fatalf("%+v, %+v", o, o.Problem)
				}
			}
		}
	}
	b.ReportMetric(float64(files)*float64(b.N)/b.Elapsed().Seconds(), "files/s")
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
