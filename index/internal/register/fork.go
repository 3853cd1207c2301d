package register

import (
	"slices"

	"github.com/labsync/labsync/index"
)

// Fork hands versions that old made over to heir: it turned out that old made
// others under the same counters, in a database that this one is an older copy
// of. Those concerned are ours, and announced by nobody else. They keep the
// counter of old that others have shown to be common history, and take its
// value as the heir's, so that they rank as before and include nothing that
// their author did not know.
func (r *Register) Fork(old, heir index.Replica) {
	if !r.Forked(old) {
		return
	}
	versions := r.copied()
	for i := range versions {
		if r.forked(&versions[i], old) {
			versions[i].Entry = handOver(versions, &versions[i].Entry, old, heir)
		}
	}
	r.setVersions(versions)
}

// Forked reports whether Fork concerns the register.
func (r *Register) Forked(old index.Replica) bool {
	return slices.ContainsFunc(r.Versions, func(v Version) bool { return r.forked(&v, old) })
}

// forked reports whether a version may be one of two with the same vector.
func (r *Register) forked(v *Version, old index.Replica) bool {
	if v.Entry.Version.Counter(old) == 0 || slices.ContainsFunc(v.Announced, func(a Announcer) bool { return a.Device != Self }) {
		return false
	}
	_, ours := v.by(Self)
	return ours || v.Held
}

func handOver(versions []Version, e *index.Entry, old, heir index.Replica) index.Entry {
	base := confirmed(versions, e.Version, old)
	own := e.Version.Counter(old)
	var kept uint64
	if base != nil {
		kept = base.Version.Counter(old)
	}
	if kept == own {
		return *e
	}
	out := *e
	out.Version = e.Version.Hand(old, kept, index.Counter{Replica: heir, Value: own})
	if e.ModifiedBy == old {
		out.ModifiedBy = heir
	}
	out.Parent, out.ContentVersion = nil, nil
	if base != nil {
		out.Parent = base.Version
		if len(e.ContentVersion) > 0 && base.SameContent(e) {
			out.ContentVersion = base.ContentAt()
		}
	}
	return out
}

// confirmed returns the ancestor of a version, among those that other devices
// announce, with the highest counter of a replica; nil for none.
func confirmed(versions []Version, v index.Version, of index.Replica) *index.Entry {
	var best *index.Entry
	for i := range versions {
		w := &versions[i]
		if w.Entry.Version.Compare(v) != index.Before || !slices.ContainsFunc(w.Announced, func(a Announcer) bool { return a.Device != Self }) {
			continue
		}
		if best == nil || w.Entry.Version.Counter(of) > best.Version.Counter(of) {
			best = &w.Entry
		}
	}
	return best
}

// Leap is how far a sequence leaps, given 32 random bits: further than one
// database announces between two leaps, and so that two hardly ever meet.
func Leap(random uint32) int64 { return 1<<28 + int64(random>>4) }
