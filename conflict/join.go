package conflict

import (
	"slices"

	"github.com/labsync/labsync/index"
)

// Outcome is what a set of heads comes to.
type Outcome struct {
	// Winner stands at the path. Its version may be one that nobody has
	// announced yet: the join of heads that belong together.
	Winner index.Entry
	// Losers are the other open heads, in order. They are in conflict with the
	// winner and with one another.
	Losers []index.Entry
}

// Resolve joins the heads of a name and ranks what is left. It panics on an
// empty set: a name without heads has no outcome.
func Resolve(heads []index.Entry) Outcome {
	open := Join(heads)
	return Outcome{Winner: open[0], Losers: open[1:]}
}

// Join returns the heads that contradict one another, in order: dominated ones
// are dropped, and heads that agree are joined into one whose vector dominates
// theirs. The vector is their least upper bound, without a counter of one's
// own: every device that joins the same heads makes the same version.
func Join(heads []index.Entry) []index.Entry {
	open := slices.Clone(index.Maximal(heads))
	sortHeads(open)
	for joinOne(&open) {
		open = index.Maximal(open)
		sortHeads(open)
	}
	return open
}

// joinOne joins the first pair that agrees, in order, and reports whether
// there was one.
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

// joinPair joins two concurrent heads, a ranking before b, if they agree.
func joinPair(a, b *index.Entry) (index.Entry, bool) {
	switch {
	case a.SameContent(b):
		return joinMeta(a, b), true
	case b.Deleted && !a.Deleted:
		if deletes(b, a) {
			return withVersion(*b, a, b), true
		}
	case inherits(a, b):
		return overlayMeta(b, a), true
	case inherits(b, a):
		return overlayMeta(a, b), true
	}
	return index.Entry{}, false
}

// deletes reports whether a tombstone applies to a live head it does not know:
// the head changed no content that the deletion had not seen, or it was
// recorded without a predecessor and is what was deleted.
func deletes(tombstone, live *index.Entry) bool {
	if tombstone.Version.Dominates(live.ContentAt()) {
		return true
	}
	return live.Baseless() && live.Type == tombstone.Type && live.Type != index.Directory && live.Hash == tombstone.Hash
}

// inherits reports whether a's content came to be in an ancestor of b: a
// changed only permissions or times of something that b knew and edited.
func inherits(a, b *index.Entry) bool {
	return a.Type == b.Type && len(a.ContentVersion) > 0 && b.Version.Dominates(a.ContentVersion)
}

// joinMeta joins heads of the same content: the first one's permissions and
// times, unless only the other one's author set them on purpose.
func joinMeta(a, b *index.Entry) index.Entry {
	joined := withVersion(*a, a, b)
	joined.ContentVersion = contentOf(a, b)
	if len(a.ContentVersion) == 0 && len(b.ContentVersion) > 0 {
		joined.Mode, joined.Mtime = b.Mode, b.Mtime
	}
	return joined
}

// contentOf picks the version in which shared content came to be: the older
// where one knows the other, else that of the first head.
func contentOf(a, b *index.Entry) index.Version {
	if a.ContentAt().Compare(b.ContentAt()) == index.After {
		return b.ContentAt()
	}
	return a.ContentAt()
}

// overlayMeta joins new content with a change of permissions made beside it.
func overlayMeta(content, meta *index.Entry) index.Entry {
	joined := withVersion(*content, content, meta)
	joined.ContentVersion = content.ContentAt()
	joined.Mode = meta.Mode
	return joined
}

func withVersion(e index.Entry, a, b *index.Entry) index.Entry {
	e.Version = a.Version.Merge(b.Version)
	return e
}
