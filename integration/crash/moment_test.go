package crash

import (
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
)

// version is one with this number.
func version(n uint64) index.Version { return index.Version{{Replica: 1, Value: n}} }

// fileState is a file of the peer's with a content, in a version; content 0
// stands for its deletion.
func fileState(n uint64, serial int) state {
	s := state{Name: peerArea + "/f", Version: version(n).Append(nil), Deleted: serial == 0}
	if serial > 0 {
		s.Size = int64(sizeOf(serial))
	}
	return s
}

func heldAs(s state) *index.Held {
	v, _ := index.ParseVersion(s.Version) // made by Append
	return &index.Held{Entry: index.Entry{Name: s.Name, Version: v, Deleted: s.Deleted, Size: s.Size}}
}

// story is the peer making contents 1 and 2 of a file and deleting it, of which
// the device has recorded all; the marks after the first six come later.
func story() []any {
	one, two, gone := fileState(1, 1), fileState(2, 2), fileState(3, 0)
	return []any{
		mark{Kind: atPeer, States: []state{one}},
		mark{Kind: committed, States: []state{one}},
		mark{Kind: atPeer, States: []state{two}},
		mark{Kind: committed, Durable: true, States: []state{two}},
		mark{Kind: announced, Sequence: 5, Index: 9, States: []state{two}},
		mark{Kind: saved, Serial: 7},
		mark{Kind: atPeer, States: []state{gone}},
		mark{Kind: committed, Durable: true, States: []state{gone}},
	}
}

func TestAMomentNeedsWhatWasDurableByThen(t *testing.T) {
	g := newGhost(story())
	for _, one := range []struct {
		says     string
		marks    int
		held     *index.Held
		violates string
	}{
		{"nothing is needed at the beginning", 0, nil, ""},
		{"what was not asked to be durable is not needed", 2, nil, ""},
		{"a durable version is missing", 4, nil, "I5"},
		{"a durable version is there", 4, heldAs(fileState(2, 2)), ""},
		{"an older one is there", 4, heldAs(fileState(1, 1)), "I5"},
		{"a later one is there, of which the mark did not come", 6, heldAs(fileState(3, 0)), ""},
		{"a deletion is undone", 8, heldAs(fileState(2, 2)), "I5"},
	} {
		err := g.at(story()[:one.marks]).checkRecorded(peerArea+"/f", one.held)
		if violated(err) != one.violates {
			t.Errorf("%s: %v, want a violation of %q", one.says, err, one.violates)
		}
	}
	m := g.at(story()[:6])
	if m.sequence != 5 || m.index != 9 || !m.serials[2] || !m.serials[7] || m.serials[1] {
		t.Errorf("the moment is %+v", m)
	}
}

func TestAHeadReplacesNoneThatHasReplacedIt(t *testing.T) {
	m := newGhost(story()).at(story()[:4])
	for _, one := range []struct {
		says     string
		held     *index.Held
		violates string
	}{
		{"what was held before", heldAs(fileState(2, 2)), ""},
		{"a later version", heldAs(fileState(3, 0)), ""},
		{"one that knows nothing of it", &index.Held{Entry: index.Entry{Version: index.Version{{Replica: 2, Value: 1}}}}, ""},
		{"an earlier version", heldAs(fileState(1, 1)), "I7"},
		{"none", nil, "I5"},
	} {
		if err := m.checkKept(peerArea+"/f", one.held); violated(err) != one.violates {
			t.Errorf("%s: %v, want a violation of %q", one.says, err, one.violates)
		}
	}
}

func TestTheDiskMayBeLaterThanTheIndexNeverEarlier(t *testing.T) {
	m := newGhost(story()).at(story())
	for _, one := range []struct {
		says     string
		held     state
		there    look
		violates string
	}{
		{"both show the same", fileState(2, 2), holding(2), ""},
		{"a later content was placed and not recorded", fileState(1, 1), holding(2), ""},
		{"a deletion was carried out and not recorded", fileState(1, 1), "nothing", ""},
		{"the content before is there", fileState(2, 2), holding(1), "I4"},
		{"half a content is there", fileState(2, 2), broken(content(2)[:10]), "I4"},
		{"what was deleted is there", fileState(3, 0), holding(2), "I11"},
		{"nobody has made that version", fileState(4, 2), holding(2), "I19"},
	} {
		if err := m.checkShown(heldAs(one.held), one.there); violated(err) != one.violates {
			t.Errorf("%s: %v, want a violation of %q", one.says, err, one.violates)
		}
	}
}

// violated is the invariant that an error is about.
func violated(err error) string {
	if err == nil {
		return ""
	}
	name, _, _ := strings.Cut(err.Error(), ":")
	return name
}
