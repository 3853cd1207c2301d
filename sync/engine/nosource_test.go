package engine

import (
	"slices"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// hidden returns a rig of which alice shows a version that another one hides:
// bob has lost that, and this device announces it still, having put it aside for
// a file of its own that is deleted now. Nobody can send it. carol has put it
// aside as well, if she is away.
func hidden(t *testing.T, away bool) (r *rig, shown, lost index.Entry) {
	r = started(t, nil)
	mine := file("n", "mine", r.me, c(r.me, 1))
	shown, lost = file("n", "shown", byAlice, c(byAlice, 1)), file("n", "lost", byBob, c(byAlice, 1), c(byBob, 2))
	deleted := gone(mine, r.me, c(r.me, 2))
	ctx := t.Context()
	commit := func(change index.Change) {
		_, err := r.store.Commit(ctx, []index.Change{change}, true)
		r.must(err)
	}
	r.must(r.store.RecordRemote(ctx, bob, []index.Update{{Sequence: 1, Heads: []index.Entry{lost}}}))
	commit(index.Change{Entry: mine, Heads: []index.Version{lost.Version}})
	commit(index.Change{Base: mine.Version, Entry: deleted})
	r.must(r.store.RecordRemote(ctx, bob, []index.Update{{Sequence: 2, Heads: []index.Entry{deleted}}}))
	r.must(r.store.RecordRemote(ctx, alice, []index.Update{{Sequence: 1, Heads: []index.Entry{shown}}}))
	if away {
		r.must(r.store.RecordRemote(ctx, carol, []index.Update{{Sequence: 1, Heads: []index.Entry{deleted, lost}}}))
	}
	r.step(PeerUp{Device: alice})
	r.step(PeerUp{Device: bob})
	for range asideTries + 1 {
		f := one[Fetch](r, Tick{})
		if f.Actions[0].Want.Hash != lost.Hash {
			t.Fatalf("asks for %v", f.Actions[0].Want)
		}
		r.step(Fetched{ID: f.ID, Outcomes: []plan.Outcome{{Name: "n", Status: plan.Postponed, Problem: problem(plan.CodeNoSource)}}})
		r.pass(failLast)
	}
	return r, shown, lost
}

// announced returns the contents that this device announces of a name.
func (r *rig) announced(name string) (hashes []index.Hash) {
	updates, err := r.store.Since(r.t.Context(), 0, 10)
	r.must(err)
	for i := range updates {
		for _, h := range updates[i].Heads {
			if h.Name == name {
				hashes = append(hashes, h.Hash)
			}
		}
	}
	return hashes
}

// creates lets an entry be created, which has to be all there is to do.
func (r *rig) creates(e index.Entry) {
	r.t.Helper()
	f := one[Fetch](r)
	if a := f.Actions[0]; a.Op != plan.Create || a.Want.Hash != e.Hash {
		r.t.Fatalf("%v of %v", a.Op, a.Want)
	}
	r.fetched(f)
	r.placed(one[Place](r))
	r.pass(failLast)
	none[Fetch](r, "not at rest")
}

func TestWhatAVersionHidesIsPlacedOnceNobodyHasThat(t *testing.T) {
	r, shown, lost := hidden(t, false)
	if slices.Contains(r.announced("n"), lost.Hash) {
		t.Fatal("announced still, though nobody has it")
	}
	r.creates(shown)
}

func TestWhatAVersionHidesIsPlacedThoughADeviceThatIsAwayAnnouncesThat(t *testing.T) {
	r, shown, lost := hidden(t, true)
	if h := r.state("n").Heads; !slices.ContainsFunc(h, func(h index.Head) bool { return h.Entry.Hash == lost.Hash }) {
		t.Fatalf("heads %v", h)
	}
	r.creates(shown)
	if !slices.Contains(r.announced("n"), shown.Hash) {
		t.Fatal("not announced")
	}
}

func TestWhatComesBackReplacesOnlyWhatItWasMadeFrom(t *testing.T) {
	t.Run("the version it was made from", func(t *testing.T) {
		r, _, lost := hidden(t, false)
		r.fetched(one[Fetch](r))
		r.placed(one[Place](r))
		r.announce(bob, lost)
		a := one[Fetch](r).Actions[0]
		if a.Op != plan.Replace || a.Want.Hash != lost.Hash || len(a.Derived) > 0 {
			t.Fatalf("%v of %v, keeping %v", a.Op, a.Want, a.Derived)
		}
	})
	t.Run("not what was made of that meanwhile", func(t *testing.T) {
		r, shown, lost := hidden(t, false)
		r.fetched(one[Fetch](r))
		r.placed(one[Place](r))
		edit := file("n", "edit", r.me, c(byAlice, 1), c(r.me, 9))
		_, err := r.store.Commit(t.Context(), []index.Change{{Base: shown.Version, Entry: edit}}, true)
		r.must(err)
		r.announce(bob, lost)
		if s := r.state("n"); len(s.Heads) != 2 {
			t.Fatalf("heads %v", s.Heads)
		}
		var kept []index.Hash
		for _, f := range all[Fetch](r) {
			for _, a := range f.Actions {
				kept = append(kept, a.Want.Hash)
			}
		}
		if !slices.Contains(kept, lost.Hash) || r.state("n").Local.Entry.Hash != edit.Hash {
			t.Fatalf("fetches %v beside %v", kept, r.state("n").Local.Entry)
		}
	})
}

// What is hidden loses to what this device holds: it is kept as a sibling, and
// that is done once, whether or not its device can be asked.
func TestWhatIsHiddenAndLosesIsTakenNoteOfOnce(t *testing.T) {
	link := file("n", "", byAlice, c(byAlice, 1))
	link.Type, link.Target, link.Size = index.Symlink, "shown", 0
	for _, shown := range []index.Entry{file("n", "shown", byAlice, c(byAlice, 1)), link, directory("n", byAlice, c(byAlice, 1))} {
		for _, away := range []bool{false, true} {
			r := started(t, nil)
			mine, lost := file("n", "mine", r.me, c(r.me, 1)), file("n", "lost", byBob, c(byAlice, 1), c(byBob, 2))
			mine.Mtime = 9 // later than all others: it wins
			r.must(r.store.RecordRemote(t.Context(), alice, []index.Update{{Sequence: 1, Heads: []index.Entry{shown}}}))
			r.must(r.store.RecordRemote(t.Context(), bob, []index.Update{{Sequence: 1, Heads: []index.Entry{mine, lost}}}))
			_, err := r.store.Commit(t.Context(), []index.Change{{Entry: mine}}, true)
			r.must(err)
			r.step(PeerUp{Device: bob})
			if !away {
				r.step(PeerUp{Device: alice})
			}
			for range 3 * asideTries {
				for _, f := range all[Fetch](r) {
					var outs []plan.Outcome
					for _, a := range f.Actions {
						outs = append(outs, plan.Outcome{Name: a.Name, Status: plan.Postponed, Problem: problem(plan.CodeNoSource)})
					}
					r.step(Fetched{ID: f.ID, Outcomes: outs})
				}
				for _, p := range all[Place](r) {
					r.placed(p)
				}
				r.pass(failLast)
			}
			s := r.state("n")
			if s.Dirty != index.Clean {
				t.Errorf("%v, away %v: not at rest", shown, away)
			}
			if shown.Type == index.Directory {
				continue // it wins
			}
			if s.Local.Entry.Hash != mine.Hash || len(s.Hidden) != 1 || !s.Hidden[0].Ours {
				t.Errorf("%v, away %v: holds %v, hidden %v", shown, away, s.Local.Entry, s.Hidden)
			}
		}
	}
}
