//go:build unix

package scan

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/sync/chunk"
)

// cpu returns the processor time that this process has used: on a shared
// machine it says more than the clock.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// per runs f, which deals with n things, and reports the processor time for one.
func per(b *testing.B, n int, thing string, f func()) {
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		f()
	}
	each := float64(b.N) * float64(n)
	b.ReportMetric(float64(cpu(b)-before)/each, "cpu-ns/"+thing)
	b.ReportMetric(each/b.Elapsed().Seconds(), thing+"s/s")
}

// writeTree makes n files of about 4 KiB, 50 to a directory.
func writeTree(tb testing.TB, root string, n int) {
	tb.Helper()
	content := make([]byte, 4096)
	rng := rand.NewChaCha8([32]byte{1})
	for i := range n {
		dir := filepath.Join(root, fmt.Sprintf("d%02d/e%03d", i/50%20, i/1000))
		if i%50 == 0 {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				tb.Fatal(err)
			}
		}
		rng.Read(content)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%05d.dat", i)), content, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

const benchmarkFiles = 20_000

func BenchmarkFirstScan(b *testing.B) {
	root := b.TempDir()
	writeTree(b, root, benchmarkFiles)
	per(b, benchmarkFiles, "file", func() { newFixture(b, root).scan(b, false) })
}

func BenchmarkUnchangedRescan(b *testing.B) {
	root := b.TempDir()
	writeTree(b, root, benchmarkFiles)
	x := newFixture(b, root)
	x.scan(b, true)
	per(b, benchmarkFiles, "file", func() {
		if found := x.scan(b, false); len(found) != 0 {
			b.Fatalf("found %v", show(found[:1]))
		}
	})
}

func BenchmarkWalkDirForScale(b *testing.B) {
	root := b.TempDir()
	writeTree(b, root, benchmarkFiles)
	per(b, benchmarkFiles, "file", func() {
		err := filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
			if err == nil {
				_, err = d.Info()
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkLargeFiles scans four files that the system has in its cache. Beside
// it, what cutting and hashing the same bytes in memory costs.
func BenchmarkLargeFiles(b *testing.B) {
	const files, size = 4, 128 << 20
	root := b.TempDir()
	content := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{1})
	for i := range files {
		rng.Read(content)
		if err := os.WriteFile(filepath.Join(root, fmt.Sprint(i)), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for _, policy := range []chunk.Policy{chunk.Content, chunk.Fixed} {
		b.Run(policy.String()+"/scan", func(b *testing.B) {
			b.SetBytes(files * size)
			per(b, files*size, "B", func() {
				x := newFixture(b, root)
				x.opt.Policy = policy
				x.scan(b, false)
			})
		})
		b.Run(policy.String()+"/memory", func(b *testing.B) {
			b.SetBytes(files * size)
			per(b, files*size, "B", func() {
				parallel(files, func(int) {
					if _, _, err := chunk.Blocks(context.Background(), memory(content), size, policy, 0, nil); err != nil {
						b.Error(err)
					}
				})
			})
		})
	}
}

type memory []byte

func (m memory) ReadAt(p []byte, at int64) (int, error) { return copy(p, m[at:]), nil }
