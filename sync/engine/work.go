package engine

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// Bounds of what is under way at a time. Groups are large because making many
// files durable together costs little more than one; two of them overlap
// fetching with placing; big files go alone so that they hold nothing up.
const (
	groupFiles  = 1000
	groupBytes  = 64 << 20
	placeNames  = 4000     // placed at a time: what gathers while the group before is made durable
	placeBytes  = 64 << 30 // of files in such a group, for their block lists are in memory then
	bigFile     = 16 << 20
	maxGroups   = 2
	maxBig      = 4
	maxBigs     = 64     // big files that wait beside those; with more, planning rests
	maxNotes    = 3      // commits of what needs nothing on disk; with more, planning rests
	maxFailures = 20_000 // names remembered as failed; with more, planning rests
)

// stage is how far the work on a name has got.
type stage uint8

const (
	fetching stage = iota + 1
	queued         // fetched or nothing to fetch, waits for its turn to be placed
	placing
)

// work is what is being done to names, and what failed.
type work struct {
	stages    map[string]stage
	actions   map[string]plan.Action // by name, while in stages
	groups    map[ID][]string        // names of each Fetch or Place under way
	unfetched [][]plan.Action        // groups of small files that wait for their turn to be fetched
	bigs      []plan.Action          // big files that do
	long      map[string]bool        // names of big files that wait to be, or are being, fetched
	fetches   int                    // groups of small files being fetched
	big       int                    // big files being fetched
	commits   map[ID][]string        // names of each commit under way
	recorded  map[string]int         // how many of these a name is in
	arrivals  map[ID][]string        // names of each RecordRemote under way
	arriving  map[string][]arrival   // what they say of a name
	notes     map[ID]bool            // commits of a plan under way
	queue     []plan.Action          // to be placed, in order
	place     ID                     // the Place under way, 0 for none
	hasPlaced bool                   // something was placed, or may have been in an earlier run
	failures  map[string]failure
	differs   map[string][]index.Version // versions found to differ, by name
	stale     map[string]bool            // names whose last outcome was Stale
	unsettled map[string]bool            // names of which it is not known what stands there
	rest      time.Time                  // nothing is placed before: the disk is full
}

type failure struct {
	problem *plan.Problem
	until   time.Time
	tries   int
	on      waitsOn
	unseen  []string // of onScan and onScanBelow: names to be looked at before
}

// waitsOn is what else than time lets a name be tried again.
type waitsOn uint8

const (
	onTime      waitsOn = iota
	onScan              // the names that it touches having been looked at
	onScanBelow         // the name, with all below it, having been
	onProgress          // something else having been done
)

func newWork() work {
	return work{
		stages: map[string]stage{}, actions: map[string]plan.Action{}, groups: map[ID][]string{},
		commits: map[ID][]string{}, recorded: map[string]int{}, notes: map[ID]bool{},
		arrivals: map[ID][]string{}, arriving: map[string][]arrival{},
		long: map[string]bool{}, failures: map[string]failure{}, differs: map[string][]index.Version{}, stale: map[string]bool{}, unsettled: map[string]bool{},
	}
}

// isBelow reports whether something is done below a directory, or was tried.
func (w *work) isBelow(dir string) bool {
	for name := range w.stages {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	for name := range w.failures {
		if strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

// placing reports whether a scan of the name would see a placement halfway.
func (w *work) placing(name string) bool { return w.stages[name] == placing }

// records reports whether a commit under way may change the name. Nothing is
// begun for it until that has ended: a step on the disk that the index then
// refuses as stale would look like a person's change.
func (w *work) records(name string) bool { return w.recorded[name] > 0 }

// committed forgets a commit that has ended.
func (w *work) committed(id ID) {
	for _, name := range w.commits[id] {
		if w.recorded[name]--; w.recorded[name] == 0 {
			delete(w.recorded, name)
		}
	}
	delete(w.commits, id)
	delete(w.notes, id)
}

func (w *work) begin(a *plan.Action, s stage) {
	w.stages[a.Name], w.actions[a.Name] = s, *a
	if a.Op == plan.Move {
		w.stages[a.From.Entry.Name] = s
	}
}

func (w *work) end(name string) plan.Action {
	a := w.actions[name]
	delete(w.stages, name)
	delete(w.actions, name)
	if a.Op == plan.Move {
		delete(w.stages, a.From.Entry.Name)
	}
	return a
}

// Time that a name is left alone after a failure or a postponement, doubling
// with each. A postponed name waits for something short, such as a program
// that has the file open.
const (
	failFirst    = time.Second
	failLast     = 5 * time.Minute
	postponed    = time.Second
	postponeLast = 16 * time.Second
	diskFull     = 10 * time.Second
)

func (w *work) fail(now time.Time, name string, p *plan.Problem) {
	f := w.failures[name]
	f.problem, f.tries, f.on, f.unseen = p, f.tries+1, onTime, nil
	f.until = now.Add(min(failFirst<<min(f.tries-1, 20), failLast))
	w.failures[name] = f
}

// wait leaves a name alone until something has happened, or a long time passed.
func (w *work) wait(now time.Time, name string, on waitsOn, p *plan.Problem) {
	f := w.failures[name]
	f.problem, f.tries, f.on, f.unseen = p, f.tries+1, on, nil
	f.until = now.Add(failLast)
	w.failures[name] = f
}

// waitForScan leaves the name of an action alone until what it touches has been
// looked at. Any sooner it would come to the same, and what a scan sees of a
// name that is tried all the time can never be relied on.
func (w *work) waitForScan(now time.Time, a *plan.Action, on waitsOn) {
	w.wait(now, a.Name, on, nil)
	f := w.failures[a.Name]
	f.unseen = touches(a)
	w.failures[a.Name] = f
}

// postpone leaves a name alone for a moment.
func (w *work) postpone(now time.Time, name string, p *plan.Problem) {
	f := w.failures[name]
	f.problem, f.tries, f.on, f.unseen = p, f.tries+1, onTime, nil
	f.until = now.Add(min(postponed<<min(f.tries-1, 20), postponeLast))
	w.failures[name] = f
}

// staleAgain takes note that an action came too late, and reports whether the
// last one for the name did, too.
func (w *work) staleAgain(name string) bool {
	if w.stale[name] {
		return true
	}
	if len(w.stale) >= maxFailures {
		clear(w.stale)
	}
	w.stale[name] = true
	return false
}

// rests reports whether a name is to be left alone for now.
func (w *work) rests(name string, now time.Time) bool {
	f, ok := w.failures[name]
	return ok && f.until.After(now)
}

// forgive lets a name be tried again at once. How often it failed is
// remembered until it succeeds.
func (w *work) forgive(name string) {
	if f, ok := w.failures[name]; ok {
		f.until = time.Time{}
		w.failures[name] = f
	}
}

func (w *work) succeed(name string) {
	delete(w.failures, name)
	delete(w.differs, name)
	delete(w.stale, name)
}

// forgiveAll lets every name be tried again: another device is there to ask.
func (w *work) forgiveAll() {
	for name, f := range w.failures {
		f.until, f.tries = time.Time{}, 0
		w.failures[name] = f
	}
}

// progressed lets those be tried again that wait for something else to be done,
// and reports whether there were any.
func (w *work) progressed() bool {
	any := false
	for name, f := range w.failures {
		if f.on == onProgress && !f.until.IsZero() {
			f.until, any = time.Time{}, true
			w.failures[name] = f
		}
	}
	return any
}

// looked lets those be tried again whose names have all been looked at, given
// what was seen of them just now.
func (w *work) looked(saw func(name string, below bool) bool) {
	for name, f := range w.failures {
		if len(f.unseen) == 0 || f.until.IsZero() {
			continue
		}
		f.unseen = slices.DeleteFunc(f.unseen, func(n string) bool { return saw(n, f.on == onScanBelow) })
		if len(f.unseen) == 0 {
			f.until = time.Time{}
		}
		w.failures[name] = f
	}
}

// tick lets those be tried again whose time has come.
func (w *work) tick(now time.Time, c *cycle) {
	if !w.rest.IsZero() && !w.rest.After(now) {
		w.rest, c.again = time.Time{}, true
	}
	for name, f := range w.failures {
		if !f.until.IsZero() && !f.until.After(now) {
			f.until, c.again = time.Time{}, true
			w.failures[name] = f
		}
	}
}

func (w *work) next() time.Time {
	first := w.rest
	for _, f := range w.failures {
		first = earliest(first, f.until)
	}
	return first
}

// walked forgets failures of names that a whole walk did not meet any more:
// what was wanted there has changed.
func (w *work) walked() {
	for name, f := range w.failures {
		if f.until.IsZero() && w.stages[name] == 0 {
			w.succeed(name)
		}
	}
}

// idle reports whether nothing is being fetched, placed or noted, but for big
// files: nothing else waits for those.
func (w *work) idle() bool {
	return len(w.stages) == len(w.long) && len(w.unfetched) == 0 && len(w.notes) == 0
}

// problems returns what failed, by name.
func (w *work) problems() []plan.Problem {
	var out []plan.Problem
	for _, name := range slices.Sorted(maps.Keys(w.failures)) {
		if p := w.failures[name].problem; p != nil {
			out = append(out, *p)
		}
	}
	return out
}
