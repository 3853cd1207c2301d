package floor

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/sync/chunk"
)

// Chunk cuts and hashes files by a policy, as many at once as there are cores.
func Chunk(ctx context.Context, p chunk.Policy, paths []string) error {
	return each(ctx, paths, func(f *os.File, size int64) error {
		_, _, err := chunk.Blocks(ctx, f, size, p, p.ClassFor(size, chunk.NoClass), nil)
		return err
	})
}

// Hash hashes whole files, as many at once as there are cores.
func Hash(ctx context.Context, paths []string) error {
	return each(ctx, paths, func(f *os.File, _ int64) error {
		_, err := io.CopyBuffer(sha256.New(), struct{ io.Reader }{f}, make([]byte, 256<<10))
		return err
	})
}

func each(ctx context.Context, paths []string, do func(f *os.File, size int64) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for _, path := range paths {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			info, err := f.Stat()
			if err != nil {
				return err
			}
			return do(f, info.Size())
		})
	}
	return g.Wait()
}
