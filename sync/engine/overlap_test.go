package engine

import (
	"fmt"
	"testing"
)

func TestAScanOverlapsWhatItLooksAt(t *testing.T) {
	r := newRun(1, []Scope{{Name: "a/b/c"}, {Name: "d/e", Recursive: true}})
	for _, x := range []struct {
		scope Scope
		want  bool
	}{
		{Scope{Name: "a/b/c"}, true},
		{Scope{Name: "a/b/c/d"}, false}, // it is no directory that is scanned with all below
		{Scope{Name: "a/b"}, false},
		{Scope{Name: "a/b", Recursive: true}, true},
		{Scope{Name: "a", Recursive: true}, true},
		{Scope{Recursive: true}, true},
		{Scope{}, false},
		{Scope{Name: "d/e"}, true},
		{Scope{Name: "d/e/f/g"}, true},
		{Scope{Name: "d/ef", Recursive: true}, false},
		{Scope{Name: "d", Recursive: true}, true},
		{Scope{Name: "x", Recursive: true}, false},
	} {
		if got := r.overlaps(x.scope); got != x.want {
			t.Errorf("%+v: %v, want %v", x.scope, got, x.want)
		}
	}
	all := newRun(2, []Scope{{Recursive: true}})
	if !all.overlaps(Scope{Name: "x"}) || !all.overlaps(Scope{Recursive: true}) {
		t.Error("a scan of all does not overlap with all")
	}
	none := newRun(3, nil)
	if none.overlaps(Scope{Recursive: true}) {
		t.Error("nothing overlaps with all")
	}
}

// scopesBelow are n directories to be scanned with all below them.
func scopesBelow(dir string, n int) []Scope {
	scopes := make([]Scope, n)
	for i := range scopes {
		scopes[i] = Scope{Name: fmt.Sprintf("some/%s/%05d", dir, i), Recursive: true}
	}
	return scopes
}

// A scope is not compared with all the others.
func BenchmarkScopesBesideAScanOfOthers(b *testing.B) {
	for _, n := range []int{1000, 2000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRun(1, scopesBelow("a", n))
			for range b.N {
				for _, sc := range scopesBelow("b", n) {
					r.overlaps(sc)
				}
			}
		})
	}
}
