package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

func TestNothingIsPlacedBeforeTheFirstScanHasEnded(t *testing.T) {
	r := newRig(t, nil)
	r.step(Started{})
	r.announce(alice, directory("d", byAlice, c(byAlice, 1)))
	none[Place](r, "placed during the first scan")
	r.step(ScanDone{ID: one[Scan](r).ID})
	if p := one[Place](r); p.Actions[0].Op != plan.Create || p.Actions[0].Name != "d" {
		t.Fatalf("placed %v", p.Actions)
	}
}

func TestAFileIsFetchedThenPlaced(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.announce(alice, file("n", "one", byAlice, c(byAlice, 1)))
	f := one[Fetch](r)
	none[Place](r, "placed before it was fetched")
	r.fetched(f)
	r.placed(one[Place](r))
	if s := r.state("n"); s.Dirty != index.Clean || s.Local == nil {
		t.Fatalf("state %+v", s)
	}
	if !r.engine.Snapshot().Resting {
		t.Error("not at rest")
	}
}

func TestWhatIsFetchedIsDecidedAgain(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.announce(alice, file("n", "one", byAlice, c(byAlice, 1)))
	f := one[Fetch](r)
	r.announce(alice, file("n", "two", byAlice, c(byAlice, 2)))
	r.fetched(f)
	none[Place](r, "placed a version that is not wanted any more")
	if again := one[Fetch](r); again.Actions[0].Want.Size != 3 || again.Actions[0].Want.Clock() != 2 {
		t.Fatalf("fetches %+v", again.Actions[0].Want)
	}
}

func TestDeletionsComeAfterCreations(t *testing.T) {
	r := started(t, nil)
	dir, old := directory("d", byAlice, c(byAlice, 1)), directory("d/e", byAlice, c(byAlice, 1))
	r.have(dir, old)
	r.announce(alice,
		gone(dir, byAlice, c(byAlice, 2)), gone(old, byAlice, c(byAlice, 2)),
		directory("new", byAlice, c(byAlice, 2)), gone(file("f", "x", byAlice), byAlice, c(byAlice, 2)))
	var order []string
	for range 2 {
		p := one[Place](r)
		for i := range p.Actions {
			order = append(order, p.Actions[i].Op.String()+" "+p.Actions[i].Name)
		}
		r.placed(p)
	}
	want := []string{"create new", "rmdir d/e", "rmdir d"}
	if !slices.Equal(order, want) {
		t.Fatalf("order %q, want %q", order, want)
	}
}

func TestAScanResultForANameBeingPlacedIsNotRecorded(t *testing.T) {
	r := started(t, nil)
	r.announce(alice, directory("d", byAlice, c(byAlice, 1)))
	p := one[Place](r)
	r.step(Changed{Scopes: []Scope{{Name: "d"}, {Name: "x"}}})
	sc := one[Scan](r)
	if len(sc.Scopes) != 1 || sc.Scopes[0].Name != "x" {
		t.Fatalf("scans %v while d is being placed", sc.Scopes)
	}
	r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: "d", Entry: directory("d", 0)}}})
	r.placed(p)
	r.step(ScanDone{ID: sc.ID})
	if s := r.state("d"); s.Local.Entry.ModifiedBy != byAlice {
		t.Fatalf("an echo became a local version: %+v", s.Local.Entry)
	}
	if again := one[Scan](r); len(again.Scopes) != 1 || again.Scopes[0].Name != "d" {
		t.Fatalf("scans %v afterwards", again.Scopes)
	}
}

func TestAScanResultOfAnOlderVersionIsNotRecorded(t *testing.T) {
	r := started(t, nil)
	r.step(Changed{Scopes: []Scope{{Name: "d"}}})
	sc := one[Scan](r)
	r.announce(alice, directory("d", byAlice, c(byAlice, 1)))
	r.placed(one[Place](r))
	r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: "d", Entry: directory("d", 0)}}}) // compared with nothing
	if s := r.state("d"); s.Local.Entry.ModifiedBy != byAlice {
		t.Fatalf("recorded %+v", s.Local.Entry)
	}
	r.step(ScanDone{ID: sc.ID})
	one[Scan](r)
}

func TestNothingIsPlacedWhileACommitForItIsUnderWay(t *testing.T) {
	r := started(t, nil)
	r.have(directory("d", byAlice, c(byAlice, 1)))
	r.step(Changed{Scopes: []Scope{{Name: "d"}}})
	sc := one[Scan](r)
	seen := directory("d", 0)
	seen.Mode = 0o700
	r.hold = true
	r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{{Name: "d", Base: index.Version{c(byAlice, 1)}, Entry: seen}}})
	other := directory("d", byAlice, c(byAlice, 2))
	other.Mode = 0o755
	r.must(r.store.RecordRemote(t.Context(), alice, []index.Update{{Sequence: 9, Heads: []index.Entry{other}}}))
	r.step(PeerUp{Device: alice})
	none[Place](r, "placed over what is being recorded")
	r.release()
	if s := r.state("d"); s.Local.Entry.Mode != 0o700 || s.Local.Entry.ModifiedBy == byAlice {
		t.Fatalf("decided without the edit: %+v", s)
	}
}

func TestAStaleCommitIsScannedAgain(t *testing.T) {
	r := started(t, nil)
	r.step(Committed{ID: 99, Stale: []string{"n"}})
	if sc := one[Scan](r); sc.Scopes[0].Name != "n" {
		t.Fatalf("scans %v", sc.Scopes)
	}
}

func TestAFileStillChangingIsLookedAtInAMoment(t *testing.T) {
	r := started(t, nil)
	r.step(Changed{Scopes: []Scope{{Name: "n"}}})
	sc := one[Scan](r)
	r.step(Scanned{ID: sc.ID, Again: []string{"n"}})
	r.step(ScanDone{ID: sc.ID})
	none[Scan](r, "scanned again at once")
	r.pass(settleAgain)
	if sc := one[Scan](r); sc.Scopes[0].Name != "n" {
		t.Fatalf("scans %v", sc.Scopes)
	}
}

func TestAFailedScanIsTriedAgainLater(t *testing.T) {
	r := newRig(t, nil)
	r.step(Started{})
	r.step(ScanDone{ID: one[Scan](r).ID, Err: errTest})
	if s := r.engine.Snapshot(); s.Failure == nil || s.Scanned {
		t.Fatalf("snapshot %+v", s)
	}
	none[Scan](r, "tried again at once")
	r.pass(scanRetry)
	if sc := one[Scan](r); sc.Scopes[0] != (Scope{Recursive: true}) {
		t.Fatalf("scans %v", sc.Scopes)
	}
}

func TestAllIsScannedFromTimeToTime(t *testing.T) {
	r := started(t, func(o *Options) { o.Rescan = time.Hour })
	r.pass(30 * time.Minute)
	none[Scan](r, "too early")
	r.pass(30 * time.Minute)
	if sc := one[Scan](r); sc.Scopes[0] != (Scope{Recursive: true}) {
		t.Fatalf("scans %v", sc.Scopes)
	}
}

func TestCoverDropsWhatLiesWithinAnother(t *testing.T) {
	got := cover([]Scope{{Name: "d/x"}, {Name: "d", Recursive: true}, {Name: "d"}, {Name: "dx"}, {Name: "a"}, {Name: "a"}})
	want := []Scope{{Name: "a"}, {Name: "d", Recursive: true}, {Name: "dx"}}
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestOtherRulesScanAndPlanEverything(t *testing.T) {
	ignored := true
	r := started(t, func(o *Options) { o.Ignored = func(string, bool) bool { return ignored } })
	r.announce(alice, directory("d", byAlice, c(byAlice, 1)))
	none[Place](r, "an ignored name was placed")
	if s := r.state("d"); s.Dirty != index.Clean {
		t.Fatalf("an ignored name still waits: %v", s.Dirty)
	}
	ignored = false
	r.step(RulesChanged{})
	if sc := one[Scan](r); sc.Scopes[0] != (Scope{Recursive: true}) {
		t.Fatalf("scans %v", sc.Scopes)
	}
	one[Place](r)
}

func TestAWakeIsNotRepeatedWithoutAReason(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.announce(alice, file("n", "one", byAlice, c(byAlice, 1)))
	f := one[Fetch](r)
	r.step(Fetched{ID: f.ID, Outcomes: []plan.Outcome{{Name: "n", Status: plan.Failed, Problem: problem(plan.CodeIO)}}})
	wakes := all[Wake](r)
	if len(wakes) == 0 {
		t.Fatal("no Wake for a failed name")
	}
	r.now = wakes[len(wakes)-1].At.Add(time.Hour) // the machine slept
	r.step(Tick{})
	one[Fetch](r)
	for range 3 {
		r.step(Tick{})
		for _, w := range all[Wake](r) {
			if !w.At.After(r.now) {
				t.Fatalf("asks to be woken at %v, which is %v ago", w.At, r.now.Sub(w.At))
			}
		}
	}
}
