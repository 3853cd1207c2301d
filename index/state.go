package index

import (
	"github.com/labsync/labsync/internal/device"
)

// Disk is what the file system said about a name when this device last looked
// or placed it. Scans compare these facts, the wire carries the entry's: a file
// system with coarse times or without modes never ping-pongs.
type Disk struct {
	Name   string // as the disk spells it, if that is not the entry's name
	Type   Type
	Size   int64
	Mtime  int64 // ns since 1970
	Ctime  int64 // ns since 1970; 0 where the file system has none
	Inode  uint64
	Device uint64 // the file system's device number
	Mode   uint32 // permission bits as the disk holds them
	// Seen is the wall clock, in ns since 1970, just before the facts were
	// read. Facts whose Mtime is not at least two of the file system's time
	// granules older than Seen prove nothing (git's racily-clean rule).
	Seen int64
}

// Flags are facts about a name that hold on this device only.
type Flags uint32

// The local flags.
const (
	Ignored            Flags = 1 << iota // an ignore pattern matches: not announced, not placed
	Unsupported                          // this file system cannot hold it
	Kept                                 // a deleted directory that stays on disk for its ignored content only
	ReceiveOnlyChanged                   // changed here in a receive-only folder: not announced
	MustRescan                           // the recorded facts are not to be trusted
	Prefix                               // a growing file, announced as far as it had got
	Suspect                              // recorded shortly before the machine may have lost power
)

// Held is what this device has at a path: the version, what the disk says, and
// the local flags. A tombstone is held with a zero Disk.
type Held struct {
	Entry Entry
	Disk  Disk
	Flags Flags
}

// Head is one maximal version of a name with those who announce it.
type Head struct {
	Entry   Entry
	Devices []device.ID // remote devices that announce it, sorted
	Ours    bool        // announced by this device
	// AtPath lists the remote devices that have it at the path (announce it first).
	AtPath []device.ID
}

// State is all that is known of one name, without block lists.
type State struct {
	Name  string
	Local *Held // nil: this device never had the name
	// Heads are the maximal ones among the versions that are announced (by us
	// or another device) or derived. A version held quietly (Change.Quiet) is
	// not among them and dominates none of them.
	Heads []Head
	// Hidden are versions that a head dominates and that some device, or this
	// one, announces to have at the path all the same: what is left if that head
	// cannot be had.
	Hidden []Head
	// Dirty tells which planning pass the name waits for.
	Dirty Dirty
}

// Dirty says whether a name has to be planned: its heads are not simply what
// is held here. A store computes it from the heads alone.
type Dirty uint8

// The planning passes, in their order: creations and changes by ascending name,
// so that parents come first; then deletions of files and links; then of
// directories by descending name, so that children come first.
const (
	Clean     Dirty = iota
	DirtyLive       // some maximal head is not deleted
	DirtyGone       // all maximal heads are tombstones, none of a directory
	DirtyGoneDirectory
)

// Update is a device's announcement of one name: its heads, first the one it
// has at the path, and the sequence number of that state.
type Update struct {
	Sequence int64
	Heads    []Entry // never empty; all of one name; with blocks
}

// Maximal returns those entries that no other dominates, in the order given.
// Of entries with equal versions and the same content the first stays; equal
// versions with different content both stay: they are a conflict.
func Maximal(entries []Entry) []Entry {
	out := make([]Entry, 0, len(entries))
	for i := range entries {
		if !dominated(entries, i) {
			out = append(out, entries[i])
		}
	}
	return out
}

func dominated(entries []Entry, i int) bool {
	e := &entries[i]
	for j := range entries {
		f := &entries[j]
		if i == j {
			continue
		}
		switch e.Version.Compare(f.Version) {
		case Before:
			return true
		case Equal:
			if j < i && e.SameContent(f) {
				return true
			}
		}
	}
	return false
}

// Entries returns the entries of the state's heads.
func (s *State) Entries() []Entry {
	out := make([]Entry, len(s.Heads))
	for i := range s.Heads {
		out[i] = s.Heads[i].Entry
	}
	return out
}

// Versions returns the vectors of the state's heads.
func (s *State) Versions() []Version {
	out := make([]Version, len(s.Heads))
	for i := range s.Heads {
		out[i] = s.Heads[i].Entry.Version
	}
	return out
}

// DirtyOf tells which pass a name with these maximal heads waits for, given
// the version held at the path (nil if none).
func DirtyOf(maximal []Entry, local *Entry) Dirty {
	if len(maximal) == 0 {
		return Clean
	}
	if len(maximal) == 1 && local != nil && maximal[0].Version.Compare(local.Version) == Equal && maximal[0].SameContent(local) {
		return Clean
	}
	dirty := DirtyGone
	for i := range maximal {
		switch {
		case !maximal[i].Deleted:
			return DirtyLive
		case maximal[i].Type == Directory:
			dirty = DirtyGoneDirectory
		}
	}
	return dirty
}
