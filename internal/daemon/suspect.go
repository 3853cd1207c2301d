package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
)

// suspect is the store of a running folder. Where what it is asked for concerns
// one file, its error is a problem of that file, which is tried again; that the
// index as a whole is damaged, or takes no more writes, must not be lost there.
// The calls left out are those whose errors end the run.
type suspect struct {
	*store.Store
	doubt func(error)
}

// errUnwritable is an index that has to be opened anew before it is written again.
var errUnwritable = errors.New("the index takes no more writes")

// wrote hands on the error of a write, and doubts the index if it would refuse
// the next one as well.
func (s suspect) wrote(ctx context.Context, err error) error {
	s.doubt(err)
	if err != nil && ctx.Err() == nil && s.Store.Abandon(ctx, nil) != nil {
		s.doubt(fmt.Errorf("%w: %w", errUnwritable, err))
	}
	return err
}

func (s suspect) Begin(ctx context.Context, intents []index.Intent) ([]index.IntentID, error) {
	ids, err := s.Store.Begin(ctx, intents)
	return ids, s.wrote(ctx, err)
}

func (s suspect) Abandon(ctx context.Context, ids []index.IntentID) error {
	return s.wrote(ctx, s.Store.Abandon(ctx, ids))
}

func (s suspect) Settle(ctx context.Context, settled []index.Settled) error {
	return s.wrote(ctx, s.Store.Settle(ctx, settled))
}

func (s suspect) SetSetting(ctx context.Context, key string, value []byte) error {
	return s.wrote(ctx, s.Store.SetSetting(ctx, key, value))
}

func (s suspect) State(ctx context.Context, name string) (index.State, bool, error) {
	state, ok, err := s.Store.State(ctx, name)
	s.doubt(err)
	return state, ok, err
}

func (s suspect) States(ctx context.Context, names []string, blocks bool) ([]index.State, error) {
	states, err := s.Store.States(ctx, names, blocks)
	s.doubt(err)
	return states, err
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
	return stale, s.wrote(ctx, err)
}

// doubt ends the run if err tells that the index is damaged: it is set aside
// then, and the folder runs on a new one; or that it takes no more writes: the
// folder is opened again after a while.
func (f *folder) doubt(err error) {
	if !errors.Is(err, index.ErrCorrupt) && !errors.Is(err, errUnwritable) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop != nil {
		f.stop(err)
	}
}
