package versioning

import "time"

// Cause is why a version is not current any more, or why it has left a disk.
type Cause uint8

// The causes of a version's being kept, and of its expiry.
const (
	Replaced     Cause = iota // by a version made on top of it
	Deleted                   // by somebody who had it
	LostConflict              // to a version made beside it
	Acknowledged              // somebody has seen that it lost and let it go
	Expired                   // its time was over
	Thinned                   // a later version of the same interval is kept
	OverKeepN                 // enough later versions are kept
)

var causes = [...]string{"replaced-by-author", "deleted-by-author", "lost-conflict", "acknowledged", "expired", "thinned", "over-keep-n"}

// String returns the cause as the ledger has it.
func (c Cause) String() string { return causes[c] }

// Kept is one old version of a name that this device keeps.
type Kept struct {
	Since  time.Time // when it left the path
	Cause  Cause     // Replaced, Deleted or LostConflict
	Pinned bool      // an open conflict needs it
	// Quarantine says how long a version that lost a conflict has waited.
	Quarantine Quarantine
}

// Quarantine is what is known of the wait of a version that lost a conflict.
type Quarantine struct {
	Acknowledged bool
	// Ran is how long this device ran since the version's author has shown
	// the conflict, negative if that is not known to have happened, and RanAll
	// since the version was put aside.
	Ran, RanAll time.Duration
}

// Times of quarantine and of deletions.
const (
	shownFor   = 7 * day  // after the author's device has shown the conflict
	quarantine = 90 * day // whether it has or not
	deletions  = 30 * day
	day        = 24 * time.Hour
)

// over reports whether a version has waited long enough.
func (q *Quarantine) over() (Cause, bool) {
	switch {
	case q.Acknowledged:
		return Acknowledged, true
	case q.Ran >= shownFor, q.RanAll >= quarantine:
		return Expired, true
	}
	return 0, false
}

// held reports whether a version is kept whatever the strategy says. A version
// that left the path in the future is kept: one of two clocks is wrong.
func (k *Kept) held(now time.Time) bool {
	age := now.Sub(k.Since)
	return k.Pinned || age < 0 || k.Cause == Deleted && age < deletions
}
