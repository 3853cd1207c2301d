package engine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

var errTest = errors.New("of the test")

// placeOne returns a rig with the Place of one directory under way.
func placeOne(t *testing.T) (*rig, Place) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.announce(alice, directory("n", byAlice, c(byAlice, 1)))
	return r, one[Place](r)
}

func TestOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		outcome plan.Outcome
		again   time.Duration // when the name is placed again at the earliest
		scans   bool
		problem bool
	}{
		{"stale is decided again at once", plan.Outcome{Status: plan.Stale}, 0, false, false},
		{"postponed waits for a moment", plan.Outcome{Status: plan.Postponed, Problem: problem(plan.CodeInUse)}, postponed, false, true},
		{"a failure waits", plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeIO)}, failFirst, false, true},
		{"a full disk stops all placing", plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeNoSpace)}, diskFull, false, true},
		{"without a source it is tried later", plan.Outcome{Status: plan.Postponed, Problem: problem(plan.CodeNoSource)}, failFirst, false, true},
		{"unscanned waits for the scan of the name", plan.Outcome{Status: plan.Unscanned}, failLast, true, false},
		{"names to rescan are scanned", plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeIO), Rescan: []string{"m"}}, failFirst, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, p := placeOne(t)
			r.ended(p, tt.outcome)
			if scans := len(all[Scan](r)) > 0; scans != tt.scans {
				t.Errorf("scans: %v, want %v", scans, tt.scans)
			}
			if shown := len(r.engine.Snapshot().Problems) > 0; shown != tt.problem {
				t.Errorf("problem shown: %v, want %v", shown, tt.problem)
			}
			if tt.again > 0 {
				none[Place](r, "placed again at once")
				r.pass(tt.again - 1)
				none[Place](r, "placed again too early")
				r.pass(1)
			}
			one[Place](r)
		})
	}
}

func TestStaleAgainIsNoTightLoop(t *testing.T) {
	r, p := placeOne(t)
	r.ended(p, plan.Outcome{Status: plan.Stale})
	for wait := postponed; wait < 3*postponeLast; wait *= 2 {
		r.ended(one[Place](r), plan.Outcome{Status: plan.Stale})
		none[Place](r, "placed again at once")
		r.pass(min(wait, postponeLast))
	}
}

func TestUnscannedIsPlacedWhenTheScanHasEnded(t *testing.T) {
	r, p := placeOne(t)
	r.ended(p, plan.Outcome{Status: plan.Unscanned})
	sc := one[Scan](r)
	none[Place](r, "placed before the scan")
	r.step(ScanDone{ID: sc.ID})
	one[Place](r)
}

func TestFailuresAreLeftAloneEverLonger(t *testing.T) {
	r, p := placeOne(t)
	for wait := failFirst; wait < 4*failLast; wait *= 2 {
		r.ended(p, plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeIO)})
		r.pass(min(wait, failLast) - 1)
		none[Place](r, "too early")
		r.pass(1)
		p = one[Place](r)
	}
	r.placed(p)
	if got := r.engine.Snapshot().Problems; len(got) > 0 {
		t.Fatalf("problems after success: %v", got)
	}
}

func TestNewsOfANameOrADeviceLetsItBeTriedAgain(t *testing.T) {
	for name, event := range map[string]Event{
		"a device":         PeerUp{Device: bob},
		"news of the name": Received{Device: bob, Updates: []index.Update{{Sequence: 1, Heads: []index.Entry{directory("n", byAlice, c(byAlice, 1))}}}},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := placeOne(t)
			r.ended(p, plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeIO)})
			none[Place](r, "placed again at once")
			r.step(event)
			one[Place](r)
		})
	}
}

func TestWithNobodyToAskThereIsNoProblem(t *testing.T) {
	r := started(t, nil)
	r.announce(alice, file("n", "one", byAlice, c(byAlice, 1)))
	f := one[Fetch](r)
	r.step(Fetched{ID: f.ID, Outcomes: []plan.Outcome{{Name: "n", Status: plan.Postponed, Problem: problem(plan.CodeNoSource)}}})
	if got := r.engine.Snapshot().Problems; len(got) > 0 {
		t.Fatalf("problems: %v", got)
	}
	none[Fetch](r, "asked again with nobody there")
	r.step(PeerUp{Device: alice})
	one[Fetch](r)
}

func TestASiblingThatNobodyHasIsLeftUntilAnnounced(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	lost := file("n (conflict, x)", "lost", byBob, c(byBob, 1))
	winner := directory("n", byAlice, c(byAlice, 1))
	_, err := r.store.Commit(t.Context(), []index.Change{{Entry: winner, Derived: []index.Entry{lost}}}, true)
	r.must(err)
	r.step(PeerUp{Device: bob})
	f := one[Fetch](r)
	r.step(Fetched{ID: f.ID, Outcomes: []plan.Outcome{{Name: lost.Name, Status: plan.Postponed, Problem: problem(plan.CodeNoSource)}}})
	if s := r.state(lost.Name); s.Dirty != index.Clean {
		t.Fatalf("still waits: %v", s.Dirty)
	}
	if got := r.engine.Snapshot().Problems; len(got) > 0 {
		t.Fatalf("problems: %v", got)
	}
	r.announce(alice, lost)
	one[Fetch](r)
}

// held returns a rig that is to remove, or to replace by a file, a directory
// that holds something, and the outcome of that.
func heldDirectory(t *testing.T, winner index.Entry, held ...index.Entry) *rig {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.have(directory("d", byAlice, c(byAlice, 1)))
	r.have(held...)
	r.announce(alice, winner)
	if winner.Type == index.File && !winner.Deleted {
		r.fetched(one[Fetch](r))
	}
	p := one[Place](r)
	r.ended(p, plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeNotEmpty)})
	sc := one[Scan](r)
	if sc.Scopes[0] != (Scope{Name: "d", Recursive: true}) {
		t.Fatalf("scans %v", sc.Scopes)
	}
	none[Place](r, "tried again before the scan")
	r.step(ScanDone{ID: sc.ID})
	if winner.Type == index.File && !winner.Deleted {
		r.fetched(one[Fetch](r))
	}
	r.now = r.now.Add(patience)
	r.ended(one[Place](r), plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeNotEmpty)})
	return r
}

// The deletion of a directory may be heard of before that of a file in it.
func TestADirectoryIsNotRevivedForAFileWhoseDeletionIsOnItsWay(t *testing.T) {
	r := started(t, nil)
	dir, inside := directory("d", byAlice, c(byAlice, 1)), file("d/f", "x", byAlice, c(byAlice, 2))
	r.have(dir, inside)
	r.announce(alice, gone(dir, byAlice, c(byAlice, 3)))
	for range 2 {
		r.ended(one[Place](r), plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeNotEmpty)})
		for _, sc := range all[Scan](r) {
			r.step(ScanDone{ID: sc.ID})
		}
	}
	if s := r.state("d"); !s.Heads[0].Entry.Deleted {
		t.Fatalf("revived at once: %+v", s)
	}
	r.announce(alice, gone(inside, byAlice, c(byAlice, 4)))
	p := one[Place](r)
	if p.Actions[0].Name != "d/f" {
		t.Fatalf("placed %+v", p.Actions)
	}
	r.placed(p)
	r.pass(postponeLast)
	r.placed(one[Place](r))
	if s := r.state("d"); !s.Local.Entry.Deleted {
		t.Fatalf("still there: %+v", s)
	}
}

// Pages of announcements part a directory from what was in it.
func TestADirectoryThatIsGoneIsRecordedAfterWhatWasInIt(t *testing.T) {
	r := started(t, nil)
	outer, dir, inside := directory("d", byAlice, c(byAlice, 1)), directory("d/e", byAlice, c(byAlice, 1)), file("d/e/f", "x", byAlice, c(byAlice, 2))
	r.have(outer, dir, inside)
	r.step(Changed{Scopes: []Scope{{Name: "d"}}})
	sc := one[Scan](r)
	r.hold = true
	var order []string
	recorded := func() {
		for _, c := range all[Commit](r) {
			for i := range c.Changes {
				order = append(order, c.Changes[i].Entry.Name)
			}
		}
	}
	r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{
		{Name: "d", Base: outer.Version, Removed: true}, {Name: "d/e", Base: dir.Version, Removed: true},
	}})
	recorded()
	r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: "d/e/f", Base: inside.Version, Removed: true}}})
	recorded()
	r.step(Changed{Scopes: []Scope{{Name: "d"}}}) // an event of it, come back: looked at again
	r.step(ScanDone{ID: sc.ID})
	recorded()
	again := one[Scan](r)
	r.step(Scanned{ID: again.ID, Seen: []plan.Observation{{Name: "d", Base: outer.Version, Removed: true}}})
	r.step(ScanDone{ID: again.ID})
	recorded()
	if want := []string{"d/e/f", "d/e", "d"}; !slices.Equal(order, want) {
		t.Errorf("recorded %q, want %q", order, want)
	}
}

func TestADirectoryWithALiveFileIsRevived(t *testing.T) {
	dir := directory("d", byAlice, c(byAlice, 1))
	r := heldDirectory(t, gone(dir, byAlice, c(byAlice, 2)), file("d/new", "x", r0, c(r0, 7)))
	s := r.state("d")
	if s.Local.Entry.Deleted || len(s.Heads) != 1 || s.Heads[0].Entry.Deleted || s.Heads[0].Entry.ModifiedBy != r.me {
		t.Fatalf("state %+v", s)
	}
	none[Place](r, "still to be removed")
}

func TestAFileInThePlaceOfALiveDirectoryBecomesASibling(t *testing.T) {
	r := heldDirectory(t, file("d", "file", byAlice, c(byAlice, 2)), file("d/new", "x", r0, c(r0, 7)))
	if s := r.state("d"); s.Local.Entry.Type != index.Directory || len(s.Heads) != 1 || s.Heads[0].Entry.Type != index.Directory {
		t.Fatalf("state %+v", s)
	}
	f := one[Fetch](r)
	if a := f.Actions[0]; a.Op != plan.Create || a.Want.Size != 4 || a.Name == "d" {
		t.Fatalf("fetches %+v", a)
	}
	e, err := r.store.Head(t.Context(), f.Actions[0].Name, f.Actions[0].Want.Version)
	if err != nil || len(e.Blocks) != 1 {
		t.Fatalf("sibling without blocks: %+v, %v", e, err)
	}
}

func TestADirectoryWithIgnoredNamesOnlyIsKept(t *testing.T) {
	dir := directory("d", byAlice, c(byAlice, 1))
	r := heldDirectory(t, gone(dir, byAlice, c(byAlice, 2)))
	s := r.state("d")
	if !s.Local.Entry.Deleted || s.Local.Flags&index.Kept == 0 {
		t.Fatalf("held %+v", s.Local)
	}
	none[Place](r, "still to be removed")
}

func TestADirectoryThatFailedBeforeIsScannedAllTheSame(t *testing.T) {
	r := started(t, nil)
	dir := directory("d", byAlice, c(byAlice, 1))
	r.have(dir)
	r.announce(alice, gone(dir, byAlice, c(byAlice, 2)))
	r.ended(one[Place](r), plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeIO)})
	r.pass(failFirst)
	r.ended(one[Place](r), plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeNotEmpty)})
	if s := r.state("d"); s.Local.Flags&index.Kept != 0 {
		t.Fatal("kept before anyone looked what is in it")
	}
	one[Scan](r)
}

func TestADirectoryThatWasTakenAwayWithWhatIsHeldInItIsScanned(t *testing.T) {
	r := started(t, nil)
	dir := directory("d", byAlice, c(byAlice, 1))
	r.have(dir, directory("d/e", r0, c(r0, 7)))
	r.announce(alice, gone(dir, byAlice, c(byAlice, 2)))
	r.placed(one[Place](r))
	if sc := one[Scan](r); sc.Scopes[0] != (Scope{Name: "d", Recursive: true}) {
		t.Fatalf("scans %v", sc.Scopes)
	}
}

func TestADirectoryWaitsForWhatIsStillToGo(t *testing.T) {
	dir, below := directory("d", byAlice, c(byAlice, 1)), directory("d/e", byAlice, c(byAlice, 1))
	r := started(t, nil)
	r.have(dir, below)
	r.announce(alice, gone(dir, byAlice, c(byAlice, 2)))
	r.ended(one[Place](r), plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeNotEmpty)})
	sc := one[Scan](r)
	r.must(r.store.RecordRemote(t.Context(), alice, []index.Update{{Sequence: 9, Heads: []index.Entry{gone(below, byAlice, c(byAlice, 2))}}}))
	r.step(ScanDone{ID: sc.ID})
	p := one[Place](r)
	var outcomes []plan.Outcome
	for i := range p.Actions {
		outcomes = append(outcomes, plan.Outcome{Name: p.Actions[i].Name, Status: plan.Failed, Problem: problem(plan.CodeNotEmpty)})
	}
	r.step(Placed{ID: p.ID, Outcomes: outcomes})
	if s := r.state("d"); s.Local.Entry.Version.Counter(r.me) != 0 || s.Local.Flags&index.Kept != 0 {
		t.Fatalf("decided %+v while d/e is still to go", s.Local)
	}
}

// r0 stands for what was recorded here, under an earlier replica.
const r0 index.Replica = 9

func TestFilesThatDifferAreInConflict(t *testing.T) {
	r := started(t, nil)
	mine, theirs := bigFile2("n", "mine", r0), bigFile2("n", "theirs", byAlice)
	r.have(mine)
	r.step(PeerUp{Device: alice})
	r.announce(alice, theirs)
	p := one[Place](r)
	if p.Actions[0].Op != plan.Compare {
		t.Fatalf("decided %v", p.Actions[0].Op)
	}
	r.ended(p, plan.Outcome{Status: plan.Differs})
	none[Scan](r, "scanned")
	if s := r.state("n"); s.Dirty == index.Clean {
		if len(s.Heads) != 2 {
			t.Fatalf("state %+v", s)
		}
		return // the one held wins
	}
	if f := one[Fetch](r); f.Actions[0].Op == plan.Compare {
		t.Fatal("compared again")
	}
}

// bigFile2 is too large for all policies to cut it alike.
func bigFile2(name, content string, by index.Replica) index.Entry {
	e := file(name, content, by, c(by, 10))
	e.Size = 1 << 20
	e.Blocks[0].Size = 1 << 20
	return e
}

// What a step has left that nobody knows the end of is not what a person did.
func TestANameInDoubtIsNotRecordedBeforeItIsSettled(t *testing.T) {
	tests := []struct {
		name   string
		settle func(r *rig)
	}{
		{"by the next placement", func(r *rig) {
			r.announce(alice, directory("other", byAlice, c(byAlice, 2)))
			r.ended(one[Place](r), plan.Outcome{Status: plan.Done})
		}},
		{"by a look at displaced files", func(r *rig) { r.step(Rechecked{}) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, p := placeOne(t)
			r.ended(p, plan.Outcome{Status: plan.Failed, Problem: problem(plan.CodeIO), Unsettled: true})
			name := p.Actions[0].Name
			r.step(Changed{Scopes: []Scope{{Name: name}}})
			sc := one[Scan](r)
			r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: name, Entry: file(name, "somebody's?", byAlice)}}})
			r.announce(alice, gone(p.Actions[0].Want, byAlice, c(byAlice, 2))) // and what was placed may stand there
			if held, err := r.store.Local(t.Context(), name); held != nil || err != nil {
				t.Fatalf("recorded %+v, %v", held, err)
			}
			r.step(ScanDone{ID: sc.ID})
			r.step(Rechecked{Unsettled: true})
			none[Scan](r, "looked at before it was settled")
			tt.settle(r)
			if sc = one[Scan](r); !slices.Contains(sc.Scopes, Scope{Name: name, Recursive: true}) {
				t.Fatalf("scans %+v", sc.Scopes)
			}
		})
	}
}

// Everybody has a file where a live name needs a directory: the name of a
// sibling, whose directory was replaced before anybody placed it.
func TestALiveNameBelowAFileGetsItsDirectory(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.have(file("d", "in the way", byAlice, c(byAlice, 1)))
	r.announce(alice, directory("d/e", byAlice, c(byAlice, 2)))
	for range waitForWay {
		r.ended(one[Place](r), plan.Outcome{Status: plan.Postponed, Problem: problem(plan.CodeUnheld)})
		none[Place](r, "tried again at once")
		r.pass(postponeLast)
	}
	r.ended(one[Place](r), plan.Outcome{Status: plan.Postponed, Problem: problem(plan.CodeUnheld)})
	p := one[Place](r)
	if len(p.Actions) != 1 || p.Actions[0].Op != plan.Retype || p.Actions[0].Name != "d" || p.Actions[0].Want.Type != index.Directory || len(p.Actions[0].Derived) != 1 {
		t.Fatalf("places %+v", p.Actions)
	}
	held := file("d", "in the way", byAlice, c(byAlice, 1))
	if p.Actions[0].Want.Version.Compare(held.Version) != index.After {
		t.Errorf("the directory has version %v", p.Actions[0].Want.Version)
	}
}

// A deletion may apply to a live head of another device's making; such names
// come in the pass of what is live, whose order is the other way round.
func TestDirectoriesAreRemovedDeepestFirstInEveryPass(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	names := []string{"d", "d/e", "d/e/f"}
	var dead []index.Entry
	for _, name := range names {
		mine := directory(name, r.me, c(r.me, 1))
		_, err := r.store.Commit(t.Context(), []index.Change{{Entry: mine}}, true)
		r.must(err)
		theirs := directory(name, byAlice, c(byAlice, 1))
		dead = append(dead, gone(theirs, byAlice, c(byAlice, 2)))
	}
	r.announce(alice, dead...)
	p := one[Place](r)
	var got []string
	for i := range p.Actions {
		if p.Actions[i].Op != plan.Rmdir {
			t.Fatalf("%v of %q", p.Actions[i].Op, p.Actions[i].Name)
		}
		got = append(got, p.Actions[i].Name)
	}
	slices.Reverse(names)
	if !slices.Equal(got, names) {
		t.Errorf("removed in the order %q", got)
	}
}
