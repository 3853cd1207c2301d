package plan

import (
	"crypto/sha256"
	"testing"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

var peer = device.ID{1}

func c(r index.Replica, v uint64) index.Counter { return index.Counter{Replica: r, Value: v} }

func file(content string, by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{
		Name: "n", Size: int64(len(content)), Mode: 0o644, Mtime: 5,
		Version: version, ModifiedBy: by, Hash: sha256.Sum256([]byte(content)),
	}
}

func gone(of index.Entry, by index.Replica, version ...index.Counter) index.Entry {
	of.Deleted, of.ModifiedBy, of.Version = true, by, version
	return of
}

func directory(by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{Name: "n", Type: index.Directory, Mode: 0o755, Version: version, ModifiedBy: by}
}

func symlink(target string, by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{Name: "n", Type: index.Symlink, Target: target, Version: version, ModifiedBy: by, Hash: sha256.Sum256([]byte(target))}
}

// state is what is known of n: local is held (nil for nothing), heads are announced.
func state(local *index.Entry, flags index.Flags, heads ...index.Entry) index.State {
	s := index.State{Name: "n"}
	if local != nil {
		s.Local = &index.Held{Entry: *local, Flags: flags}
	}
	for _, h := range heads {
		s.Heads = append(s.Heads, index.Head{Entry: h, Devices: []device.ID{peer}})
	}
	return s
}

func TestDecide(t *testing.T) {
	v1, v2 := file("one", 1, c(1, 10)), file("two", 2, c(1, 10), c(2, 20))
	mine, theirs := file("mine", 1, c(1, 30)), file("theirs", 2, c(1, 10), c(2, 40))
	touched := v1
	touched.Mtime, touched.Version, touched.ModifiedBy, touched.ContentVersion = 9, index.Version{c(1, 10), c(2, 20)}, 2, v1.Version
	del := gone(v1, 2, c(1, 10), c(2, 20))
	dir, deadDir := directory(1, c(1, 10)), gone(directory(1), 2, c(1, 10), c(2, 20))
	deadDir.Type = index.Directory
	big1, big2 := file("x", 1, c(1, 10)), file("y", 2, c(2, 20))
	big1.Size, big2.Size, big1.BlockSize = 1<<20, 1<<20, 1<<17

	tests := []struct {
		name     string
		facts    Facts
		op       Op
		siblings int
	}{
		{"a name without heads needs nothing", Facts{State: state(&v1, 0)}, Settle, 0},
		{"a new file is created", Facts{State: state(nil, 0, v1)}, Create, 0},
		{"a newer version replaces what is held", Facts{State: state(&v1, 0, v2)}, Replace, 0},
		{"the version held needs nothing on disk", Facts{State: state(&v2, 0, v2)}, Note, 0},
		{"other times alone are set in place", Facts{State: state(&v1, 0, touched)}, Meta, 0},
		{"a deleted file is taken away", Facts{State: state(&v1, 0, del)}, Delete, 0},
		{"a deleted directory is removed if empty", Facts{State: state(&dir, 0, deadDir)}, Rmdir, 0},
		{"the deletion of what was never here is noted", Facts{State: state(nil, 0, del)}, Note, 0},
		{"a file comes back after its deletion", Facts{State: state(&del, 0, file("new", 2, c(1, 10), c(2, 30)))}, Create, 0},
		{"a directory in the place of a file", Facts{State: state(&v1, 0, directory(2, c(1, 10), c(2, 20)))}, Retype, 0},
		{"a link with another text", Facts{State: withLink(symlink("a", 1, c(1, 1)), symlink("b", 2, c(1, 1), c(2, 2)))}, Replace, 0},
		{"a link where there are none", Facts{State: state(nil, 0, symlink("a", 1, c(1, 1))), Limits: Limits{NoSymlinks: true}}, Wait, 0},
		{"a name too long for this disk", Facts{State: state(nil, 0, v1), Limits: Limits{MaxName: 0}}, Create, 0},

		{"the winner of a conflict replaces the loser, which gets a sibling", Facts{State: state(&mine, 0, mine, theirs)}, Replace, 1},
		{"the winner held stays, the loser gets a sibling", Facts{State: state(&theirs, 0, mine, theirs)}, Note, 1},
		{"an edit against a deletion needs no sibling", Facts{State: state(&mine, 0, mine, del)}, Note, 0},
		{"equal bytes made apart are joined", Facts{State: state(&v1, 0, v1, file("one", 3, c(3, 9)))}, Note, 0},
		{"large files cut in different ways are compared first", Facts{State: state(&big1, 0, big1, big2)}, Compare, 0},
		{"once compared and found to differ they are in conflict", Facts{State: state(&big1, 0, big1, big2), Differs: []index.Version{big2.Version}}, Replace, 1},

		{"an ignored name is left alone", Facts{State: state(nil, 0, v1), Ignored: true}, Settle, 0},
		{"a send-only folder places nothing", Facts{State: state(&v1, 0, v2), Direction: SendOnly}, Settle, 0},
		{"a send-only folder notes what agrees", Facts{State: state(&v1, 0, v1, file("one", 3, c(3, 9))), Direction: SendOnly}, Note, 0},
		{"what was changed in a receive-only folder is left alone", Facts{State: state(&mine, index.ReceiveOnlyChanged, v2), Direction: ReceiveOnly}, Settle, 0},
		{"a directory kept for ignored content stays", Facts{State: state(&deadDir, index.Kept, deadDir)}, Settle, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Decide(&tt.facts)
			if a.Op != tt.op || len(a.Derived) != tt.siblings {
				t.Fatalf("decided %v with %d siblings, want %v with %d", a.Op, len(a.Derived), tt.op, tt.siblings)
			}
		})
	}
}

func withLink(local, head index.Entry) index.State { return state(&local, 0, head) }

func TestDecideMove(t *testing.T) {
	old := file("one", 1, c(1, 10))
	old.Name = "old"
	renamed := file("one", 2, c(2, 20))
	renamed.RenamedFrom = "old"
	oldState := func(heads ...index.Entry) *index.State {
		s := state(&old, 0, heads...)
		s.Name = "old"
		return &s
	}
	dead := gone(old, 2, c(1, 10), c(2, 20))
	edited := file("edited", 3, c(1, 10), c(3, 30))
	edited.Name = "old"

	tests := []struct {
		name    string
		from    *index.State
		patient bool
		want    Op
	}{
		{"a rename elsewhere is a rename here", oldState(dead), true, Move},
		{"half of a rename waits for the other half", oldState(old), true, Defer},
		{"an old name that stays is copied in the end", oldState(old), false, Create},
		{"an old name edited meanwhile is not moved", oldState(dead, edited), true, Create},
		{"an old name nobody knows", nil, true, Create},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Decide(&Facts{State: state(nil, 0, renamed), From: tt.from, Patient: tt.patient})
			if a.Op != tt.want {
				t.Fatalf("decided %v, want %v", a.Op, tt.want)
			}
			if a.Op == Move && (a.From == nil || !a.FromWant.Deleted || len(a.FromHeads) != 1) {
				t.Fatalf("move lacks its source: %+v", a)
			}
		})
	}
}

func TestSiblingKeepsTheLosersFacts(t *testing.T) {
	mine, theirs := file("mine", 1, c(1, 30)), file("theirs", 2, c(2, 40))
	f := Facts{State: state(&mine, 0, mine, theirs), Author: func(r index.Replica) conflict.Author {
		return conflict.Author{Person: map[index.Replica]string{1: "Ann", 2: "Ben"}[r], Device: "pc"}
	}}
	a := Decide(&f)
	s := a.Derived[0]
	if s.Hash != mine.Hash || s.Version.Aside().Compare(mine.Version) != index.Equal || s.Mtime != mine.Mtime {
		t.Fatalf("the sibling is %+v, not what lost", s)
	}
	if want := "n (conflict, Ann - pc, 1970-01-01 00.00 UTC, "; s.Name[:len(want)] != want {
		t.Fatalf("the sibling is called %q", s.Name)
	}
}
