package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
)

// Decide says what has to happen at a name.
func Decide(f *Facts) Action {
	s := &f.State
	a := Action{Op: Settle, Name: s.Name, Have: s.Local, Heads: s.Versions()}
	if len(f.Nowhere) > 0 {
		return decideWithout(f, a)
	}
	if len(s.Heads) == 0 {
		return a
	}
	out := conflict.Resolve(s.Entries())
	a.Want = out.Winner
	if why := leftAlone(f, &out.Winner); why != "" {
		a.Why = why
		return a
	}
	if f.Direction == SendOnly {
		return decideSendOnly(f, a)
	}
	if other, ok := toCompare(f); ok {
		return compareWith(a, s.Local, &other)
	}
	a.Derived = siblings(f, out.Losers)
	decideDisk(f, &a)
	if why := unheld(f, &a); why != "" {
		a.Op, a.Why = Wait, why
	}
	return a
}

// decideWithout decides as if the heads that cannot be had did not exist. Those
// that this device announces are withdrawn first: they hide their ancestors, which
// other devices may still show. Once there is nothing to do about the others all
// are settled: the rest must not be announced, and would make the name wait for ever.
func decideWithout(f *Facts, settled Action) Action {
	if lost := hearsay(f); len(lost) > 0 {
		return Action{Op: Note, Name: settled.Name, Have: settled.Have, Want: settled.Have.Entry, Lost: lost}
	}
	g := *f
	g.Nowhere, g.State.Heads = nil, possible(f)
	a := Decide(&g)
	a.Missing = missing(f)
	if a.Op == Settle || a.Op == Note && noted(&g.State, &a.Want) {
		settled.Why = a.Why
		return settled
	}
	return a
}

// noted reports whether a version is held and all heads are announced.
func noted(s *index.State, want *index.Entry) bool {
	for i := range s.Heads {
		if !s.Heads[i].Ours {
			return false
		}
	}
	return s.Local != nil && s.Local.Entry.Version.Compare(want.Version) == index.Equal
}

// hearsay lists the heads that cannot be had and are announced here all the
// same, along with what is held. A device that has one goes on announcing it, and
// when it comes back the version descends from just what it was made from. Where
// what is held is not announced itself nothing is recorded that would be.
func hearsay(f *Facts) (lost []index.Version) {
	local := f.State.Local
	includes := func(h index.Head) bool { return h.Entry.Version.Dominates(local.Entry.Version) }
	if local == nil || local.Flags&quiet != 0 || !slices.ContainsFunc(f.State.Heads, includes) {
		return nil
	}
	for i := range f.State.Heads {
		if h := &f.State.Heads[i]; h.Ours && !canBeHad(f, h) {
			lost = append(lost, h.Entry.Version)
		}
	}
	return lost
}

// possible lists what the heads would be without those that cannot be had: what
// some device still shows is hidden by them alone.
func possible(f *Facts) (heads []index.Head) {
	for i := range f.State.Heads {
		if h := &f.State.Heads[i]; canBeHad(f, h) {
			heads = append(heads, *h)
		}
	}
	hidden := f.State.Hidden
	for i := range hidden {
		v := hidden[i].Entry.Version
		above := func(h index.Head) bool { return v.Compare(h.Entry.Version) == index.Before }
		if !slices.ContainsFunc(heads, above) && !slices.ContainsFunc(hidden, above) {
			heads = append(heads, hidden[i])
		}
	}
	return heads
}

// missing lists the versions of the heads that cannot be had.
func missing(f *Facts) (versions []index.Version) {
	for i := range f.State.Heads {
		if h := &f.State.Heads[i]; !canBeHad(f, h) {
			versions = append(versions, h.Entry.Version)
		}
	}
	return versions
}

func canBeHad(f *Facts, h *index.Head) bool {
	return h.Entry.Deleted || hasAtPath(&f.State, h) || !slices.Contains(f.Nowhere, h.Entry.Hash)
}

func hasAtPath(s *index.State, h *index.Head) bool {
	return len(h.AtPath) > 0 || s.Local != nil && s.Local.Entry.Version.Compare(h.Entry.Version) == index.Equal
}

// Unheld tells of the heads of a name with a content whether no device has one
// at the path, all that know one having put it aside, and whether no device even
// announces one: a sibling that was derived here.
func Unheld(s *index.State, content index.Hash) (aside, derived bool) {
	for i := range s.Heads {
		h := &s.Heads[i]
		if h.Entry.Hash != content || h.Entry.Deleted {
			continue
		}
		if hasAtPath(s, h) {
			return false, false
		}
		derived = !h.Ours && len(h.Devices) == 0 && (derived || !aside)
		aside = true
	}
	return aside, derived
}

// leftAlone says why a name is not touched, "" if it may be.
func leftAlone(f *Facts, want *index.Entry) string {
	local := f.State.Local
	switch {
	case f.Ignored && !isSibling(want):
		return "ignored"
	case local == nil:
		return ""
	case local.Flags&index.ReceiveOnlyChanged != 0:
		return "changed here in a receive-only folder"
	case local.Flags&index.Kept != 0 && want.Deleted:
		return "kept for its ignored content"
	}
	return ""
}

// isSibling reports whether an entry keeps a losing head's content: those are
// placed even where an ignore rule matches, or the bytes would be nowhere.
func isSibling(e *index.Entry) bool { return strings.Contains(e.Name, " (conflict, ") }

// decideSendOnly takes note of what agrees with the disk and leaves the rest
// to override.
func decideSendOnly(f *Facts, a Action) Action {
	local := f.State.Local
	agrees := local != nil && local.Entry.SameContent(&a.Want) && local.Entry.SameMeta(&a.Want)
	if agrees || local == nil && a.Want.Deleted {
		a.Op = Note
		return a
	}
	a.Why = "send-only: changes of other devices wait for override"
	return a
}

// toCompare finds a head that neither knows what is held nor is known to it,
// and whose bytes may be the same though they were cut differently.
func toCompare(f *Facts) (index.Entry, bool) {
	local := f.State.Local
	if local == nil || local.Entry.Deleted {
		return index.Entry{}, false
	}
	for i := range f.State.Heads {
		e := &f.State.Heads[i].Entry
		if e.MayBeEqual(&local.Entry) && e.Version.Compare(local.Entry.Version) == index.Concurrent && !compared(f, e.Version) {
			return *e, true
		}
	}
	return index.Entry{}, false
}

func compared(f *Facts, v index.Version) bool {
	for _, d := range f.Differs {
		if d.Compare(v) == index.Equal {
			return true
		}
	}
	return false
}

// compareWith asks for a comparison. If the bytes are equal, Want is recorded:
// the join of the two, with the block list of the one that ranks first.
func compareWith(a Action, local *index.Held, other *index.Entry) Action {
	a.Op, a.Along = Compare, other.Version
	a.Want = *other
	if conflict.Order(&local.Entry, other) < 0 {
		a.Want = local.Entry
	}
	a.Want.Version = local.Entry.Version.Merge(other.Version)
	a.Heads = []index.Version{local.Entry.Version, other.Version}
	return a
}

// Siblings returns those of the heads that lose at a name, as a plan records them
// with the winner.
func Siblings(s *index.State, d Direction, names Names) []index.Entry {
	return Decide(&Facts{State: *s, Differs: s.Versions(), Direction: d, Author: names}).Derived
}

func siblings(f *Facts, losers []index.Entry) []index.Entry {
	var out []index.Entry
	for i := range losers {
		if s, ok := conflict.Sibling(losers[i], f.author(losers[i].ModifiedBy)); ok {
			out = append(out, s)
		}
	}
	return out
}

// decideDisk chooses the operation that turns what is held into what is wanted.
func decideDisk(f *Facts, a *Action) {
	if !a.Expects() {
		switch {
		case a.Want.Deleted:
			a.Op = Note
		case movable(f, a):
			a.Op = Move
		case f.Patient && halfRenamed(f, a):
			a.Op = Defer
		default:
			a.Op = Create
		}
		return
	}
	have := &a.Have.Entry
	switch {
	case a.Want.Deleted && have.Type == index.Directory:
		a.Op = Rmdir
	case a.Want.Deleted:
		a.Op = Delete
	case a.Want.Type != have.Type:
		a.Op = Retype
	case !a.Want.SameContent(have):
		a.Op = Replace
	case !a.Want.SameMeta(have):
		a.Op = Meta
	default:
		a.Op = Note
	}
}

// movable fills in the source of a move, if the wanted content lies under a
// name that is to go: the rename of another device is then done as a rename.
func movable(f *Facts, a *Action) bool {
	if !holdsSource(f, a) {
		return false
	}
	out := conflict.Resolve(f.From.Entries())
	if !out.Winner.Deleted || len(out.Losers) > 0 || !out.Winner.Version.Dominates(f.From.Local.Entry.Version) {
		return false
	}
	a.From, a.FromWant, a.FromHeads = f.From.Local, out.Winner, f.From.Versions()
	return true
}

// halfRenamed reports whether the old name of a rename is still as it was: the
// device that renamed it saw it gone, so its deletion has to follow.
func halfRenamed(f *Facts, a *Action) bool {
	return holdsSource(f, a) && len(f.From.Heads) == 1 && !f.From.Heads[0].Entry.Deleted
}

// holdsSource reports whether the wanted content is held under its old name.
func holdsSource(f *Facts, a *Action) bool {
	from := f.From
	return from != nil && a.Want.RenamedFrom == from.Name && a.Want.Type != index.Directory &&
		from.Local != nil && len(from.Heads) > 0 && from.Local.Flags&(index.ReceiveOnlyChanged|index.Prefix) == 0 &&
		!from.Local.Entry.Deleted && from.Local.Entry.SameContent(&a.Want)
}

// unheld says why this file system cannot hold what is wanted.
func unheld(f *Facts, a *Action) string {
	if a.Want.Deleted || a.Op == Note || a.Op == Settle || a.Op == Defer {
		return ""
	}
	if a.Want.Type == index.Symlink && f.Limits.NoSymlinks {
		return "this file system has no symbolic links"
	}
	if longest := f.Limits.MaxName; longest > 0 {
		for part := range strings.SplitSeq(a.Want.Name, "/") {
			if len(part) > longest {
				return fmt.Sprintf("a part of the name is longer than the %d bytes this file system allows", longest)
			}
		}
	}
	return ""
}
