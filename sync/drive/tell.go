package drive

import (
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/pull"
)

// Kind is what happened to a name.
type Kind uint8

// The kinds of happenings.
const (
	ChangedHere Kind = iota // a person or program changed it here
	DeletedHere             // it was deleted here
	Placed                  // a version of another device stands there now
	Moved                   // it was renamed as another device renamed it
	Deleted                 // it was taken away as another device deleted it
	Conflicted              // another head lost to the one at the path
	SavedLate               // bytes that nobody had scanned were kept as a head
	Trouble                 // Problem says what
	BadBytes                // Device sent bytes that do not match their hash
	FoundBytes              // bytes were found after a crash and put aside
)

// Happening is one thing that happened in a folder, for people.
type Happening struct {
	Kind    Kind
	Name    string
	From    string // of Moved
	Entry   index.Entry
	Problem *plan.Problem
	Event   pull.Event // of SavedLate, BadBytes and FoundBytes
}

// tellChanges tells what a scan came to.
func (f *Folder) tellChanges(x engine.Commit, stale []int) {
	if x.Scan == 0 {
		return
	}
	for i := range x.Changes {
		c := &x.Changes[i]
		if len(stale) > 0 && stale[0] == i {
			stale = stale[1:]
			continue
		}
		if c.Quiet || c.Base.Compare(c.Entry.Version) == index.Equal {
			continue
		}
		h := Happening{Kind: ChangedHere, Name: c.Entry.Name, Entry: c.Entry}
		if c.Entry.Deleted {
			h.Kind = DeletedHere
		}
		f.opt.Tell(h)
	}
}

// tellPlaced tells how a group of actions went.
func (f *Folder) tellPlaced(actions []plan.Action, outcomes []plan.Outcome) {
	for i := range outcomes {
		a, o := &actions[i], &outcomes[i]
		switch {
		case o.Status == plan.Failed && o.Problem != nil && o.Problem.Code != plan.CodeNotEmpty:
			f.opt.Tell(Happening{Kind: Trouble, Name: o.Name, Problem: o.Problem})
		case o.Status == plan.Done:
			f.opt.Tell(placedHappening(a))
			for j := range a.Derived {
				f.opt.Tell(Happening{Kind: Conflicted, Name: a.Name, From: a.Derived[j].Name, Entry: a.Derived[j]})
			}
		}
	}
}

func placedHappening(a *plan.Action) Happening {
	h := Happening{Kind: Placed, Name: a.Name, Entry: a.Want}
	switch a.Op {
	case plan.Move:
		h.Kind, h.From = Moved, a.From.Entry.Name
	case plan.Delete, plan.Rmdir:
		h.Kind = Deleted
	}
	return h
}

// pulled takes what happens while the puller works.
func (f *Folder) pulled(ev pull.Event) {
	switch ev.Kind {
	case pull.Progress:
		f.meters.fetched(ev)
	case pull.BadBlock, pull.Struck:
		f.opt.Tell(Happening{Kind: BadBytes, Name: ev.Name, Event: ev})
	case pull.Saved:
		f.opt.Tell(Happening{Kind: SavedLate, Name: ev.Name, Event: ev})
	case pull.Recovered:
		f.opt.Tell(Happening{Kind: FoundBytes, Name: ev.Name, Event: ev})
	}
}

// recovered tells what a start found.
func (f *Folder) recovered(r pull.Report) {
	for i := range r.Problems {
		f.opt.Tell(Happening{Kind: Trouble, Name: r.Problems[i].Name, Problem: &r.Problems[i]})
	}
	if r.Finished+r.TakenBack > 0 {
		f.opt.Log.Info("settled what the last run left", "folder", f.opt.Root, "finished", r.Finished, "taken back", r.TakenBack)
	}
}
