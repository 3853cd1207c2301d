package engine

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// What a loss of power may have taken comes back. Where it has been found under
// another name, nothing was taken: a person has renamed it.
func TestASuspectThatIsGoneComesBackUnlessItWasRenamed(t *testing.T) {
	const inode = 7
	f := file("f", "text", byAlice, c(byAlice, 1))
	at := func(name string, inode uint64) plan.Observation {
		e := file(name, "text", 0)
		e.RenamedFrom = "f"
		return found(e, inode)
	}
	removed := plan.Observation{Name: "f", Base: f.Version, Removed: true}
	type batches = [][]plan.Observation
	for _, x := range []struct {
		name string
		seen batches
		back bool
	}{
		{"a file is gone", batches{{removed}}, true},
		{"a file is found under a later name", batches{{removed, at("g", inode)}}, false},
		{"in a later batch", batches{{removed}, {at("g", inode)}}, false},
		{"under an earlier name", batches{{at("e", inode), removed}}, false},
		{"in an earlier batch", batches{{at("e", inode)}, {removed}}, false},
		{"a copy of the file is found", batches{{removed, at("g", 8)}}, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := started(t, nil)
			r.must(r.store.RecordRemote(t.Context(), alice, []index.Update{{Sequence: 1, Heads: []index.Entry{f}}}))
			change := index.Change{Entry: f, Disk: found(f, inode).Disk, Flags: index.Suspect | index.MustRescan}
			_, err := r.store.Commit(t.Context(), []index.Change{change}, true)
			r.must(err)
			r.step(Changed{Scopes: []Scope{{Recursive: true}}})
			scan := one[Scan](r)
			for _, seen := range x.seen {
				r.step(Scanned{ID: scan.ID, Seen: seen})
			}
			r.step(ScanDone{ID: scan.ID})
			if back := r.state("f").Dirty != index.Clean; back != x.back {
				t.Errorf("it is to be made again: %v; heads %v", back, r.state("f").Heads)
			}
		})
	}
}
