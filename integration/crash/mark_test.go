package crash

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/labsync/labsync/index"
)

// mark is something that the workload has come to, set into the log of writes
// between what was written before and after.
type mark struct {
	Kind markKind
	// Sequence is the highest announced, of announced.
	Sequence int64 `json:",omitempty"`
	// Index is the index ID, of announced.
	Index uint64 `json:",omitempty"`
	// Durable tells whether a commit was asked to be.
	Durable bool `json:",omitempty"`
	// Serial is of a content, of saved.
	Serial int     `json:",omitempty"`
	States []state `json:",omitempty"`
}

type markKind string

const (
	atPeer    markKind = "at peer"   // the peer has recorded these
	committed markKind = "committed" // the device has recorded these
	announced markKind = "announced" // the device is about to send these
	saved     markKind = "saved"     // a user has made a content durable
)

// state is a version of a name, as far as the disk shows it.
type state struct {
	Name    string
	Version []byte // encoded
	Author  index.Replica
	Type    index.Type `json:",omitempty"`
	Deleted bool       `json:",omitempty"`
	Size    int64      `json:",omitempty"`
	Target  string     `json:",omitempty"`
}

func stateOf(e *index.Entry) state {
	return state{
		Name: e.Name, Version: e.Version.Append(nil), Author: e.ModifiedBy,
		Type: e.Type, Deleted: e.Deleted, Size: e.Size, Target: e.Target,
	}
}

// look is what a name of a disk shows, or is to show.
func (s *state) look() look {
	switch {
	case s == nil || s.Deleted:
		return "nothing"
	case s.Type == index.Directory:
		return "a directory"
	case s.Type == index.Symlink:
		return linkTo(s.Target)
	}
	return holding(serialOf(s.Size))
}

// look is what a name shows, in words that can be compared.
type look string

func linkTo(target string) look { return look("a link to " + target) }
func holding(serial int) look   { return look(fmt.Sprintf("content %d", serial)) }

// marker sends marks from the workload to the process that keeps the log, and
// waits until each is in it.
type marker struct {
	mu  sync.Mutex // a mark and its answer are one
	out io.Writer
	in  *bufio.Reader
}

func (m *marker) set(what mark) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.out.Write(append(text, '\n')); err != nil {
		return err
	}
	_, err = m.in.ReadByte()
	return err
}

// receive takes marks in until the other side ends.
func receive(in io.Reader, out io.Writer, take func(mark)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m mark
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return fmt.Errorf("%w in %q", err, lines.Text())
		}
		take(m)
		if _, err := out.Write([]byte{'.'}); err != nil {
			return err
		}
	}
	return lines.Err()
}
