package daemon

import (
	"context"
	"errors"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
)

// suspect is the store of a running folder. Where what it is asked for concerns
// one file, its error is a problem of that file, which is tried again; that the
// index as a whole is damaged must not be lost there. The calls left out are
// those whose errors end the run.
type suspect struct {
	*store.Store
	doubt func(error)
}

func (s suspect) State(ctx context.Context, name string) (index.State, bool, error) {
	state, ok, err := s.Store.State(ctx, name)
	s.doubt(err)
	return state, ok, err
}

func (s suspect) Locals(ctx context.Context, dir, after string, limit int) ([]index.Held, error) {
	held, err := s.Store.Locals(ctx, dir, after, limit)
	s.doubt(err)
	return held, err
}

func (s suspect) Local(ctx context.Context, name string) (*index.Held, error) {
	held, err := s.Store.Local(ctx, name)
	s.doubt(err)
	return held, err
}

func (s suspect) Head(ctx context.Context, name string, v index.Version) (index.Entry, error) {
	e, err := s.Store.Head(ctx, name, v)
	s.doubt(err)
	return e, err
}

func (s suspect) ByInode(ctx context.Context, device, inode uint64) ([]index.Held, error) {
	held, err := s.Store.ByInode(ctx, device, inode)
	s.doubt(err)
	return held, err
}

func (s suspect) Holding(ctx context.Context, hash index.Hash, limit int) ([]index.Held, error) {
	held, err := s.Store.Holding(ctx, hash, limit)
	s.doubt(err)
	return held, err
}

func (s suspect) FindBlocks(ctx context.Context, wanted map[index.Hash]struct{}, found func(index.Hash, index.BlockPlace)) error {
	err := s.Store.FindBlocks(ctx, wanted, found)
	s.doubt(err)
	return err
}

func (s suspect) Since(ctx context.Context, seq int64, limit int) ([]index.Update, error) {
	updates, err := s.Store.Since(ctx, seq, limit)
	s.doubt(err)
	return updates, err
}

func (s suspect) Counts(ctx context.Context) (index.Counts, error) {
	c, err := s.Store.Counts(ctx)
	s.doubt(err)
	return c, err
}

func (s suspect) Commit(ctx context.Context, changes []index.Change, durable bool) ([]int, error) {
	stale, err := s.Store.Commit(ctx, changes, durable)
	s.doubt(err)
	return stale, err
}

// doubt ends the run if err tells that the index is damaged: it is set aside
// then, and the folder runs on a new one.
func (f *folder) doubt(err error) {
	if !errors.Is(err, index.ErrCorrupt) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop != nil {
		f.stop(err)
	}
}
