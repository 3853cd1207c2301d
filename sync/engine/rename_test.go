package engine

import (
	"testing"
	"time"

	"github.com/labsync/labsync/index"
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

// found is what a scan says of a file.
func found(e index.Entry, inode uint64) plan.Observation {
	return plan.Observation{Name: e.Name, Entry: e, Disk: index.Disk{Type: e.Type, Size: e.Size, Mtime: e.Mtime, Inode: inode, Device: 1}}
}

// held records a file with its inode.
func (r *rig) held(e index.Entry, inode uint64) {
	r.t.Helper()
	_, err := r.store.Commit(r.t.Context(), []index.Change{{
		Entry: e, Disk: index.Disk{Type: e.Type, Size: e.Size, Mtime: e.Mtime, Inode: inode, Device: 1},
	}}, true)
	r.must(err)
}

func TestBothNamesOfARenameAreRecordedTogether(t *testing.T) {
	for _, c := range []struct {
		name       string
		inode      uint64 // of what is found under the new name
		inSameScan bool   // the old name is reported as well
		want       bool
	}{
		{"the same file under another name", 7, false, true},
		{"the old name is reported as gone too", 7, true, true},
		{"a copy of it: the old name may be there", 8, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := started(t, nil)
			old := file("z", "bytes", byAlice, index.Counter{Replica: byAlice, Value: 1})
			r.held(old, 7)
			r.hold = true
			r.step(Changed{Scopes: []Scope{{Name: "a"}}})
			renamed := file("a", "bytes", 0)
			renamed.RenamedFrom = "z"
			seen := []plan.Observation{found(renamed, c.inode)}
			if c.inSameScan {
				seen = append(seen, plan.Observation{Name: "z", Base: old.Version, Removed: true})
			}
			r.step(Scanned{ID: one[Scan](r).ID, Seen: seen})
			changes := one[Commit](r).Changes
			if together := len(changes) == 2 && changes[0].Entry.Name == "a" && changes[1].Entry.Name == "z" && changes[1].Entry.Deleted; together != c.want {
				t.Errorf("recorded %+v, together: %v, want %v", changes, together, c.want)
			}
		})
	}
}

// A move was cut short after the disk had made it, and somebody wrote a new file
// under the old name.
func TestAFileWrittenAtTheOldNameOfARenameIsRecorded(t *testing.T) {
	v := index.Version{{Replica: byAlice, Value: 1}}
	old, renamed := file("z", "bytes", byAlice, v[0]), file("a", "bytes", byAlice, v[0])
	renamed.RenamedFrom = "z"
	for _, c := range []struct {
		name  string
		knows bool // the new name is held already
	}{
		{"the rename is found in the same scan", false},
		{"the rename was recorded before", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := started(t, nil)
			r.held(old, 7)
			first := found(renamed, 7)
			if c.knows {
				r.held(renamed, 0)
				first.Base = v
			}
			r.hold = true
			r.step(Changed{Scopes: []Scope{{Name: "a"}, {Name: "z"}}})
			written := found(file("z", "others", 0), 8)
			written.Base = v
			r.step(Scanned{ID: one[Scan](r).ID, Seen: []plan.Observation{first, written}})
			changes := one[Commit](r).Changes
			if last := changes[len(changes)-1].Entry; last.Name != "z" || last.Deleted || last.Hash != written.Entry.Hash {
				t.Errorf("recorded %+v, not what was written", changes)
			}
		})
	}
}

// Scanned before its new name, the files of a renamed directory would be
// deleted and found anew.
func TestADirectoryThatVanishedIsScannedAfterItsNewName(t *testing.T) {
	begin := func(t *testing.T) *rig {
		r := started(t, nil)
		r.have(directory("old", byAlice, index.Counter{Replica: byAlice, Value: 1}))
		r.step(Changed{Gone: []string{"old", "file"}})
		if sc := one[Scan](r); len(sc.Scopes) != 1 || sc.Scopes[0].Name != "file" {
			t.Fatalf("scans %v, want the file alone", sc.Scopes)
		} else {
			r.step(ScanDone{ID: sc.ID})
		}
		return r
	}
	t.Run("which is told a moment later", func(t *testing.T) {
		r := begin(t)
		r.now = r.now.Add(goneAfter / 2)
		r.step(Changed{Scopes: []Scope{{Name: "new", Recursive: true}}})
		sc := one[Scan](r)
		r.pass(goneAfter)
		none[Scan](r, "scanned the old name beside the new one")
		r.step(ScanDone{ID: sc.ID})
		if sc := one[Scan](r); sc.Scopes[0] != (Scope{Name: "old"}) {
			t.Fatalf("scans %v", sc.Scopes)
		}
	})
	t.Run("or after a moment, if there is none", func(t *testing.T) {
		r := begin(t)
		r.pass(goneAfter)
		one[Scan](r)
	})
	t.Run("or in the end, however long another scan takes", func(t *testing.T) {
		r := begin(t)
		r.step(Changed{Scopes: []Scope{{Name: "big"}}})
		one[Scan](r)
		r.pass(goneAtLast)
		one[Scan](r)
	})
}
