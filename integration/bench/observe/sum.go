package observe

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Sums hashes the content of every file of a tree that lies in dir, on all cores.
func Sums(ctx context.Context, dir string, t Tree) (map[string][32]byte, error) {
	var mu sync.Mutex // guards sums
	sums := make(map[string][32]byte, len(t))
	names := make(chan string)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(names)
		for name, it := range t {
			if !it.Mode.IsRegular() {
				continue
			}
			select {
			case names <- name:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range runtime.NumCPU() {
		g.Go(func() error {
			buf := make([]byte, 256<<10)
			for name := range names {
				sum, err := hash(filepath.Join(dir, filepath.FromSlash(name)), buf)
				if err != nil {
					return err
				}
				mu.Lock()
				sums[name] = sum
				mu.Unlock()
			}
			return nil
		})
	}
	return sums, g.Wait()
}

func hash(path string, buf []byte) (sum [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, struct{ io.Reader }{f}, buf); err != nil {
		return sum, err
	}
	return [32]byte(h.Sum(nil)), nil
}
