package plan

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// heads makes a state of heads, each at the path of the peer or of nobody.
func heads(local *index.Entry, atPath, put []index.Entry) index.State {
	s := state(local, 0, append(put, atPath...)...)
	for i := range s.Heads[len(put):] {
		s.Heads[len(put)+i].AtPath = []device.ID{peer}
	}
	return s
}

// ours lets this device announce all that somebody has.
func ours(s index.State) index.State {
	for i := range s.Heads {
		s.Heads[i].Ours = len(s.Heads[i].AtPath) > 0
	}
	return s
}

func TestHeadsThatNobodyHasDoNotCountOnceTheyCannotBeHad(t *testing.T) {
	lost, other, mine := file("lost", 2, c(2, 90)), file("other", 3, c(3, 20)), file("mine", 1, c(1, 10))
	buried := gone(mine, 3, c(1, 10), c(3, 20))
	tests := []struct {
		name  string
		state index.State
		op    Op
		want  string
	}{
		{"nothing else is left to do", heads(nil, nil, []index.Entry{lost}), Settle, ""},
		{"what is held stays", ours(heads(&mine, []index.Entry{mine}, []index.Entry{lost})), Settle, ""},
		{"with the others that are known", ours(heads(&other, []index.Entry{other, mine}, []index.Entry{lost})), Settle, ""},
		{"those are taken note of first", heads(&other, []index.Entry{other, mine}, []index.Entry{lost}), Note, "other"},
		{"what somebody has is placed", heads(nil, []index.Entry{other}, []index.Entry{lost}), Create, "other"},
		{"a deletion needs no bytes", heads(&mine, []index.Entry{buried}, []index.Entry{lost}), Delete, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Decide(&Facts{State: tt.state, Nowhere: []index.Hash{lost.Hash}})
			if a.Op != tt.op {
				t.Fatalf("%v, want %v", a.Op, tt.op)
			}
			if a.Op == Settle && len(a.Heads) != len(tt.state.Heads) {
				t.Fatalf("settles %d of %d heads, and is asked again", len(a.Heads), len(tt.state.Heads))
			}
			if tt.want != "" && a.Want.Hash != other.Hash {
				t.Fatalf("wants %v", a.Want)
			}
			if without := Decide(&Facts{State: tt.state}); !without.Fetches() {
				t.Fatalf("before that is known: %v", without.Op)
			}
		})
	}
}

// A device that had put a head aside for another goes on announcing it. Once
// nobody can send its content that would hide what it was made from for ever.
func TestHeadsThatNobodyHasAreWithdrawn(t *testing.T) {
	lost, mine, other := file("lost", 2, c(2, 90)), file("mine", 1, c(1, 10)), file("other", 3, c(3, 20))
	known := ours(heads(&mine, []index.Entry{mine, other}, []index.Entry{lost}))
	known.Heads[0].Ours = true
	with := func(change func(*index.State)) index.State {
		s := known
		local := *known.Local
		s.Local, s.Heads = &local, append([]index.Head(nil), known.Heads...)
		change(&s)
		return s
	}
	tests := []struct {
		name  string
		state index.State
		lost  bool
	}{
		{"what was put aside", known, true},
		{"also beside what is to be placed", with(func(s *index.State) { s.Heads[2].Entry.Version = index.Version{c(1, 10), c(3, 20)} }), true},
		{"not what others announce alone", with(func(s *index.State) { s.Heads[0].Ours = false }), false},
		{"not what somebody has", with(func(s *index.State) { s.Heads[0].AtPath = []device.ID{peer} }), false},
		{"not what is held", with(func(s *index.State) { s.Local.Entry = lost }), false},
		{"not by recording a change nobody is to know", with(func(s *index.State) { s.Local.Flags = index.ReceiveOnlyChanged }), false},
		{"not by announcing what is held quietly", with(func(s *index.State) { s.Local.Entry.Version = index.Version{c(4, 1)} }), false},
		{"not where nothing is held", with(func(s *index.State) { s.Local = nil }), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Decide(&Facts{State: tt.state, Nowhere: []index.Hash{lost.Hash}})
			if !tt.lost {
				if len(a.Lost) > 0 {
					t.Fatalf("%v of %v withdraws %v", a.Op, a.Want, a.Lost)
				}
				return
			}
			if a.Op != Note || len(a.Lost) != 1 || a.Lost[0].Compare(lost.Version) != index.Equal {
				t.Fatalf("%v, withdraws %v", a.Op, a.Lost)
			}
			if a.Want.Version.Compare(mine.Version) != index.Equal || len(a.Heads) > 0 {
				t.Fatalf("announces %v and %v", a.Want, a.Heads)
			}
		})
	}
}

func TestUnheldContent(t *testing.T) {
	lost, other := file("lost", 2, c(2, 90)), file("other", 3, c(3, 20))
	s := heads(nil, []index.Entry{other}, []index.Entry{lost})
	unannounced := heads(nil, nil, []index.Entry{lost})
	unannounced.Heads[0].Devices = nil
	tests := []struct {
		name           string
		state          index.State
		content        index.Hash
		aside, derived bool
	}{
		{"put aside by all", s, lost.Hash, true, false},
		{"at somebody's path", s, other.Hash, false, false},
		{"not known at all", s, index.Hash{}, false, false},
		{"derived here", unannounced, lost.Hash, true, true},
	}
	for _, tt := range tests {
		if aside, derived := Unheld(&tt.state, tt.content); aside != tt.aside || derived != tt.derived {
			t.Errorf("%s: %v, %v", tt.name, aside, derived)
		}
	}
}

// What a head hides is what its author had before. Where somebody shows it still
// it is a head like any other once that cannot be had.
func TestWhatIsHiddenByHeadsThatNobodyHasCounts(t *testing.T) {
	before := file("before", 1, c(1, 10))
	lost, other := file("lost", 2, c(1, 10), c(2, 90)), file("other", 3, c(3, 20))
	buried := gone(other, 3, c(3, 30))
	hidden := func(s index.State, versions ...index.Entry) index.State {
		for _, v := range versions {
			s.Hidden = append(s.Hidden, index.Head{Entry: v, Devices: []device.ID{peer}, AtPath: []device.ID{peer}})
		}
		return s
	}
	tests := []struct {
		name  string
		state index.State
		op    Op
		want  index.Entry
		kept  []index.Entry // beside it
	}{
		{"it is not deleted by who did not know of it", hidden(heads(&before, []index.Entry{buried}, []index.Entry{lost}), before), Note, before, nil},
		{"it is kept beside what wins over it", hidden(heads(&before, []index.Entry{other}, []index.Entry{lost}), before), Replace, other, []index.Entry{before}},
		{"it is placed where it is not shown", hidden(heads(&other, []index.Entry{buried}, []index.Entry{lost}), before), Replace, before, nil},
		{"not what somebody has since replaced", hidden(heads(&other, []index.Entry{other}, []index.Entry{lost}), file("older", 1, c(1, 5)), file("old", 3, c(3, 15))), Note, other, []index.Entry{file("older", 1, c(1, 5))}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Decide(&Facts{State: tt.state, Nowhere: []index.Hash{lost.Hash}})
			if a.Op != tt.op || a.Want.Hash != tt.want.Hash || a.Want.Deleted {
				t.Fatalf("%v of %v, want %v of %v", a.Op, a.Want, tt.op, tt.want)
			}
			if len(a.Derived) != len(tt.kept) {
				t.Fatalf("keeps %v, want %v", a.Derived, tt.kept)
			}
			for i := range a.Derived {
				if a.Derived[i].Hash != tt.kept[i].Hash {
					t.Errorf("keeps %v, want %v", a.Derived[i], tt.kept[i])
				}
			}
		})
	}
}
