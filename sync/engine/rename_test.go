package engine

import (
	"testing"
	"time"

	"github.com/labsync/labsync/sync/plan"
)

// A rename arrives as two announcements. Whichever comes first, nothing is
// deleted or fetched before the other one.
func TestHalvesOfARenameWaitForEachOther(t *testing.T) {
	old := file("old", "bytes", byAlice, c(byAlice, 1))
	renamed := file("new", "bytes", byAlice, c(byAlice, 5))
	renamed.RenamedFrom = "old"
	oldGone := gone(old, byAlice, c(byAlice, 6))

	t.Run("the new name first", func(t *testing.T) {
		r := started(t, nil)
		r.have(old)
		r.step(PeerUp{Device: alice})
		r.announce(alice, renamed)
		none[Fetch](r, "fetched what is here under its old name")
		r.announce(alice, oldGone)
		if a := one[Place](r).Actions; len(a) != 1 || a[0].Op != plan.Move {
			t.Fatalf("placed %v, want one move", a)
		}
	})
	t.Run("another deletion waits as well", func(t *testing.T) {
		r := started(t, nil)
		other := file("other", "x", byAlice, c(byAlice, 2))
		r.have(old)
		r.have(other)
		r.step(PeerUp{Device: alice})
		r.announce(alice, renamed)
		r.announce(alice, gone(other, byAlice, c(byAlice, 7)))
		none[Place](r, "deleted while half of a rename was missing")
		r.announce(alice, oldGone)
		if a := one[Place](r).Actions; a[0].Op != plan.Move {
			t.Fatalf("began with %v, want the move", a[0].Op)
		}
	})
	t.Run("but not for ever", func(t *testing.T) {
		r := started(t, nil)
		r.have(old)
		r.step(PeerUp{Device: alice})
		r.announce(alice, renamed)
		r.now = r.now.Add(patience + time.Millisecond)
		r.step(Tick{})
		if a := one[Fetch](r).Actions; a[0].Op != plan.Create {
			t.Fatalf("decided %v, want a copy", a[0].Op)
		}
	})
}
