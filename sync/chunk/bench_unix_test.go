//go:build unix

package chunk

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// cpu returns the processor time that this process has used, in ns: on a shared
// machine it says more than the clock.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

// perByte runs f, which deals with n bytes, and reports processor time per byte.
func perByte(b *testing.B, n int64, f func()) {
	b.SetBytes(n)
	before := cpu(b)
	for b.Loop() {
		f()
	}
	b.ReportMetric((cpu(b)-before)/float64(b.N)/float64(n), "cpu-ns/B")
}

func BenchmarkCut(b *testing.B) {
	for name, p := range map[string][]byte{"random": random(16<<20, 1), "zeros": make([]byte, 16<<20)} {
		b.Run(name, func(b *testing.B) {
			n := 0
			perByte(b, int64(len(p)), func() { n = len(ends(p, newContentCutter(0), nil)) })
			b.ReportMetric(float64(len(p)/n), "B/block")
		})
	}
}

func BenchmarkHash(b *testing.B) {
	p := random(16<<20, 1)
	h := newHasher()
	buf := make([]byte, piece)
	perByte(b, int64(len(p)), func() {
		if _, err := h.block(context.Background(), bytes.NewReader(p), 0, int64(len(p)), buf); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkBlocks reads from memory, which is what cutting and hashing cost.
func BenchmarkBlocks(b *testing.B) {
	p := random(64<<20, 1)
	benchBlocks(b, "", bytes.NewReader(p), int64(len(p)))
	benchBlocks(b, "zeros/", bytes.NewReader(make([]byte, 64<<20)), 64<<20)
}

// BenchmarkFile reads a file that the system has in its cache.
func BenchmarkFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "content")
	const size = 256 << 20
	if err := os.WriteFile(path, random(size, 1), 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	benchBlocks(b, "", f, size)
}

func benchBlocks(b *testing.B, name string, r io.ReaderAt, size int64) {
	for _, policy := range []Policy{Content, Fixed} {
		for mode, spawn := range map[string]func(func()){"alone": nil, "team": func(f func()) { go f() }} {
			b.Run(fmt.Sprintf("%s%s/%s", name, policy, mode), func(b *testing.B) {
				perByte(b, size, func() {
					if _, _, err := Blocks(context.Background(), r, size, policy, 0, spawn); err != nil {
						b.Fatal(err)
					}
				})
			})
		}
	}
}
