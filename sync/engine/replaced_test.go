package engine

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// What is created is known by its head alone until it is recorded.
func TestWhatIsCreatedKeepsItsHeadUntilItIsRecorded(t *testing.T) {
	first := directory("d", byAlice, c(byAlice, 1))
	for _, tt := range []struct {
		name  string
		next  index.Entry
		after bool // it is recorded after the placement
	}{
		{"what replaces the head waits", directory("d", byAlice, c(byAlice, 2)), true},
		{"so does its deletion", gone(first, byAlice, c(byAlice, 2)), true},
		{"the same does not", first, false},
		{"what says nothing of it waits: it may take the head back", directory("d", byBob, c(byBob, 1)), true},
		{"another name does not", directory("e", byAlice, c(byAlice, 2)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := started(t, nil)
			r.announce(alice, first)
			p := one[Place](r)
			r.hold = true
			r.announce(bob, tt.next)
			want := ID(0)
			if tt.after {
				want = p.ID
			}
			if got := one[RecordRemote](r).After; got != want {
				t.Errorf("recorded after %d, want %d", got, want)
			}
		})
	}
}

func TestWhatReplacesSomethingThatStandsHereDoesNotWait(t *testing.T) {
	r := started(t, nil)
	r.have(file("f", "old", byAlice, c(byAlice, 1)))
	r.announce(alice, file("f", "new", byAlice, c(byAlice, 2)))
	r.fetched(one[Fetch](r))
	if p := one[Place](r); p.Actions[0].Op != plan.Replace {
		t.Fatalf("places %+v", p.Actions)
	}
	r.hold = true
	r.announce(alice, file("f", "newer", byAlice, c(byAlice, 3)))
	if x := one[RecordRemote](r); x.After != 0 {
		t.Errorf("recorded after %d", x.After)
	}
}

func TestACreateWaitsWhileItsNameIsAnnounced(t *testing.T) {
	r := started(t, nil)
	r.announce(alice, directory("x", byAlice, c(byAlice, 1)))
	p := one[Place](r)
	r.announce(alice, directory("a", byAlice, c(byAlice, 1)), directory("b", byAlice, c(byAlice, 1)))
	r.hold = true
	r.announce(alice, gone(directory("a", byAlice), byAlice, c(byAlice, 2)))
	r.placed(p)
	p = one[Place](r)
	if len(p.Actions) != 1 || p.Actions[0].Name != "b" {
		t.Fatalf("places %+v while a is being announced", p.Actions)
	}
	r.release()
	r.placed(p)
	p = one[Place](r)
	if len(p.Actions) != 1 || p.Actions[0].Name != "a" {
		t.Fatalf("places %+v", p.Actions)
	}
	r.ended(p, plan.Outcome{Status: plan.Stale}) // as sync/pull says of it
	r.pass(postponed)
	none[Place](r, "created what was deleted")
	if s := r.state("a"); s.Local == nil || !s.Local.Entry.Deleted {
		t.Errorf("held %+v", s.Local)
	}
}

func TestWhatGoesIntoADirectoryWaitsWithIt(t *testing.T) {
	d, dd := directory("d", byAlice, c(byAlice, 1)), directory("d/d", byAlice, c(byAlice, 1))
	for _, tt := range []struct {
		name string
		next index.Entry
		want int // actions placed while next is being recorded
	}{
		{"its head may be replaced", directory("d", byAlice, c(byAlice, 2)), 1},
		{"another device announces it as well", d, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := started(t, nil)
			r.announce(alice, directory("x", byAlice, c(byAlice, 1)))
			p := one[Place](r)
			r.announce(alice, d, dd, directory("dd", byAlice, c(byAlice, 1)))
			r.hold = true
			r.announce(bob, tt.next)
			r.placed(p)
			if p = one[Place](r); len(p.Actions) != tt.want || p.Actions[len(p.Actions)-1].Name != "dd" {
				t.Errorf("places %+v", p.Actions)
			}
		})
	}
}
