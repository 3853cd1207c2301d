package crash

import (
	"fmt"
	"slices"
	"strings"

	"github.com/labsync/labsync/index"
)

// The areas of the folder: only the peer's user works in the first, only the
// device's in the second, both in the third.
const (
	peerArea = "peer"
	ownArea  = "own"
	bothArea = "both"
)

// ghost knows, from outside, all that happened while a recording was made.
type ghost struct {
	// peer is what the peer's user made of each name of his own, in order.
	peer map[string][]state
	// recorded is what the device recorded of each name, in order.
	recorded map[string][]state
	last     int64 // the highest sequence that was ever announced
	// author is the peer, as the author of versions.
	author index.Replica
}

func newGhost(marks []any) *ghost {
	g := &ghost{peer: map[string][]state{}, recorded: map[string][]state{}}
	for _, x := range marks {
		switch m := x.(mark); m.Kind {
		case atPeer:
			for _, s := range m.States {
				g.peer[s.Name] = addState(g.peer[s.Name], s)
				if isPeers(s.Name) {
					g.author = s.Author
				}
			}
		case committed:
			for _, s := range m.States {
				g.recorded[s.Name] = addState(g.recorded[s.Name], s)
			}
		case announced:
			g.last = max(g.last, m.Sequence)
		}
	}
	return g
}

// addState adds a state unless it is the one before under other facts.
func addState(list []state, s state) []state {
	if n := len(list); n > 0 && string(list[n-1].Version) == string(s.Version) {
		return list
	}
	return append(list, s)
}

// position is where a version stands in a list, from its end; -1 if nowhere.
func position(list []state, version []byte) int {
	for i, s := range slices.Backward(list) {
		if string(s.Version) == string(version) {
			return i
		}
	}
	return -1
}

// moment is what has to be true of the device at one point of the log.
type moment struct {
	*ghost
	index    uint64         // the index ID that was announced, 0 for none
	sequence int64          // the highest announced
	atLeast  map[string]int // by name: what of recorded the index must have come to
	serials  map[int]bool   // contents that must be somewhere
}

// at is the moment after these marks.
func (g *ghost) at(marks []any) *moment {
	m := &moment{ghost: g, atLeast: map[string]int{}, serials: map[int]bool{}}
	sofar := map[string][]state{} // the beginnings of g.recorded
	for _, x := range marks {
		switch k := x.(mark); k.Kind {
		case saved:
			m.serials[k.Serial] = true
		case announced:
			m.index, m.sequence = k.Index, max(m.sequence, k.Sequence)
			for _, s := range k.States {
				if i := position(sofar[s.Name], s.Version); i >= 0 {
					m.atLeast[s.Name] = max(m.atLeast[s.Name], i)
				}
			}
		case committed:
			for _, s := range k.States {
				sofar[s.Name] = addState(sofar[s.Name], s)
				if !k.Durable {
					continue
				}
				m.atLeast[s.Name] = len(sofar[s.Name]) - 1
				if s.Type == index.File && !s.Deleted && s.Size > 0 {
					m.serials[serialOf(s.Size)] = true
				}
			}
		}
	}
	return m
}

// isPeers reports whether only the peer's user changes a name.
func isPeers(name string) bool { return strings.HasPrefix(name, peerArea+"/") }

// checkRecorded compares what the index says of a name, nil for nothing, with
// what it must have come to.
func (m *moment) checkRecorded(name string, held *index.Held) error {
	must, needed := m.atLeast[name]
	if !needed {
		return nil
	}
	if held == nil {
		return fmt.Errorf("I5: the index knows nothing of %s, of which version %d was durable", name, must)
	}
	if at := position(m.recorded[name], held.Entry.Version.Append(nil)); at >= 0 && at < must {
		return fmt.Errorf("I5: the index has version %d of %s, and version %d was durable", at, name, must)
	}
	return nil
}

// checkKept compares what the index says of a name after the device has worked
// on, with what it had come to: of two heads that know nothing of one another
// either may stand there now, but none that the other has replaced. A version of
// the device's own making is another matter: what its user did need not have
// reached the disk, and is given up then.
func (m *moment) checkKept(name string, held *index.Held) error {
	must, needed := m.atLeast[name]
	if !needed {
		return nil
	}
	if held == nil {
		return fmt.Errorf("I5: the index knows nothing of %s any more", name)
	}
	had, err := index.ParseVersion(m.recorded[name][must].Version)
	if err != nil || m.recorded[name][must].Author != m.author {
		return err
	}
	if held.Entry.Version.Compare(had) == index.Before {
		return fmt.Errorf("I7: the index has %v of %s, which %v had replaced", held.Entry.Version, name, had)
	}
	return nil
}

// checkShown compares what the disk shows at a name of the peer's with what the
// index says of it. Later states may be there: placed, and not recorded yet.
func (m *moment) checkShown(held *index.Held, there look) error {
	name := held.Entry.Name
	list := m.peer[name]
	at := position(list, held.Entry.Version.Append(nil))
	if at < 0 {
		return fmt.Errorf("I19: the index has a version of %s that its only user did not make", name)
	}
	for i := at; i < len(list); i++ {
		if list[i].look() == there {
			return nil
		}
	}
	kind := "I4"
	if held.Entry.Deleted {
		kind = "I11"
	}
	return fmt.Errorf("%s: %s shows %s, the index says %s", kind, name, there, list[at].look())
}
