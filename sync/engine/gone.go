package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/labsync/labsync/index"
)

// A directory that vanished may have been renamed. The scan of its new name
// finds the files by what is held of them, so that of the old one waits for it:
// a moment, for the new name may not have been told yet, and then until no scan
// is due or under way, but not for ever.
const (
	goneAfter  = 100 * time.Millisecond
	goneAtLast = 5 * time.Second
)

// vanished lets those names wait that are held as directories.
func (e *Engine) vanished(ctx context.Context, names []string) error {
	s := &e.scanning
	for _, name := range names {
		state, _, err := e.Index.State(ctx, name)
		if err != nil {
			return err
		}
		if held := state.Local; held == nil || held.Entry.Deleted || held.Entry.Type != index.Directory {
			s.add(Scope{Name: name})
			continue
		}
		if s.gone == nil {
			s.gone = map[string]time.Time{}
		}
		if _, waits := s.gone[name]; !waits {
			s.gone[name] = e.now
		}
	}
	return nil
}

// goneUntil is how long a directory that vanished waits at least as things are.
func (s *scanning) goneUntil(since time.Time) time.Time {
	if s.busy() {
		return since.Add(goneAtLast)
	}
	return since.Add(goneAfter)
}

// release lets directories that vanished be scanned once they have waited.
func (s *scanning) release(now time.Time) {
	var due []Scope
	for name, since := range s.gone {
		if !s.goneUntil(since).After(now) {
			due = append(due, Scope{Name: name})
			delete(s.gone, name)
		}
	}
	slices.SortFunc(due, func(a, b Scope) int { return strings.Compare(a.Name, b.Name) })
	s.add(due...)
}
