package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// pageNames is how many names are decided at a time.
const pageNames = 1000

// cycle is one walk over the names that wait: creations and changes, then
// deletions of files, then of directories. A walk begins when something may
// have become possible and ends when every name has been looked at once.
type cycle struct {
	again    bool // something has changed since the walk began
	walking  bool
	pass     index.Dirty
	after    string
	progress bool // something was done in this walk
	began    time.Time
	rewalks  int // how often the first pass was begun anew
}

// maxRewalks bounds how long changes that go on arriving put deletions off.
const maxRewalks = 20

// The new name of a rename waits for the deletion of the old one: patience
// after the last announcement, and maxPatience after the walk began.
const (
	patience    = 2 * time.Second
	maxPatience = 30 * time.Second
)

// planNext goes on with the walk as far as the bounds of work allow, and begins
// what follows. What is begun makes room: a second group is fetched beside the
// first, and a third while the first is placed.
func (e *Engine) planNext(ctx context.Context) error {
	for {
		if err := e.walk(ctx); err != nil {
			return err
		}
		before := len(e.out)
		e.fetchNext()
		e.placeNext()
		if len(e.out) == before {
			return nil
		}
	}
}

// walk decides page after page until there is enough to do.
func (e *Engine) walk(ctx context.Context) error {
	c := &e.cycle
	for e.mayPlan() {
		if !c.walking {
			if !c.again {
				break
			}
			*c = cycle{walking: true, pass: index.DirtyLive, began: e.now}
		}
		page, err := e.Index.Dirty(ctx, c.pass, c.after, pageNames)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			c.after = page[len(page)-1].Name
			if err := e.decidePage(ctx, page); err != nil {
				return err
			}
		}
		if len(page) == pageNames {
			continue
		}
		if !e.work.idle() {
			break // the next pass builds on what is under way
		}
		halves := !e.deferred.IsZero()
		switch {
		case c.pass == index.DirtyLive && c.again && (halves || c.rewalks < maxRewalks):
			c.again, c.after, e.deferred = false, "", time.Time{}
			c.rewalks++
		case c.pass == index.DirtyLive && halves:
			return nil // a deletion would take away what is to be renamed
		default:
			e.nextPass()
		}
	}
	return nil
}

// mayPlan reports whether more names may be taken up.
func (e *Engine) mayPlan() bool {
	w := &e.work
	return e.scanning.ended && w.rest.IsZero() && len(w.unfetched) == 0 && len(w.bigs) < maxBigs &&
		len(w.queue) < placeNames && len(w.notes) < maxNotes && len(w.failures) < maxFailures && !e.sweep.active()
}

func (e *Engine) nextPass() {
	c := &e.cycle
	c.after = ""
	if c.pass < index.DirtyGoneDirectory {
		c.pass++
		return
	}
	c.walking = false
	e.work.walked()
	if c.progress && e.work.progressed() {
		c.again = true
	}
}

// decidePage decides a page of names and begins what follows.
func (e *Engine) decidePage(ctx context.Context, page []index.State) error {
	commit := Commit{}
	var fetch, rmdirs []plan.Action
	former, err := e.formerNames(ctx, page)
	if err != nil {
		return err
	}
	for i := range page {
		s := &page[i]
		if e.work.stages[s.Name] != 0 || e.work.records(s.Name) || e.work.unsettled[s.Name] || e.work.rests(s.Name, e.now) {
			continue
		}
		a := e.decide(s, former)
		switch {
		case a.Op == plan.Settle:
			commit.Settled = append(commit.Settled, index.Settled{Name: s.Name, Heads: a.Heads})
		case a.Op == plan.Note:
			commit.Changes = append(commit.Changes, note(&a))
		case a.Op == plan.Defer:
			e.deferred = e.patientUntil()
		case a.Op == plan.Wait:
			e.work.wait(e.now, s.Name, onProgress, &plan.Problem{Name: s.Name, Code: plan.CodeUnheld, Text: a.Name + " cannot be kept here: " + a.Why + "; rename it on another device."})
		case a.Fetches():
			e.work.begin(&a, fetching)
			fetch = append(fetch, a)
		case a.Op == plan.Rmdir:
			rmdirs = append(rmdirs, a)
		default:
			e.enqueue(&a)
		}
	}
	// Deepest first in every pass: a deletion may stand beside a live head that
	// it applies to.
	slices.SortFunc(rmdirs, func(a, b plan.Action) int { return strings.Compare(b.Name, a.Name) })
	for i := range rmdirs {
		e.enqueue(&rmdirs[i])
	}
	if commit.Changes, err = e.completed(ctx, commit.Changes, e.tooLate); err != nil {
		return err
	}
	if len(commit.Settled)+len(commit.Changes) > 0 {
		commit.ID = e.newID()
		e.work.notes[commit.ID] = true
		e.commit(commit)
	}
	e.fetch(fetch)
	return nil
}

// formerNames returns the states of the names from which others were renamed.
func (e *Engine) formerNames(ctx context.Context, page []index.State) (map[string]*index.State, error) {
	var names []string
	for i := range page {
		if from := renamedFrom(&page[i]); from != "" {
			names = append(names, from)
		}
	}
	return e.states(ctx, names)
}

// decide gathers the facts of a name and asks plan. former has the states of
// former names.
func (e *Engine) decide(s *index.State, former map[string]*index.State) plan.Action {
	f := plan.Facts{
		State: *s, Differs: e.work.differs[s.Name], Nowhere: e.nowhere[s.Name],
		Direction: e.Direction, Limits: e.Limits, Author: e.Author,
		Patient: e.now.Before(e.patientUntil()),
	}
	if e.Ignored != nil && len(s.Heads) > 0 {
		f.Ignored = e.Ignored(s.Name, s.Heads[0].Entry.Type == index.Directory)
	}
	if from := renamedFrom(s); from != "" && e.work.stages[from] == 0 && !e.work.records(from) && !e.work.unsettled[from] {
		f.From = former[from]
	}
	return plan.Decide(&f)
}

func (e *Engine) facts(s *index.State) plan.Facts {
	return plan.Facts{
		State: *s, Differs: e.work.differs[s.Name], Nowhere: e.nowhere[s.Name],
		Direction: e.Direction, Limits: e.Limits, Author: e.Author,
	}
}

func (e *Engine) patientUntil() time.Time {
	return earliest(e.heard.Add(patience), e.cycle.began.Add(maxPatience))
}

func renamedFrom(s *index.State) string {
	for i := range s.Heads {
		if from := s.Heads[i].Entry.RenamedFrom; from != "" && from != s.Name {
			return from
		}
	}
	return ""
}
