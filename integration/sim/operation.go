package sim

import (
	"fmt"
	"time"
)

// Kind is what an operation does.
type Kind uint8

// What programs and people do in a folder. What the file system refuses does
// not happen.
const (
	Edit    Kind = iota // write a file in place, all of it
	Save                // write beside and rename over
	Append              // write at the end
	Cut                 // truncate to half
	Remove              // a file, a link or an empty directory
	Rename              // a file or a directory, to To
	Mkdir               // with those above
	Rmtree              // with all below
	Chmod               // Count chooses the permissions
	Touch               // set another modification time
	Link                // make or retarget a symlink
	Retype              // file to directory and back
	Backup              // rename the old version away, write a new one
	Keep                // write with the modification time of before (cp -p)
	Copy                // of a file, to To
	Recase              // rename to other capitals, or back
	Spill               // overwrite a part in the middle
	HeldIn              // write to the files kept open
	Hold                // open a file for writing and keep it open
	Release             // close them

	// Ambush does Then before the Count-th step of a placement. Without a Name
	// it is about what that step is about.
	Ambush

	// What happens to the network.
	Part  // cut link Count
	Meet  // bring link Count up
	Drop  // the session of link Count ends, its ends learn it apart; another begins
	Split // cut all links between the devices of the bit set Count and the others
	Heal  // bring all links up
	Lag   // messages on link Count travel longer, for a time For

	// What happens to a machine or to its disk.
	Flush    // the system writes back what is in memory only
	Crash    // loss of power at the Count-th step from now, with the bit weak in any order; up again after For
	Kill     // the process dies at the Count-th step from now; up again after For
	Full     // the disk is full, for a time For
	BadWrite // the Count-th write from now fails
	BadSync  // the Count-th sync from now fails, and forgets
	BadRead  // the Count-th read from now fails
	Clock    // the clock is set: Count chooses where to
	Deafen   // file events are lost, for a time For; then all is scanned
	Unplug   // the root is missing, for a time For

	// What happens to an identity.
	Backdate // a copy of the index is put aside
	Restore  // the index is that copy again, the folder stays as it is
	Forget   // the index is lost
	Clone    // device Count starts from a copy of this one's home and folder

	// Corrupt lets the device send bytes that are not those asked for, in one
	// of Count answers, for a time For.
	Corrupt

	kinds
)

var kindNames = [kinds]string{
	"edit", "save", "append", "truncate", "remove", "rename", "mkdir", "rmtree", "chmod", "touch", "link", "retype",
	"backup", "keep", "copy", "recase", "spill", "write-held", "hold", "release",
	"ambush",
	"part", "meet", "drop", "split", "heal", "lag",
	"flush", "crash", "kill", "full", "bad-write", "bad-sync", "bad-read", "clock", "deafen", "unplug",
	"backdate", "restore", "forget", "clone",
	"corrupt",
}

// String returns the kind's name.
func (k Kind) String() string { return kindNames[k] }

// fault reports whether an operation is none of a user.
func (k Kind) fault() bool { return k >= Part }

// onLink reports whether Count names a link.
func (k Kind) onLink() bool { return k == Part || k == Meet || k == Drop || k == Lag }

// Operation is one thing that happens from outside. Operations are compared
// and written down as they are: whatever a case depends on, besides its seed,
// stands in them.
type Operation struct {
	After  int64 // ns after the operation before
	Device int
	Kind   Kind
	Name   string
	To     string // of Rename and Copy
	Count  int
	For    int64 // ns that a fault lasts
	Then   Kind  // of Ambush
	Early  bool  // of Ambush: steps of scans and fetches count, too
}

// weak marks in Count of a Crash that names may change in any order.
const weak = 1 << 20

func (o Operation) String() string {
	s := o.Kind.String()
	switch o.Kind {
	case Rename, Copy:
		return fmt.Sprintf("%s %s to %s", s, o.Name, o.To)
	case Ambush:
		return fmt.Sprintf("ambush in %d: %s %s %s", o.Count, o.Then, o.Name, o.To)
	case Part, Meet, Drop, Lag:
		s += fmt.Sprintf(" link %d", o.Count)
	case Crash:
		s += fmt.Sprintf(" in %d", o.Count&^weak)
		if o.Count&weak != 0 {
			s += " (weak)"
		}
	case Split, Kill, BadWrite, BadSync, BadRead, Clock, Clone, Corrupt:
		s += fmt.Sprintf(" %d", o.Count)
	case HeldIn, Release, Heal, Flush, Full, Deafen, Unplug, Backdate, Restore, Forget:
	default:
		s += " " + o.Name
	}
	if o.For > 0 {
		s += fmt.Sprintf(" for %v", time.Duration(o.For))
	}
	return s
}
