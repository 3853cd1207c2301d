package engine

import (
	"maps"
	"slices"

	"github.com/labsync/labsync/sync/plan"
)

// Snapshot is how the folder is doing.
type Snapshot struct {
	Scanned  bool  // the first scan has ended
	Scanning bool  // a scan is under way or due
	Working  int   // names being fetched or placed
	Failure  error // of the last scan
	DiskFull bool
	// Resting tells that every name that waits has been looked at and none can
	// be brought on before something happens.
	Resting  bool
	Problems []plan.Problem
}

// Snapshot returns how the folder is doing.
func (e *Engine) Snapshot() Snapshot {
	s := Snapshot{
		Scanned: e.scanning.ended, Scanning: e.scanning.busy() || len(e.scanning.gone) > 0, Failure: e.scanning.failure,
		Working: len(e.work.stages) + len(e.work.notes), DiskFull: !e.work.rest.IsZero(),
		Resting: !e.cycle.walking && !e.cycle.again,
	}
	for _, name := range slices.Sorted(maps.Keys(e.problems)) {
		s.Problems = append(s.Problems, e.problems[name])
	}
	s.Problems = append(s.Problems, e.work.problems()...)
	return s
}
