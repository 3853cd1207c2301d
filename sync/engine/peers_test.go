package engine

import (
	"fmt"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

func TestADeviceIsSentWhatItLacksPageByPage(t *testing.T) {
	r := started(t, nil)
	r.have(directory("a", r0, c(r0, 1)), directory("b", r0, c(r0, 1)), directory("c", r0, c(r0, 1)))
	r.step(PeerUp{Device: alice, Known: 1})
	s := one[Send](r)
	if s.Device != alice || s.After != 1 {
		t.Fatalf("sends %+v", s)
	}
	r.step(PeerUp{Device: bob, Known: 3})
	none[Send](r, "sent to a device that knows all, or twice")
	r.step(Sent{ID: s.ID, Device: alice, Upto: 2, More: true})
	s = one[Send](r)
	if s.After != 2 {
		t.Fatalf("goes on after %d", s.After)
	}
	r.step(Sent{ID: s.ID, Device: alice, Upto: 3})
	none[Send](r, "sent more than there is")
	r.announce(alice, directory("d", byAlice, c(byAlice, 1)))
	r.placed(one[Place](r))
	if both := all[Send](r); len(both) != 2 || both[0].Device != alice || both[1].Device != bob {
		t.Fatalf("sends %v of what was placed", both)
	}
}

func TestADeviceAnewWhileAPageIsUnderWay(t *testing.T) {
	r := started(t, nil)
	r.have(directory("a", r0, c(r0, 1)), directory("b", r0, c(r0, 1)))
	r.step(PeerUp{Device: alice})
	old := one[Send](r)
	r.step(PeerDown{Device: alice})
	r.step(PeerUp{Device: alice, Known: 1})
	anew := one[Send](r)
	if anew.After != 1 {
		t.Fatalf("begins after %d, want what the device said it knows", anew.After)
	}
	r.step(Sent{ID: old.ID, Device: alice, Upto: 2})
	r.step(Sent{ID: anew.ID, Device: alice, Upto: 1, More: true})
	if s := one[Send](r); s.After != 1 {
		t.Fatalf("the end of the old page counted: goes on after %d", s.After)
	}
}

func TestAFailedPageWaitsForTheDeviceToComeAnew(t *testing.T) {
	r := started(t, nil)
	r.have(directory("a", r0, c(r0, 1)))
	r.step(PeerUp{Device: alice})
	s := one[Send](r)
	r.step(Sent{ID: s.ID, Device: alice, Failed: true})
	r.step(Tick{})
	none[Send](r, "sent into a session that has ended")
	r.step(PeerUp{Device: alice})
	if s := one[Send](r); s.After != 0 {
		t.Fatalf("begins after %d", s.After)
	}
}

func TestAGoneDeviceIsSentNothing(t *testing.T) {
	r := started(t, nil)
	r.step(PeerUp{Device: alice})
	r.step(PeerDown{Device: alice})
	r.announce(bob, directory("a", byBob, c(byBob, 1)))
	r.placed(one[Place](r))
	none[Send](r, "sent to a device that is gone")
}

// manyFiles are announced by alice, each of a size.
func manyFiles(n int, size int64) []index.Entry {
	out := make([]index.Entry, n)
	for i := range out {
		out[i] = file(fmt.Sprintf("f%05d", i), fmt.Sprint(i), byAlice, c(byAlice, 1))
		out[i].Size = size
		out[i].Blocks[0].Size = int32(size)
	}
	return out
}

func TestBoundsOfWhatIsUnderWay(t *testing.T) {
	tests := []struct {
		name          string
		files         int
		size          int64
		fetches, each int
	}{
		{"small files go in large groups, two at a time", 3*groupFiles + 500, 10, maxGroups, groupFiles},
		{"a group has a bound in bytes", 40, 8 << 20, maxGroups, 8},
		{"big files go alone, a few at a time", 9, bigFile, maxBig, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := started(t, nil)
			r.step(PeerUp{Device: alice})
			r.announce(alice, manyFiles(tt.files, tt.size)...)
			fetched := 0
			for fetched < tt.files {
				fetches := all[Fetch](r)
				if fetched == 0 && len(fetches) != tt.fetches {
					t.Fatalf("%d groups under way, want %d", len(fetches), tt.fetches)
				}
				if len(fetches) == 0 {
					t.Fatalf("stuck after %d files", fetched)
				}
				for _, f := range fetches {
					if len(f.Actions) > tt.each {
						t.Fatalf("%d files in a group, want at most %d", len(f.Actions), tt.each)
					}
					fetched += len(f.Actions)
					r.fetched(f)
					places := all[Place](r)
					if len(places) > 1 {
						t.Fatalf("%d groups placed at once", len(places))
					}
					for _, p := range places {
						r.placed(p)
					}
				}
			}
			for places := all[Place](r); len(places) > 0; places = all[Place](r) {
				r.placed(places[0])
			}
			if s := r.engine.Snapshot(); s.Working != 0 || !s.Resting {
				t.Fatalf("snapshot %+v", s)
			}
			counts, err := r.store.Counts(t.Context())
			if err != nil || counts.NeedFiles != 0 || counts.Files != int64(tt.files) {
				t.Fatalf("counts %+v, %v", counts, err)
			}
		})
	}
}

func TestOverrideSetsWhatIsHereOverTheOthers(t *testing.T) {
	r := started(t, func(o *Options) { o.Direction = plan.SendOnly })
	mine := file("n", "mine", r0, c(r0, 1))
	r.have(mine)
	r.announce(alice, file("n", "theirs", byAlice, c(byAlice, 2), c(r0, 1)), directory("new", byAlice, c(byAlice, 2)))
	none[Fetch](r, "fetched into a send-only folder")
	r.step(Override{})
	if s := r.state("n"); len(s.Heads) != 1 || s.Heads[0].Entry.Hash != mine.Hash || s.Heads[0].Entry.ModifiedBy != r.me {
		t.Errorf("n: %+v", s.Heads)
	}
	if s := r.state("new"); len(s.Heads) != 1 || !s.Heads[0].Entry.Deleted {
		t.Errorf("new: %+v", s.Heads)
	}
	e, err := r.store.Local(t.Context(), "n")
	if err != nil || len(e.Entry.Blocks) != 1 {
		t.Errorf("the version set over the others has no blocks: %+v, %v", e, err)
	}
	if !r.engine.Snapshot().Resting {
		t.Error("not at rest")
	}
}

func TestOverrideIsForSendOnlyFolders(t *testing.T) {
	r := started(t, nil)
	r.have(directory("d", r0, c(r0, 1)))
	r.step(Override{})
	r.step(Revert{})
	if s := r.state("d"); s.Local.Entry.ModifiedBy != r0 {
		t.Fatalf("recorded %+v", s.Local.Entry)
	}
}

func TestRevertTakesBackWhatWasChangedHere(t *testing.T) {
	r := started(t, func(o *Options) { o.Direction = plan.ReceiveOnly })
	r.step(PeerUp{Device: alice})
	theirs := file("n", "theirs", byAlice, c(byAlice, 2))
	r.have(theirs)
	r.announce(alice, theirs)
	r.step(Changed{Scopes: []Scope{{Recursive: true}}})
	sc := one[Scan](r)
	r.step(Scanned{ID: sc.ID, Seen: []plan.Observation{
		{Name: "n", Base: theirs.Version, Entry: file("n", "mine", 0)},
		{Name: "extra", Entry: file("extra", "x", 0)},
	}})
	r.step(ScanDone{ID: sc.ID})
	none[Fetch](r, "taken back unasked")
	r.out = nil
	r.step(Revert{})
	r.fetched(one[Fetch](r))
	ops := map[string]plan.Op{}
	for places := all[Place](r); len(places) > 0; places = all[Place](r) {
		for i := range places[0].Actions {
			ops[places[0].Actions[i].Name] = places[0].Actions[i].Op
		}
		r.placed(places[0])
	}
	if ops["n"] != plan.Replace || ops["extra"] != plan.Delete || len(ops) != 2 {
		t.Fatalf("placed %v", ops)
	}
	if s := r.state("n"); s.Local.Entry.Hash != theirs.Hash || s.Local.Flags&index.ReceiveOnlyChanged != 0 {
		t.Errorf("n: %+v", s.Local)
	}
	if s := r.state("extra"); !s.Local.Entry.Deleted {
		t.Errorf("extra: %+v", s.Local)
	}
}
