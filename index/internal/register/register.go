// Package register is the state of one name as both stores keep it, and the
// pure rules by which it changes: a multi-value register whose values are
// versions, each with those who announce it. index/store reads a register from
// a row, changes it here and writes it back; index/memstore keeps it in a map.
// Sharing the rules leaves the stores only storing to do, and the simulator
// runs the rules that users run.
//
// A version stays in its register for as long as someone announces it, it is
// held here, or it is derived (follows from another name's state and was not
// placed yet). The heads of the name are the maximal ones of those announced
// or derived: a version that is only held, quietly, is nobody's business yet.
//
// A Register is changed by its own methods only, and they never write into a
// slice they were given: a copy made by assignment is a snapshot.
package register

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/labsync/labsync/index"
)

// Self is the number of this device among the announcers.
const Self = 0

// Register is what is known of one name.
type Register struct {
	Name     string
	Sequence int64     // of what this device announces; 0 if it announces nothing
	Versions []Version // in an order of their own, the same on every device
	Disk     index.Disk
	Flags    index.Flags
	Dirty    index.Dirty
}

// Version is one version of a name.
type Version struct {
	Entry index.Entry
	// List is for a store that keeps block lists elsewhere: the number of this
	// version's list among those of the name. 0 means that Entry has its blocks.
	List      int
	Held      bool // stands at the path here; true for one version at most
	Derived   bool // announced by nobody yet, and to be kept nevertheless
	Announced []Announcer
}

// Announcer is a device that announces a version.
type Announcer struct {
	Device int  // Self, or the number the store gave the device
	First  bool // it has the version at the path
}

// by returns how the device announces the version.
func (v *Version) by(device int) (a Announcer, ok bool) {
	for _, a := range v.Announced {
		if a.Device == device {
			return a, true
		}
	}
	return Announcer{}, false
}

// announce sets or, with ok false, removes the device as an announcer.
func (v *Version) announce(a Announcer, ok bool) {
	others := make([]Announcer, 0, len(v.Announced)+1)
	for _, b := range v.Announced {
		if b.Device != a.Device {
			others = append(others, b)
		}
	}
	if ok {
		others = append(others, a)
		slices.SortFunc(others, func(a, b Announcer) int { return cmp.Compare(a.Device, b.Device) })
	}
	v.Announced = others
}

// hasBlocks reports whether the version's block list is known.
func (v *Version) hasBlocks() bool { return v.List != 0 || len(v.Entry.Blocks) > 0 }

// Empty reports whether nothing is left to remember.
func (r *Register) Empty() bool { return len(r.Versions) == 0 }

// Held returns the version that stands at the path here, nil for none.
func (r *Register) Held() *Version {
	for i := range r.Versions {
		if r.Versions[i].Held {
			return &r.Versions[i]
		}
	}
	return nil
}

// Present returns the held version if its content is on this disk: not a
// tombstone, and not recorded as something the file system cannot hold.
func (r *Register) Present() *Version {
	v := r.Held()
	if v == nil || v.Entry.Deleted || r.Flags&index.Unsupported != 0 {
		return nil
	}
	return v
}

// Announces reports whether a device announces any version of the name.
func (r *Register) Announces(device int) bool {
	for i := range r.Versions {
		if _, ok := r.Versions[i].by(device); ok {
			return true
		}
	}
	return false
}

// Ours returns the versions this device announces, the one at the path first.
func (r *Register) Ours() []*Version {
	var ours []*Version
	for i := range r.Versions {
		v := &r.Versions[i]
		switch a, ok := v.by(Self); {
		case ok && a.First:
			ours = slices.Insert(ours, 0, v)
		case ok:
			ours = append(ours, v)
		}
	}
	return ours
}

// quiet reports whether the version is held here and known to nobody else.
func (v *Version) quiet() bool { return !v.Derived && len(v.Announced) == 0 }

// Maximal returns the heads: the versions, but for a quiet one, that no other
// dominates.
func (r *Register) Maximal() []*Version { return maximal(r.Versions) }

func maximal(versions []Version) []*Version {
	heads := make([]*Version, 0, len(versions))
	for i := range versions {
		if !versions[i].quiet() && !dominated(versions, i, nil) {
			heads = append(heads, &versions[i])
		}
	}
	return heads
}

// dominated reports whether a version other than a quiet one or one of those left
// out descends from versions[i].
func dominated(versions []Version, i int, without []index.Version) bool {
	v := versions[i].Entry.Version
	for j := range versions {
		above := versions[j].Entry.Version
		if !versions[j].quiet() && v.Compare(above) == index.Before && !contains(without, above) {
			return true
		}
	}
	return false
}

// Open tells which pass the name would wait for if nobody had settled it.
func (r *Register) Open() index.Dirty {
	if len(r.Versions) == 1 && r.Versions[0].Held {
		return index.Clean // by far the most names
	}
	heads := r.Maximal()
	entries := make([]index.Entry, len(heads))
	for i, h := range heads {
		entries[i] = h.Entry
	}
	var local *index.Entry
	if v := r.Held(); v != nil {
		local = &v.Entry
	}
	return index.DirtyOf(entries, local)
}

// find returns the position of the version that e is, or -1. Equal vectors
// with different content are two versions.
func find(versions []Version, e *index.Entry) int {
	return slices.IndexFunc(versions, func(v Version) bool {
		return v.Entry.Version.Compare(e.Version) == index.Equal && v.Entry.SameContent(e)
	})
}

// copied returns the versions in a slice that can be changed, with room for
// one more.
func (r *Register) copied() []Version {
	return append(make([]Version, 0, len(r.Versions)+1), r.Versions...)
}

// intern returns the versions with e among them, and its position. What is
// known of a version already stays, since every device must tell it alike.
func intern(versions []Version, e *index.Entry) ([]Version, int) {
	i := find(versions, e)
	if i < 0 {
		return append(versions, Version{Entry: e.Clone()}), len(versions)
	}
	have := &versions[i].Entry
	if !versions[i].hasBlocks() {
		have.Blocks = slices.Clone(e.Blocks)
	}
	if e.Deleted { // of which replica's copy this is must not matter
		have.Type = max(have.Type, e.Type)
		if bytes.Compare(e.Hash[:], have.Hash[:]) > 0 {
			have.Hash = e.Hash
		}
	}
	return versions, i
}

// setVersions makes versions the register's: those nobody needs any more
// go, the others are put in their order.
func (r *Register) setVersions(versions []Version) {
	for i := range versions {
		v := &versions[i]
		if _, ours := v.by(Self); v.Derived && (ours || dominated(versions, i, nil)) {
			v.Derived = false
		}
	}
	versions = slices.DeleteFunc(versions, func(v Version) bool { return !v.Held && v.quiet() })
	slices.SortFunc(versions, compare)
	r.Versions = versions
}

// compare orders versions by their vectors, then by what tells two contents
// apart, so that registers with the same versions are the same.
func compare(v, w Version) int {
	e, f := &v.Entry, &w.Entry
	return cmp.Or(
		slices.CompareFunc(e.Version, f.Version, func(a, b index.Counter) int {
			return cmp.Or(cmp.Compare(a.Replica, b.Replica), cmp.Compare(a.Value, b.Value))
		}),
		cmp.Compare(e.Type, f.Type),
		boolean(e.Deleted, f.Deleted),
		cmp.Compare(e.Size, f.Size),
		bytes.Compare(e.Hash[:], f.Hash[:]),
		cmp.Compare(e.Target, f.Target),
	)
}

func boolean(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// same reports whether two lists of heads name the same versions.
func same(a, b []*Version) bool {
	return slices.EqualFunc(a, b, func(v, w *Version) bool { return compare(*v, *w) == 0 })
}

func contains(versions []index.Version, v index.Version) bool {
	return slices.ContainsFunc(versions, func(w index.Version) bool { return w.Compare(v) == index.Equal })
}

// Lists returns the numbers of the block lists that are kept elsewhere.
func (r *Register) Lists() []int {
	var lists []int
	for i := range r.Versions {
		if n := r.Versions[i].List; n != 0 {
			lists = append(lists, n)
		}
	}
	return lists
}
