package store

import (
	"bytes"
	"context"
	"database/sql"
	"maps"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// FindBlocks implements index.Reader. The lists of several blocks are read
// once, in the order of the table; a file of one block is found by the content
// that the block alone makes. found is called after the reading, so it may use
// the store.
func (s *Store) FindBlocks(ctx context.Context, wanted map[index.Hash]struct{}, found func(index.Hash, index.BlockPlace)) error {
	if len(wanted) == 0 {
		return ctx.Err()
	}
	search := &blockSearch{wanted: maps.Clone(wanted)}
	if err := s.findInLists(ctx, search); err != nil {
		return err
	}
	left := slices.SortedFunc(maps.Keys(search.wanted), func(a, b index.Hash) int { return bytes.Compare(a[:], b[:]) })
	for _, hash := range left {
		if err := s.findAlone(ctx, hash, search); err != nil {
			return err
		}
	}
	for _, p := range search.places {
		found(p.hash, p.at)
	}
	return nil
}

// blockSearch is what is still wanted and what was found, in that order.
type blockSearch struct {
	wanted map[index.Hash]struct{}
	places []foundBlock
}

type foundBlock struct {
	hash index.Hash
	at   index.BlockPlace
}

// take notes a place of a block; a second one is of no use.
func (b *blockSearch) take(hash index.Hash, at index.BlockPlace) {
	if _, want := b.wanted[hash]; want {
		b.places = append(b.places, foundBlock{hash, at})
		delete(b.wanted, hash)
	}
}

// findInLists looks into every list; only for one with a wanted block it
// decodes whose list it is.
func (s *Store) findInLists(ctx context.Context, search *blockSearch) error {
	var (
		id   int64
		blob sql.RawBytes
		c    columns
	)
	targets := append([]any{&id, &blob}, c.targets()...)
	return s.query(ctx, "looking for blocks", s.read.lists, nil, func(scan scanner) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := scan(targets...); err != nil {
			return err
		}
		held, decoded := false, false
		var damaged error
		err := walkList(blob, func(hash []byte, offset int64, size int32) bool {
			h := index.Hash(hash)
			if _, want := search.wanted[h]; !want {
				return true
			}
			if !decoded {
				held, damaged = c.holdsList(int(id % listsPerName))
				decoded = true
			}
			if held {
				search.take(h, index.BlockPlace{Name: c.name, Offset: offset, Size: size})
			}
			return held
		})
		if damaged != nil {
			return damaged
		}
		return err
	})
}

// holdsList reports whether the list is that of a file which is here.
func (c *columns) holdsList(n int) (bool, error) {
	r, err := c.register()
	if err != nil {
		return false, err
	}
	v := r.Present()
	return v != nil && v.Entry.Type == index.File && v.List == n, nil
}

// findAlone looks for files that consist of this block only.
func (s *Store) findAlone(ctx context.Context, hash index.Hash, search *blockSearch) error {
	content := index.HashBlocks([]index.Block{{Hash: hash}})
	return s.content(ctx, content, func(r *register.Register) (more bool) {
		v := r.Present()
		if v == nil || v.Entry.Type != index.File || len(v.Entry.Blocks) != 1 || v.Entry.Blocks[0].Hash != hash {
			return true
		}
		search.take(hash, index.BlockPlace{Name: r.Name, Size: v.Entry.Blocks[0].Size})
		return false
	})
}
