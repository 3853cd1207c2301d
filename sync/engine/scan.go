package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/labsync/labsync/sync/plan"
)

// scanning is what is known of the comparison of disk and index.
type scanning struct {
	pending []Scope              // not yet begun, in order of arrival
	running []run                // the scans under way
	ended   bool                 // the first scan of all has ended
	retry   time.Time            // when to try a failed scan again
	later   map[string]time.Time // names that were still changing
	gone    map[string]time.Time // directories that vanished, and when
	touched map[string]ID        // names on which steps ended beside the scans under way, and the last effect then
	full    time.Time            // when the next scan of all is due
	failure error
}

// run is a scan under way.
type run struct {
	id     ID
	scopes []Scope
	names  map[string]bool // of the scopes
	above  map[string]bool // directories that a scope is in
	wide   wide
	gone   []plan.Observation // kept back, see hold
}

func newRun(id ID, scopes []Scope) run {
	r := run{id: id, scopes: scopes, names: make(map[string]bool, len(scopes)), above: map[string]bool{}, wide: wideOf(scopes)}
	for _, sc := range scopes {
		r.names[sc.Name] = true
		for name := sc.Name; name != ""; {
			if name = parent(name); r.above[name] {
				break
			}
			r.above[name] = true
		}
	}
	return r
}

// overlaps reports whether the scan looks at some of the scope.
func (r *run) overlaps(sc Scope) bool {
	return r.saw(sc.Name, false) || sc.Recursive && r.above[sc.Name]
}

// saw reports whether the scan looked at a name, or at that and all below it.
func (r *run) saw(name string, below bool) bool {
	return r.wide.cover(name) || !below && r.names[name]
}

// maxScans is how many scans are under way at a time: one big file that is
// being hashed holds up nothing but itself.
const maxScans = 3

// settleAgain is how long a name that changed while it was read is left alone.
const settleAgain = 200 * time.Millisecond

// scanRetry is how long a failed scan waits.
const scanRetry = 10 * time.Second

// maxScopes bounds the queue: beyond it everything is scanned at once.
const maxScopes = 10_000

func (s *scanning) add(scopes ...Scope) {
	for _, sc := range scopes {
		if len(s.pending) > 64 || !slices.Contains(s.pending, sc) {
			s.pending = append(s.pending, sc)
		}
	}
	if len(s.pending) > maxScopes {
		s.pending = []Scope{{Recursive: true}}
	}
}

func (s *scanning) tick(now time.Time) {
	if !s.retry.IsZero() && !s.retry.After(now) {
		s.retry = time.Time{}
		s.add(Scope{Recursive: true})
	}
	if !s.full.IsZero() && !s.full.After(now) {
		s.full = time.Time{}
		s.add(Scope{Recursive: true})
	}
	var due []string
	for name, at := range s.later {
		if !at.After(now) {
			due = append(due, name)
		}
	}
	slices.Sort(due)
	for _, name := range due {
		delete(s.later, name)
		s.add(Scope{Name: name})
	}
}

func (s *scanning) next() time.Time {
	times := []time.Time{s.retry, s.full}
	for _, since := range s.gone {
		times = append(times, s.goneUntil(since))
	}
	for _, at := range s.later {
		times = append(times, at)
	}
	return earliest(times...)
}

// scanNext begins a scan of what is pending, except what is being placed or is
// in a scan under way. A wide scope that has to wait for one lets nothing pass,
// or it would wait for ever.
func (e *Engine) scanNext() {
	s := &e.scanning
	s.release(e.now)
	if len(s.running) == maxScans || len(s.pending) == 0 || !s.retry.IsZero() {
		return
	}
	var begin, held []Scope
	for _, sc := range s.pending {
		switch {
		case s.overlaps(sc):
			held = append(held, sc)
			if sc.Recursive {
				return
			}
		case e.work.placing(sc.Name):
			held = append(held, sc)
		default:
			begin = append(begin, sc)
		}
	}
	if len(begin) == 0 {
		return
	}
	s.pending = held
	r := newRun(e.newID(), cover(begin))
	s.running = append(s.running, r)
	e.forgetProblems(r.scopes)
	e.emit(Scan{ID: r.id, Scopes: r.scopes})
}

// overlaps reports whether a scan under way looks at some of the scope.
func (s *scanning) overlaps(sc Scope) bool {
	return slices.ContainsFunc(s.running, func(r run) bool { return r.overlaps(sc) })
}

// cover drops scopes that lie within another and sorts the rest.
func cover(scopes []Scope) []Scope {
	slices.SortFunc(scopes, func(a, b Scope) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), -cmp.Compare(rank(a), rank(b)))
	})
	covered := wide{}
	var out []Scope
	for _, sc := range scopes {
		if covered.cover(sc.Name) || len(out) > 0 && out[len(out)-1].Name == sc.Name {
			continue
		}
		if sc.Recursive {
			covered[sc.Name] = true
		}
		out = append(out, sc)
	}
	return out
}

func rank(s Scope) int {
	if s.Recursive {
		return 1
	}
	return 0
}

// wide is the set of directories that are scanned with all below them.
type wide map[string]bool

func wideOf(scopes []Scope) wide {
	w := wide{}
	for _, sc := range scopes {
		if sc.Recursive {
			w[sc.Name] = true
		}
	}
	return w
}

// cover reports whether name is, or lies below, a directory of the set.
func (w wide) cover(name string) bool {
	for {
		if w[name] {
			return true
		}
		if name == "" {
			return false
		}
		name = parent(name)
	}
}

func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

func (e *Engine) lookAgain(name string, after time.Duration) {
	if e.scanning.later == nil {
		e.scanning.later = map[string]time.Time{}
	}
	e.scanning.later[name] = e.now.Add(after)
}

func (e *Engine) scanDone(ctx context.Context, ev ScanDone) error {
	s := &e.scanning
	i := slices.IndexFunc(s.running, func(r run) bool { return r.id == ev.ID })
	if i < 0 {
		return nil
	}
	ended := s.running[i]
	s.running = slices.Delete(s.running, i, i+1)
	if i == 0 {
		defer s.forgetTouched()
	}
	s.failure = ev.Err
	if ev.Err != nil {
		s.add(ended.scopes...)
		s.retry = e.now.Add(scanRetry)
		return nil
	}
	// One that is to be scanned again may have come back, or never have left.
	due := newRun(0, s.pending)
	gone := slices.DeleteFunc(ended.gone, func(o plan.Observation) bool { return due.overlaps(Scope{Name: o.Name}) })
	if len(gone) > 0 {
		known, err := e.statesSeen(ctx, gone)
		if err != nil {
			return err
		}
		slices.Reverse(gone) // deepest first
		if err := e.recordSeen(ctx, ev.ID, gone, known); err != nil {
			return err
		}
	}
	if slices.Contains(ended.scopes, Scope{Recursive: true}) {
		s.ended = true
		if e.Rescan > 0 {
			s.full = e.now.Add(e.Rescan)
		}
	}
	e.work.looked(func(name string, below bool) bool { return ended.saw(name, below) && !s.doubtful(ended.id, name) })
	e.cycle.again = true
	return nil
}

// forgetProblems drops the problems of what is about to be scanned: the scan
// reports those that remain. Problems are named as they can be shown, so are
// the scopes here.
func (e *Engine) forgetProblems(scopes []Scope) {
	scopes = slices.Clone(scopes)
	for i := range scopes {
		scopes[i].Name = strings.ToValidUTF8(scopes[i].Name, "\ufffd")
	}
	shown := newRun(0, scopes)
	for name := range e.problems {
		if shown.saw(name, false) {
			delete(e.problems, name)
		}
	}
}
