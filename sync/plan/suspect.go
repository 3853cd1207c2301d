package plan

import (
	"crypto/sha256"

	"github.com/labsync/labsync/index"
)

// lostWithPower reports whether what a scan found in the place of what was
// recorded may be all that a loss of power left: the name is gone, the file is
// shorter, filled with zeros, or another one under times that were seen before.
// A person's change since would look otherwise, but for a file cut or removed
// since the machine came up again: taking that for a loss brings its content
// back, the opposite would take it away from everybody.
func lostWithPower(s *index.State, o *Observation) bool {
	held := s.Local
	if held == nil || held.Flags&index.Suspect == 0 || held.Entry.Deleted {
		return false
	}
	if o.Removed {
		return true
	}
	e := &o.Entry
	if e.Type != held.Entry.Type || e.SameContent(&held.Entry) {
		return false
	}
	return e.Size < held.Entry.Size || o.Disk.Mtime <= held.Disk.Seen || isZero(e)
}

// isZero reports whether a file holds zeros only.
func isZero(e *index.Entry) bool {
	if e.Type != index.File || len(e.Blocks) == 0 {
		return false
	}
	known := map[int32]index.Hash{}
	for _, b := range e.Blocks {
		zeros, ok := known[b.Size]
		if !ok {
			zeros = sha256.Sum256(make([]byte, b.Size))
			known[b.Size] = zeros
		}
		if b.Hash != zeros {
			return false
		}
	}
	return true
}
