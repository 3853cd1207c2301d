package engine

import (
	"maps"

	"github.com/labsync/labsync/sync/plan"
)

// A placement may take a name away and put it back, or change it and then fail:
// what a scan saw of the name meanwhile was never anybody's doing, and the
// version held is the same as before. So a finding counts only if the scan began
// after the last step on its name had ended.

// touched notes names on which steps have ended just now.
func (e *Engine) touched(names ...string) {
	s := &e.scanning
	if len(s.running) == 0 {
		return
	}
	if s.touched == nil {
		s.touched = map[string]ID{}
	}
	for _, name := range names {
		s.touched[name] = e.lastID
	}
}

// doubtful reports whether a step on a name ended after the scan had begun.
func (s *scanning) doubtful(scan ID, name string) bool { return s.touched[name] >= scan }

// forgetTouched drops what is older than all scans under way.
func (s *scanning) forgetTouched() {
	if len(s.running) == 0 {
		s.touched = nil
		return
	}
	oldest := s.running[0].id
	maps.DeleteFunc(s.touched, func(_ string, at ID) bool { return at < oldest })
}

// counts reports whether what a scan found at a name may be recorded. If not,
// the name is looked at again.
func (e *Engine) counts(scan ID, name string) bool {
	if e.work.unsettled[name] {
		return false // looked at again when it is settled
	}
	if e.work.placing(name) || e.scanning.doubtful(scan, name) {
		e.scanning.add(Scope{Name: name})
		return false
	}
	return true
}

// touches returns the names that an action changes on disk.
func touches(a *plan.Action) []string {
	if a.Op == plan.Move {
		return []string{a.Name, a.From.Entry.Name}
	}
	return []string{a.Name}
}
