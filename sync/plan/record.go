package plan

import (
	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
)

// Observation is what a scan found at a name that the index does not say.
type Observation struct {
	Name string
	// Base is the version that the disk was compared with, nil for none.
	Base    index.Version
	Removed bool // nothing is there any more
	// Moved says of what is Removed that it was found under another name.
	Moved bool
	// Implied says of a directory that it was made here for what other devices
	// have in it, as far as is known.
	Implied bool
	// Entry is what is there, with blocks; its vector, author and parent are
	// for Record to fill in. Unused if Removed.
	Entry index.Entry
	Disk  index.Disk
	Flags index.Flags
}

// Compared reports whether the version held is still the one that the
// observation was compared with.
func (o *Observation) Compared(s *index.State) bool {
	var held index.Version
	if s.Local != nil {
		held = s.Local.Entry.Version
	}
	return held.Compare(o.Base) == index.Equal
}

// Author is who records, and when.
type Author struct {
	Replica index.Replica
	Now     int64 // unix seconds
	Names   Names
}

// Record returns the change that an observation comes to, given the state of
// its name. ok is false if there is nothing to record, or not yet. The blocks of
// what is derived are for the caller to fill in.
func Record(s *index.State, o *Observation, by Author, d Direction, l Limits) (c index.Change, ok bool) {
	var local *index.Entry
	if s.Local != nil {
		local = &s.Local.Entry
		c.Base = local.Version
	}
	if o.Removed {
		return recordRemoval(s, c, local, o, by, d)
	}
	c.Disk, c.Flags = o.Disk, o.Flags
	if local != nil && sameEntry(local, &o.Entry) && s.Local.Flags&index.Kept == o.Flags&index.Kept {
		c.Entry = *local
		c.Entry.Blocks = o.Entry.Blocks
		c.Flags |= s.Local.Flags & index.ReceiveOnlyChanged
		c.Quiet = c.Flags&quiet != 0
		return c, true
	}
	c.Entry = o.Entry
	c.Entry.Name, c.Entry.Deleted = s.Name, false
	if head := agreeing(s, local, &c.Entry, l); head != nil {
		c = adopt(c, head)
		if local != nil && local.Deleted && !head.Version.Dominates(local.Version) {
			c.Heads = append(c.Heads, local.Version) // still announced, for those who do not know the head
		}
		return c, true
	}
	if lostWithPower(s, o) {
		orphan(&c, s, by, d)
		return c, true
	}
	if isExpected(s, &c, d) {
		return c, false
	}
	if o.Implied && d == SendReceive && c.Flags == 0 {
		imply(&c, s, by)
		return c, true
	}
	if d == ReceiveOnly {
		c.Flags |= index.ReceiveOnlyChanged
	}
	c.Quiet = c.Flags&quiet != 0
	author(&c, s, by)
	if local != nil && !local.Deleted && local.SameContent(&c.Entry) {
		c.Entry.ContentVersion = local.ContentAt()
	}
	return c, true
}

// isExpected reports whether a new directory is one that is about to be placed here
// with permissions of its own: what belongs into it came first, or somebody made
// one like it. To record it as it is would open a private directory everywhere.
func isExpected(s *index.State, c *index.Change, d Direction) bool {
	isNew := s.Local == nil || s.Local.Entry.Deleted
	if !isNew || c.Entry.Type != index.Directory || c.Flags != 0 || d == SendOnly || len(s.Heads) == 0 {
		return false
	}
	winner := conflict.Resolve(s.Entries()).Winner
	return !winner.Deleted && winner.Type == index.Directory && (s.Local == nil || !s.Local.Entry.Version.Dominates(winner.Version))
}

// quiet are the flags of what is not announced.
const quiet = index.Ignored | index.Unsupported | index.ReceiveOnlyChanged

func recordRemoval(s *index.State, c index.Change, local *index.Entry, o *Observation, by Author, d Direction) (index.Change, bool) {
	if local == nil || local.Deleted && s.Local.Flags&index.Kept == 0 {
		return c, false
	}
	c.Flags = o.Flags &^ (index.Kept | index.ReceiveOnlyChanged)
	if local.Deleted { // was kept for ignored content, which is gone now
		c.Entry = *local
		return c, true
	}
	if s.Local.Flags&index.Ignored != 0 { // never announced, or not ours to delete elsewhere
		c.Flags |= index.Ignored
	}
	c.Entry = tombstone(local, by)
	if head := deletion(s, local); head != nil && c.Flags&quiet == 0 {
		return adopt(c, head), true
	}
	if c.Flags&quiet == 0 && !o.Moved && lostWithPower(s, o) {
		orphan(&c, s, by, d)
		c.Entry.Hash = index.Hash{} // it applies to nothing
		return c, true
	}
	if d == ReceiveOnly {
		c.Flags |= index.ReceiveOnlyChanged
	}
	c.Quiet = c.Flags&quiet != 0
	author(&c, s, by)
	return c, true
}

// deletion returns the head that deletes what is held, if it is the only one.
func deletion(s *index.State, local *index.Entry) *index.Entry {
	if len(s.Heads) == 1 && s.Heads[0].Entry.Deleted && s.Heads[0].Entry.Version.Compare(local.Version) == index.After {
		return &s.Heads[0].Entry
	}
	return nil
}

// tombstone is the compact form of a deletion: name, type, time and what was
// deleted.
func tombstone(of *index.Entry, by Author) index.Entry {
	return index.Entry{Name: of.Name, Type: of.Type, Deleted: true, Hash: of.Hash, Mtime: by.Now * 1e9}
}

// author makes c's entry a new version by this device, on top of what was held
// and of the heads that agree with that: whoever changes a file knows its content.
func author(c *index.Change, s *index.State, by Author) {
	var base, parent index.Version
	if s.Local != nil {
		local := &s.Local.Entry
		base, parent = local.Version, local.Version
		for i := range s.Heads {
			if h := &s.Heads[i].Entry; h.Agrees(local) {
				base = base.Merge(h.Version)
			}
		}
	}
	e := &c.Entry
	e.Version = base.Bump(by.Replica, by.Now, s.Versions()...)
	e.ModifiedBy = by.Replica
	e.Parent = parent
	e.ContentVersion = nil
	if !c.Quiet {
		e.Version, c.Derived = Swallow(e.Version, base, by.Replica, s, by)
	}
}

// Swallow completes a version that a device makes on top of base with one more
// counter of r. A vector counts what r makes as one thing after the other, but a
// save that was displaced in the window, or came late, stood beside: a head of
// this device that base does not know. The version claims to know it all the same,
// and it, or what it is joined with some day, would dominate it. So it does so
// at once, and the head becomes a sibling.
func Swallow(v, base index.Version, r index.Replica, s *index.State, by Author) (index.Version, []index.Entry) {
	f := Facts{Author: by.Names}
	var losers []index.Entry
	all := v
	for i := range s.Heads {
		h := &s.Heads[i].Entry
		claimed := !h.Deleted && h.ModifiedBy == by.Replica && h.Version.Counter(r) > base.Counter(r)
		if claimed || v.Dominates(h.Version) && !base.Dominates(h.Version) {
			all = all.Merge(h.Version)
			losers = append(losers, *h)
		}
	}
	return all, siblings(&f, losers)
}

// orphan records a version that nobody made: a head beside what was recorded,
// and beside all others. Its author has no counter in it, so that it ranks below
// whatever was written by a person. A receive-only device tells nobody and takes
// what was recorded again.
func orphan(c *index.Change, s *index.State, by Author, d Direction) {
	held := s.Local.Entry.Version
	if c.Quiet = d == ReceiveOnly; !c.Quiet {
		c.Lost = []index.Version{held}
	}
	e := &c.Entry
	e.Version = index.Version{}.BumpShadow(by.Replica, by.Now, append(s.Versions(), held)...)
	e.ModifiedBy, e.Parent, e.ContentVersion, e.RenamedFrom = by.Replica, nil, nil, ""
}

// imply records a directory that had to be made before its own entry came. Nobody
// chose its permissions: its author has no counter in it, so that it ranks below
// any that somebody did choose.
func imply(c *index.Change, s *index.State, by Author) {
	e := &c.Entry
	e.Version = c.Base.BumpShadow(by.Replica, by.Now, s.Versions()...)
	e.ModifiedBy, e.Parent = by.Replica, c.Base
}

// agreeing returns the head that says just what the disk shows and replaces
// what is held: the same was done on another device, or it was placed here and
// a crash came before it was recorded. It is no new version. Nor is it one when
// a change made in a receive-only folder is taken back by hand. Of a name that
// was deleted here the head need not know that: an edit beats a deletion.
func agreeing(s *index.State, local, e *index.Entry, l Limits) *index.Entry {
	unannounced := local == nil || s.Local.Flags&index.ReceiveOnlyChanged != 0
	for i := range s.Heads {
		h := &s.Heads[i].Entry
		if h.Deleted || h.Type != e.Type || !h.SameContent(e) || !l.SameMeta(h, e) {
			continue
		}
		if unannounced || h.Version.Compare(local.Version) == index.After || local.Deleted && !local.Version.Dominates(h.Version) {
			return h
		}
	}
	return nil
}

// adopt records a head as what is held.
func adopt(c index.Change, head *index.Entry) index.Change {
	blocks := c.Entry.Blocks
	c.Entry = *head
	c.Entry.Blocks = blocks
	c.Flags &^= index.ReceiveOnlyChanged
	c.Quiet = c.Flags&quiet != 0
	c.Heads = []index.Version{head.Version}
	return c
}

func sameEntry(a, b *index.Entry) bool {
	return a.Deleted == b.Deleted && a.Type == b.Type && a.SameContent(b) && a.SameMeta(b)
}

// Revive returns the change that keeps a directory alive although the heads
// delete it or put something else in its place: it holds something that their
// authors did not know of. What has to give way to it is kept as a sibling.
// The siblings' blocks are for the caller to fill in.
func Revive(f *Facts, by Author) index.Change {
	s := &f.State
	c := index.Change{Base: s.Local.Entry.Version, Entry: s.Local.Entry, Disk: s.Local.Disk, Heads: s.Versions()}
	c.Entry.Deleted = false
	c.Derived = siblings(f, conflict.Join(s.Entries()))
	assert(&c.Entry, s, by)
	return c
}

// Enclose returns the action that makes a directory of what stands in the path
// of live names, and keeps that as a sibling. It settles where nothing is placed.
func Enclose(f *Facts, by Author) Action {
	s := &f.State
	a := Action{Op: Settle, Name: s.Name, Have: s.Local, Heads: s.Versions()}
	if leftAlone(f, &s.Local.Entry) != "" || f.Direction != SendReceive {
		return a
	}
	a.Op = Retype
	a.Want = index.Entry{Name: s.Name, Type: index.Directory, Mode: 0o755, Version: s.Local.Entry.Version}
	assert(&a.Want, s, by)
	a.Derived = siblings(f, []index.Entry{s.Local.Entry})
	return a
}

// Keep returns the change that takes a directory's deletion into the index
// while the directory stays for the ignored content in it.
func Keep(s *index.State, a *Action) index.Change {
	return index.Change{
		Base: a.Base(), Entry: a.Want, Disk: s.Local.Disk, Heads: a.Heads,
		Flags: index.Kept,
	}
}

// Override returns the change that sets what is held here over all other heads
// of a name, in a send-only folder. The entry's blocks are for the caller to
// fill in.
func Override(s *index.State, by Author) index.Change {
	c := index.Change{Heads: s.Versions()}
	if s.Local != nil {
		c.Base, c.Entry, c.Disk, c.Flags = s.Local.Entry.Version, s.Local.Entry, s.Local.Disk, s.Local.Flags
	} else {
		c.Entry = tombstone(&s.Heads[0].Entry, by)
	}
	assert(&c.Entry, s, by)
	return c
}

// assert makes e a version by this device that dominates every head.
func assert(e *index.Entry, s *index.State, by Author) {
	parent := e.Version
	all := parent
	for _, v := range s.Versions() {
		all = all.Merge(v)
	}
	e.Version = all.Bump(by.Replica, by.Now)
	e.ModifiedBy, e.Parent, e.ContentVersion, e.RenamedFrom = by.Replica, parent, nil, ""
}

// Announce returns the change that makes a version of this device out of what
// was changed here while the folder was receive-only. The entry's blocks are for
// the caller to fill in.
func Announce(s *index.State, by Author) index.Change {
	held := s.Local
	c := index.Change{Base: held.Entry.Version, Entry: held.Entry, Disk: held.Disk, Flags: held.Flags &^ index.ReceiveOnlyChanged}
	content := held.Entry.ContentVersion
	c.Quiet = c.Flags&quiet != 0
	author(&c, s, by)
	c.Entry.ContentVersion = content
	return c
}

// Revert returns the action that takes back what was changed here in a
// receive-only folder: what the other devices have is put in its place, and
// the bytes made here are kept like any others that are displaced.
func Revert(f *Facts, by Author) Action {
	if f.State.Local == nil {
		return Action{Op: Settle, Name: f.State.Name}
	}
	held := *f.State.Local
	held.Flags &^= index.ReceiveOnlyChanged
	g := *f
	g.Direction, g.State.Local = SendReceive, &held
	a := Action{Op: Settle, Name: f.State.Name, Have: &held, Quiet: true}
	switch {
	case len(g.State.Heads) > 0:
		a = Decide(&g)
	case held.Entry.Deleted:
	case held.Entry.Type == index.Directory:
		a.Op = Rmdir
	default:
		a.Op = Delete
	}
	if a.Quiet && a.Op != Settle {
		c := index.Change{Entry: tombstone(&held.Entry, by), Quiet: true}
		author(&c, &g.State, by)
		a.Want = c.Entry
	}
	a.Revert = true
	return a
}
