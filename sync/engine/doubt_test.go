package engine

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// A step may take a name away and put it back, here for want of space. A scan
// that looked meanwhile tells of it when the step has ended, against a version
// that is still the one held.
func TestWhatAScanSawInTheMidstOfAStepIsLookedAtAgain(t *testing.T) {
	held := file("a", "old", byAlice, c(byAlice, 1))
	dir := directory("d", byAlice, c(byAlice, 1))
	wanted := file("a", "new", byAlice, c(byAlice, 2))
	renamed := file("b", "old", byAlice, c(byAlice, 3))
	renamed.RenamedFrom = "a"
	linked := file("c", "old", 0)
	linked.RenamedFrom = "a"
	failed := func(name string) Placed {
		o := plan.Outcome{Name: name, Status: plan.Failed, Problem: &plan.Problem{Name: name, Code: plan.CodeNoSpace, Text: "full"}}
		return Placed{Outcomes: []plan.Outcome{o}}
	}
	unsettled := failed("a")
	unsettled.Outcomes[0].Unsettled = true
	removed := plan.Observation{Name: "a", Base: held.Version, Removed: true}
	for _, x := range []struct {
		name    string
		heads   []index.Entry // announced
		ended   Placed
		settled bool // by a recheck, before the scan tells
		saw     plan.Observation
	}{
		{name: "the file was away", heads: []index.Entry{wanted}, ended: failed("a"), saw: removed},
		{name: "the directory was away", heads: []index.Entry{gone(dir, byAlice, c(byAlice, 2))}, ended: failed("d"), saw: plan.Observation{Name: "d", Base: dir.Version, Removed: true}},
		{name: "the old name of a rename was", heads: []index.Entry{renamed, gone(held, byAlice, c(byAlice, 4))}, ended: failed("b"), saw: removed},
		{name: "the file was, so that another link to it looked like a rename", heads: []index.Entry{wanted}, ended: failed("a"), saw: found(linked, 7)},
		{name: "it was not known what stood there, and has been settled since", heads: []index.Entry{wanted}, ended: unsettled, settled: true, saw: removed},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := started(t, nil)
			r.have(dir)
			r.held(held, 7)
			r.engine.sequence = r.sequence()
			r.step(Changed{Scopes: []Scope{{Recursive: true}}})
			scan := one[Scan](r)
			r.step(PeerUp{Device: alice})
			r.announce(alice, x.heads...)
			for _, f := range all[Fetch](r) {
				r.fetched(f)
			}
			x.ended.ID, x.ended.Sequence = one[Place](r).ID, r.sequence()
			r.step(x.ended)
			if x.settled {
				r.step(Rechecked{Sequence: r.sequence()})
			}
			r.step(Scanned{ID: scan.ID, Seen: []plan.Observation{x.saw}})
			r.step(ScanDone{ID: scan.ID})
			for _, name := range []string{"a", "d"} {
				if s := r.state(name); s.Local.Entry.Deleted {
					t.Errorf("%q: a deletion that nobody made is recorded, version %v", name, s.Local.Entry.Version)
				}
			}
			again := one[Scan](r)
			r.step(ScanDone{ID: again.ID}) // nothing else is found
			if len(r.engine.scanning.touched) > 0 {
				t.Errorf("with no scan under way %v is still remembered", r.engine.scanning.touched)
			}
		})
	}
}

// A scan that began after the step is believed.
func TestWhatAScanSawAfterAStepIsRecorded(t *testing.T) {
	r := started(t, nil)
	held := file("a", "old", byAlice, c(byAlice, 1))
	r.have(held)
	r.step(Changed{Scopes: []Scope{{Name: "elsewhere"}}})
	one[Scan](r) // under way all the time
	r.announce(alice, file("a", "new", byAlice, c(byAlice, 2)))
	r.fetched(one[Fetch](r))
	r.ended(one[Place](r), plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeInUse)})
	r.step(Changed{Scopes: []Scope{{Name: "a"}}})
	r.step(Scanned{ID: one[Scan](r).ID, Seen: []plan.Observation{{Name: "a", Base: held.Version, Removed: true}}})
	if !r.state("a").Local.Entry.Deleted {
		t.Error("a person's deletion is not recorded")
	}
}

// Tried any sooner, a name would come to the same, and what a scan sees of it
// could never be relied on.
func TestANameThatHasToBeScannedIsTriedAgainWhenThatIsDone(t *testing.T) {
	old := file("a", "old", byAlice, c(byAlice, 1))
	renamed := file("b", "old", byAlice, c(byAlice, 3))
	renamed.RenamedFrom = "a"
	r := started(t, nil)
	r.have(old)
	r.step(Changed{Scopes: []Scope{{Name: "elsewhere"}}})
	elsewhere := one[Scan](r)
	r.announce(alice, renamed, gone(old, byAlice, c(byAlice, 4)))
	move := one[Place](r)
	r.step(Changed{Scopes: []Scope{{Name: "d"}}})
	beside := one[Scan](r)
	r.ended(move, plan.Outcome{Status: plan.Unscanned, Rescan: []string{"a"}})
	look := one[Scan](r)
	remove := one[Place](r) // the deletion of the old name is tried for itself
	r.ended(remove, plan.Outcome{Status: plan.Unscanned, Rescan: []string{"a"}})
	for _, scan := range []Scan{elsewhere, beside} {
		r.step(ScanDone{ID: scan.ID})
		none[Place](r, "tried again when something else had been looked at")
	}
	saved := file("a", "saved", 0)
	seen := Scanned{ID: look.ID, Seen: []plan.Observation{{Name: "a", Base: old.Version, Entry: saved}}}
	r.step(seen) // it may have looked while the deletion was tried
	r.step(ScanDone{ID: look.ID})
	none[Place](r, "tried again after a look that cannot be relied on")
	seen.ID = one[Scan](r).ID
	r.step(seen)
	r.step(ScanDone{ID: seen.ID})
	if s := r.state("a"); s.Local.Entry.Hash != saved.Hash {
		t.Errorf("what was saved is not recorded, but %+v", s.Local.Entry)
	}
}
