package index

import (
	"context"
	"fmt"
)

// AddBlocks fills in the block list of an entry from a state that has lists,
// and reports whether the entry is complete: the state, of the name that has or
// had the content, may be a later one than the entry was decided on.
func AddBlocks(e *Entry, s *State) bool {
	if e.Deleted || e.Type != File || e.Blocks != nil {
		return true
	}
	from := func(f *Entry) bool {
		if f.Type != File || f.Deleted || f.Hash != e.Hash || len(f.Blocks) == 0 {
			return false
		}
		e.Blocks = f.Blocks
		return true
	}
	for _, heads := range [][]Head{s.Heads, s.Hidden} {
		for i := range heads {
			if from(&heads[i].Entry) {
				return true
			}
		}
	}
	return s.Local != nil && from(&s.Local.Entry)
}

// WithBlocks fills in the block list of an entry of a name from wherever the
// index has that content: the name's heads, what is held there. The entry's
// own version may be one that is not recorded yet, a join of heads.
func WithBlocks(ctx context.Context, r Reader, e Entry, heads []Version) (Entry, error) {
	if e.Deleted || e.Type != File || e.Blocks != nil {
		return e, nil
	}
	for _, v := range append([]Version{e.Version}, heads...) {
		h, err := r.Head(ctx, e.Name, v)
		if err == nil && h.Hash == e.Hash && h.Type == File && !h.Deleted {
			e.Blocks = h.Blocks
			return e, nil
		}
	}
	held, err := r.Local(ctx, e.Name)
	if err != nil {
		return e, err
	}
	if held != nil && held.Entry.SameContent(&e) {
		e.Blocks = held.Entry.Blocks
		return e, nil
	}
	return e, fmt.Errorf("blocks of %q: %w", e.Name, ErrNoVersion)
}
