package store

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// The names that have a content lie in two tables of one shape. Hashes fall
// anywhere, so in a table of a million each new one changes a page of its own:
// that alone made a commit four times as dear at a million files as at ten
// thousand. New ones therefore go to contents_new, which is small, and from
// time to time all of them are moved to contents in the order of their hashes,
// many to a page. This is a log-structured merge tree of two levels (O'Neil et
// al., 1996).

// manyNewContents is how many lie in contents_new before they are moved: at a
// million files moving them and keeping them apart then cost about the same.
const manyNewContents = 32_768

// contentKey is contents.hash.
func contentKey(h index.Hash) int64 { return int64(binary.BigEndian.Uint64(h[:])) }

// contentKeys returns the keys under which a name is found.
func contentKeys(r *register.Register) []int64 {
	var keys []int64
	for i := range r.Versions {
		e := &r.Versions[i].Entry
		if e.Deleted || e.Hash == (index.Hash{}) {
			continue
		}
		if key := contentKey(e.Hash); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (t *transaction) saveContents(w *row) error {
	before, after := contentKeys(&w.was), contentKeys(&w.Register)
	for _, key := range before {
		if !slices.Contains(after, key) {
			if err := t.deleteContent(key, w.id); err != nil {
				return err
			}
		}
	}
	for _, key := range after {
		if !slices.Contains(before, key) {
			if _, err := t.exec(t.stmt.insertContent, key, w.id); err != nil {
				return err
			}
			t.newContents++
		}
	}
	return nil
}

func (t *transaction) deleteContent(key, name int64) error {
	result, err := t.exec(t.stmt.deleteNewContent, key, name)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		t.newContents--
		return err
	}
	_, err = t.exec(t.stmt.deleteContent, key, name)
	return err
}

// moveContents moves the new contents to the others if they are many.
func (t *transaction) moveContents() error {
	if t.newContents < manyNewContents {
		return nil
	}
	if _, err := t.exec(t.stmt.moveContents); err != nil {
		return err
	}
	_, err := t.exec(t.stmt.clearNewContents)
	t.newContents = 0
	return err
}

// countContents reads how many new contents there are.
func (s *Store) countContents(ctx context.Context) error {
	return s.writer.QueryRowContext(ctx, "SELECT count(*) FROM contents_new").Scan(&s.newContents)
}
