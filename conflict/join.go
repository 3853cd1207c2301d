package conflict

import (
	"slices"

	"github.com/labsync/labsync/index"
)

// Outcome is what a set of heads comes to.
type Outcome struct {
	// Winner stands at the path. Its version may be one that nobody has
	// announced yet: the join of heads that say the same.
	Winner index.Entry
	// Agreeing are open heads that do not contradict the winner's content: the
	// same bytes with other permissions or times, or a change of those alone
	// made beside the winner's edit. They need nothing on disk.
	Agreeing []index.Entry
	// Losers contradict the winner and one another, in order.
	Losers []index.Entry
}

// Resolve joins the heads of a name and ranks what is left. It panics on an
// empty set: a name without heads has no outcome.
func Resolve(heads []index.Entry) Outcome {
	open := Join(heads)
	w := max(slices.IndexFunc(open, func(h index.Entry) bool { return !replaced(&h, open) }), 0)
	out := Outcome{Winner: open[w]}
	for i := range open {
		h := &open[i]
		known := slices.ContainsFunc(out.Losers, func(l index.Entry) bool { return h.Agrees(&l) })
		switch {
		case i == w:
		case h.Agrees(&out.Winner):
			out.Agreeing = append(out.Agreeing, *h)
		case !known && !replaced(h, open):
			out.Losers = append(out.Losers, *h)
		}
	}
	return out
}

// replaced reports whether another open head's author knew h's content and
// replaced it: such a head neither wins nor loses.
func replaced(h *index.Entry, open []index.Entry) bool {
	return slices.ContainsFunc(open, func(g index.Entry) bool { return h.Agrees(&g) && !h.SameContent(&g) })
}

// Join returns the open heads, in order: dominated ones are dropped, and heads
// that say the same are joined into one whose vector is the least that
// dominates theirs, without a counter of one's own. Whatever else a joined head
// says is a function of that vector and of what its heads have in common, so
// that devices which join them in other groups come to the same: heads that
// differ in permissions or times stay apart until somebody's edit replaces both.
func Join(heads []index.Entry) []index.Entry {
	open := slices.Clone(index.Maximal(heads))
	sortHeads(open)
	for joinOne(&open) {
		open = index.Maximal(open)
		sortHeads(open)
	}
	return open
}

// joinOne joins the first pair that says the same, in order, and reports
// whether there was one.
func joinOne(open *[]index.Entry) bool {
	heads := *open
	for i := range heads {
		for j := i + 1; j < len(heads); j++ {
			if joined, ok := joinPair(&heads[i], &heads[j]); ok {
				heads[i] = joined
				*open = slices.Delete(heads, j, j+1)
				return true
			}
		}
	}
	return false
}

// joinPair joins two concurrent heads, a ranking before b, if they say the same.
func joinPair(a, b *index.Entry) (index.Entry, bool) {
	switch {
	case a.SameContent(b) && (a.Deleted || a.SameMeta(b)):
		return joinSame(a, b), true
	case b.Deleted && !a.Deleted && deletes(b, a):
		joined := *b
		joined.Version = a.Version.Merge(b.Version)
		return joined, true
	}
	return index.Entry{}, false
}

// deletes reports whether a tombstone applies to a live head it does not know:
// the head changed no content that the deletion had not seen, or it was
// recorded without a predecessor and is what was deleted. All directories are
// alike in that; one that holds something is kept when it turns out so.
func deletes(tombstone, live *index.Entry) bool {
	if tombstone.Version.Dominates(live.ContentAt()) {
		return true
	}
	return live.Baseless() && live.Type == tombstone.Type && live.Hash == tombstone.Hash
}

// joinSame joins heads of the same content, permissions and times.
func joinSame(a, b *index.Entry) index.Entry {
	joined := *a
	joined.Version = a.Version.Merge(b.Version)
	joined.ModifiedBy = latest(joined.Version)
	joined.Parent, joined.ContentVersion, joined.RenamedFrom = nil, nil, ""
	joined.Mode, joined.Mtime, joined.BlockSize = max(a.Mode, b.Mode), max(a.Mtime, b.Mtime), max(a.BlockSize, b.BlockSize)
	if a.Deleted {
		joined.Type = max(a.Type, b.Type)
		joined.Hash = slices.MaxFunc([]index.Hash{a.Hash, b.Hash}, compareHash)
	}
	return joined
}

// latest is the replica with the highest counter of a version, the higher one
// of two with the same.
func latest(v index.Version) index.Replica {
	var best index.Counter
	for _, c := range v {
		if c.Value >= best.Value {
			best = c
		}
	}
	return best.Replica
}
