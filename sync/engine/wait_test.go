package engine

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

func big(name string, version ...index.Counter) index.Entry {
	e := file(name, "big "+name, byAlice, version...)
	e.Size = bigFile
	e.Blocks[0].Size = bigFile
	return e
}

func TestABigFileHoldsUpNothing(t *testing.T) {
	r := started(t, nil)
	old, dir := file("old", "x", byAlice, c(byAlice, 1)), directory("olddir", byAlice, c(byAlice, 1))
	r.have(old, dir)
	r.step(PeerUp{Device: alice})
	r.announce(alice, big("m", c(byAlice, 2)))
	long := one[Fetch](r)

	r.announce(alice, file("a", "small", byAlice, c(byAlice, 3)), file("z", "small too", byAlice, c(byAlice, 3)),
		gone(old, byAlice, c(byAlice, 4)), gone(dir, byAlice, c(byAlice, 4)))
	f := one[Fetch](r)
	if len(f.Actions) != 2 {
		t.Fatalf("fetching %d files beside the big one, want 2", len(f.Actions))
	}
	r.fetched(f)
	for _, want := range [][]string{{"a", "z"}, {"old"}, {"olddir"}} {
		p := one[Place](r)
		for i, name := range want {
			if p.Actions[i].Name != name {
				t.Fatalf("placed %q, want %q", p.Actions[i].Name, name)
			}
		}
		r.placed(p)
	}
	r.fetched(long)
	if p := one[Place](r); p.Actions[0].Name != "m" {
		t.Fatalf("placed %q, want the big file", p.Actions[0].Name)
	}
}

func TestManyBigFilesWaitForTheirTurn(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	var files []index.Entry
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		files = append(files, big(name, c(byAlice, 2)))
	}
	r.announce(alice, files...)
	under := all[Fetch](r)
	if len(under) != maxBig {
		t.Fatalf("%d big files under way, want %d", len(under), maxBig)
	}
	r.announce(alice, file("small", "s", byAlice, c(byAlice, 3)))
	if f := one[Fetch](r); f.Actions[0].Name != "small" {
		t.Fatalf("fetching %q, want the small file", f.Actions[0].Name)
	}
	r.fetched(under[0])
	if f := one[Fetch](r); f.Actions[0].Name != "e" {
		t.Fatalf("fetching %q next, want e", f.Actions[0].Name)
	}
}

func TestScansOfOtherNamesGoOnBesideALongOne(t *testing.T) {
	r := started(t, nil)
	r.step(Changed{Scopes: []Scope{{Name: "dir/big"}}})
	one[Scan](r)
	r.step(Changed{Scopes: []Scope{{Name: "small"}, {Name: "dir/big"}}})
	if sc := one[Scan](r); len(sc.Scopes) != 1 || sc.Scopes[0].Name != "small" {
		t.Fatalf("scanning %v, want small alone", sc.Scopes)
	}
	r.step(Changed{Scopes: []Scope{{Name: "dir", Recursive: true}, {Name: "later"}}})
	none[Scan](r, "begun although a wide scope waits for the scans under way")
}

func TestWhatWasChangedWhileReceiveOnlyIsAnnouncedAfterwards(t *testing.T) {
	base := file("f", "base", byAlice, c(byAlice, 1))
	r := newRig(t, nil)
	r.have(base)
	mine := file("f", "mine", r.me, c(byAlice, 1), c(r.me, 5))
	_, err := r.store.Commit(t.Context(), []index.Change{{Base: base.Version, Entry: mine, Flags: index.ReceiveOnlyChanged, Quiet: true}}, true)
	r.must(err)
	r.step(Started{})
	s := r.state("f")
	if s.Local.Flags&index.ReceiveOnlyChanged != 0 || len(s.Heads) != 1 || !s.Heads[0].Ours || s.Heads[0].Entry.Hash != mine.Hash {
		t.Fatalf("not announced: %+v", s)
	}
}

func TestRevertTakesDirectoriesLast(t *testing.T) {
	r := started(t, func(o *Options) { o.Direction = plan.ReceiveOnly })
	var changes []index.Change
	for _, e := range []index.Entry{directory("d", r.me, c(r.me, 5)), directory("d/e", r.me, c(r.me, 5)), file("d/e/f", "x", r.me, c(r.me, 5))} {
		changes = append(changes, index.Change{Entry: e, Disk: index.Disk{Type: e.Type}, Flags: index.ReceiveOnlyChanged, Quiet: true})
	}
	_, err := r.store.Commit(t.Context(), changes, true)
	r.must(err)
	r.step(Revert{})
	p := one[Place](r)
	if len(p.Actions) != 1 || p.Actions[0].Name != "d/e/f" {
		t.Fatalf("began with %d actions, want the file alone", len(p.Actions))
	}
	r.placed(p)
	p = one[Place](r)
	if len(p.Actions) != 2 || p.Actions[0].Name != "d/e" || p.Actions[1].Name != "d" {
		t.Fatalf("then %v", names(p.Actions))
	}
}
