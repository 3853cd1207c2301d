package scan

import (
	"fmt"

	"github.com/labsync/labsync/index"
)

// Scope is a part of the folder to look at.
type Scope struct {
	// Name is a name in the folder, "" for all of it, as the index or the disk
	// spells it.
	Name string
	// Recursive asks for everything below a directory too. A directory that the
	// index does not hold yet, or another one than it holds, is always looked at
	// with all that is below, and of one that is gone all that was held below is
	// found removed.
	Recursive bool
}

// Kind is what a scan found about a name.
type Kind uint8

// The kinds of findings.
const (
	// Changed: the content or the type is another than the one held, or the
	// name is new. A new version is due.
	Changed Kind = iota + 1
	// MetaChanged: the same content with other permissions or another
	// modification time. A new version is due; blocks and hash are those held.
	MetaChanged
	// Touched: the version held still stands, only what the disk says about it
	// (or a local flag) is to be renewed. No new version.
	Touched
	// Removed: the name is held and is not on the disk any more. Entry is a
	// tombstone. With the flag index.Ignored it vanished while it was ignored,
	// so nobody here deleted it as part of the folder.
	Removed
	// Hidden: a held name is ignored by now. Entry is the one held, Flags has
	// index.Ignored added. It is neither a change nor a removal.
	Hidden
	// Unsettled: the file changed while it was read. Nothing is known for
	// certain; look again after a moment.
	Unsettled
	// Faulty: the name cannot be synchronised as it is; Problem says why. What
	// is held under it, and below it, stays.
	Faulty
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	names := [...]string{"", "changed", "meta-changed", "touched", "removed", "hidden", "unsettled", "faulty"}
	if int(k) >= len(names) {
		return fmt.Sprintf("kind %d", k)
	}
	return names[k]
}

// Found is one finding of a scan. Within each scope they come in ascending byte
// order of Name, so a directory comes before what is in it; problems may come
// out of order. A name may have a problem beside another finding.
type Found struct {
	Name string
	Kind Kind
	// Base is the version held that the disk was compared with, nil if none was
	// (a tombstone counts as held). It belongs in index.Change.Base.
	Base index.Version
	// Entry is what the disk holds, with blocks, but without Version,
	// ModifiedBy and Parent, which whoever records it gives. Of Touched and
	// Hidden it is the entry held, complete; of Unsettled and Faulty only the
	// name is set.
	Entry index.Entry
	// Disk are the facts to record beside it; zero for Removed, Unsettled and
	// Faulty.
	Disk index.Disk
	// Flags are the local flags to record. Of the flags held Unsupported,
	// MustRescan and Prefix are gone, ReceiveOnlyChanged stays. Prefix is set
	// if the file was growing and Entry stands for its first Entry.Size bytes.
	Flags index.Flags
	// Problem is set if Kind is Faulty.
	Problem *Problem
}

// Code names a kind of problem. The list is closed; docs and status show it.
type Code string

// The codes of problems.
const (
	NotUTF8         Code = "not-utf8"         // the name is not UTF-8
	NameTwin        Code = "name-twin"        // two names differ in Unicode form only
	NameTooLong     Code = "name-too-long"    // the name exceeds what file systems hold
	NotAFile        Code = "not-a-file"       // FIFO, socket or device node
	Unreadable      Code = "unreadable"       // permission or I/O error
	MountMissing    Code = "mount-missing"    // a nested file system is gone
	OtherFilesystem Code = "other-filesystem" // a nested file system begins here
	ReservedName    Code = "reserved-name"    // a spelling of the work directory, or a name no peer can take
)

// Problem is why one name cannot be synchronised. The problems of a scope are
// reported anew by each scan of it: one that is not reported is solved.
type Problem struct {
	Name string // as the disk spells it, invalid bytes replaced
	Code Code
	Text string // one sentence: what, where, what to do
	Err  error  // the cause, if a call failed
}

// Error makes a problem usable as an error.
func (p *Problem) Error() string { return p.Text }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Progress is how far a scan has got.
type Progress struct {
	Name string // the name looked at last
	// Names counts the names seen on disk, Files and Bytes what was hashed.
	Names, Files, Bytes int64
	// TotalFiles and TotalBytes are what has to be hashed in all; 0 if that is
	// not known (it is when a first scan has lasted for a second).
	TotalFiles, TotalBytes int64
}
