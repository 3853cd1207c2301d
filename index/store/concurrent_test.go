package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// TestReadersBesideWriters reads from several goroutines while others write:
// each answer is that of one moment.
func TestReadersBesideWriters(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "index.db"))
	ctx := t.Context()
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		writers.Go(func() {
			d := device.ID{byte(w + 1)}
			for i := range 20 {
				e := benchEntry(w*100+i, 1+i%3)
				if err := s.RecordRemote(ctx, d, []index.Update{{Sequence: int64(i + 1), Heads: []index.Entry{e}}}); err != nil {
					t.Error(err)
				}
				if _, err := s.Commit(ctx, []index.Change{{Entry: e}}, i%4 == 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					if err := readOnce(ctx, s); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if c, err := s.Counts(ctx); err != nil || c.Files != 60 || c.NeedFiles != 0 {
		t.Fatalf("counts = %+v, %v", c, err)
	}
}

func readOnce(ctx context.Context, s index.Reader) error {
	updates, err := s.Since(ctx, 0, 1000)
	if err != nil {
		return err
	}
	for _, u := range updates {
		if len(u.Heads) != 1 || len(u.Heads[0].Blocks) == 0 {
			return fmt.Errorf("half an update: %+v", u)
		}
	}
	if _, err := s.Dirty(ctx, index.DirtyLive, "", 1000); err != nil {
		return err
	}
	wanted := map[index.Hash]struct{}{benchEntry(1, 2).Blocks[1].Hash: {}}
	return s.FindBlocks(ctx, wanted, func(index.Hash, index.BlockPlace) {})
}
