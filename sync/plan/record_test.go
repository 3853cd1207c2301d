package plan

import (
	"crypto/sha256"
	"testing"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
)

var me = Author{Replica: 1, Now: 1000}

func TestRecord(t *testing.T) {
	held := file("one", 2, c(2, 50))
	touch := file("one", 0)
	touch.Mtime = 77
	other := file("other", 0)
	buried := gone(held, 1, c(1, 60), c(2, 50))
	shadow := me.Replica.Shadow()
	short, zeros := file("", 0), file("one", 0)
	zeros.Blocks = []index.Block{{Size: int32(zeros.Size), Hash: sha256.Sum256(make([]byte, zeros.Size))}}
	zeros.Hash = index.HashBlocks(zeros.Blocks)
	private := directory(0)
	private.Mode = 0o700
	lost := gone(held, 1, c(shadow, 5001))
	ahead := func(e index.Entry) *index.Entry { // as its author's clock was when this device made it
		e.Version, e.ModifiedBy = index.Version{c(1, 5000), c(2, 50)}, 1
		return &e
	}
	tests := []struct {
		name      string
		state     index.State
		seen      Observation
		direction Direction
		ok        bool
		version   index.Version
		check     func(t *testing.T, c *index.Change)
	}{
		{
			"a new file has no past", state(nil, 0), Observation{Entry: other}, SendReceive, true,
			index.Version{c(1, 1000)}, func(t *testing.T, ch *index.Change) { want(t, ch.Entry.Baseless(), "baseless") },
		},
		{
			"an edit descends from what was held", state(&held, 0, held), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Entry.Parent.Compare(held.Version) == index.Equal, "a parent")
				want(t, ch.Entry.ContentVersion == nil, "content of its own")
			},
		},
		{
			"other times keep the content's version", state(&held, 0, held), Observation{Base: held.Version, Entry: touch}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Entry.ContentVersion.Compare(held.Version) == index.Equal, "the content's version")
			},
		},
		{
			"what the index says already is no version", state(&held, 0, held), Observation{Base: held.Version, Entry: file("one", 0)}, SendReceive, true,
			held.Version, nil,
		},
		{
			"a removal leaves a tombstone", state(&held, 0, held), Observation{Base: held.Version, Removed: true}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Entry.Deleted && ch.Entry.Hash == held.Hash && ch.Entry.Size == 0, "a tombstone with the last content")
			},
		},
		{"the removal of nothing is nothing", state(nil, 0), Observation{Removed: true}, SendReceive, false, nil, nil},
		{
			"an own counter seen in another head is exceeded", state(&held, 0, held, file("x", 1, c(1, 5000))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 5001), c(2, 50)}, nil,
		},
		{
			"a head made here that the edit knows nothing of is kept as a sibling", state(&held, 0, held, file("x", 1, c(1, 900))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) {
				want(t, len(ch.Derived) == 1 && ch.Derived[0].Hash == file("x", 0).Hash && ch.Derived[0].Name != "one", "a sibling")
			},
		},
		{
			"a deletion keeps it, too", state(&held, 0, held, file("x", 1, c(1, 900))), Observation{Base: held.Version, Removed: true}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) { want(t, len(ch.Derived) == 1, "a sibling") },
		},
		{
			"a head made here that knows more than the edit will be swallowed some day, so it is at once", state(&held, 0, held, file("x", 1, c(1, 900), c(3, 7))), Observation{Base: held.Version, Removed: true}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50), c(3, 7)}, func(t *testing.T, ch *index.Change) { want(t, len(ch.Derived) == 1, "a sibling") },
		},
		{
			"a directory that is to be placed with its own permissions is none made here", state(nil, 0, directory(2, c(2, 50))), Observation{Entry: private}, SendReceive, false, nil, nil,
		},
		{
			"a directory made for what is in it ranks below all others", state(nil, 0), Observation{Entry: private, Implied: true}, SendReceive, true,
			index.Version{c(shadow, 1000)}, func(t *testing.T, ch *index.Change) {
				theirs := directory(2, c(2, 50))
				want(t, conflict.Resolve([]index.Entry{ch.Entry, theirs}).Winner.Version.Compare(theirs.Version) == index.Equal, "that other devices' permissions win")
			},
		},
		{
			"in a send-only folder it is", state(nil, 0, directory(2, c(2, 50))), Observation{Entry: private}, SendOnly, true, index.Version{c(1, 1000)}, nil,
		},
		{
			"a head made elsewhere of one made here stays one", state(&held, 0, held, file("x", 3, c(1, 900), c(3, 7))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) { want(t, ch.Derived == nil, "no sibling") },
		},
		{
			"a head made elsewhere stays one", state(&held, 0, held, file("x", 3, c(3, 900))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) { want(t, ch.Derived == nil, "no sibling") },
		},
		{
			"a change in a receive-only folder is kept quiet", state(&held, 0, held), Observation{Base: held.Version, Entry: other}, ReceiveOnly, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Quiet && ch.Flags&index.ReceiveOnlyChanged != 0, "quiet")
			},
		},
		{
			"what another device did already is its version", state(&held, 0, file("other", 3, c(2, 50), c(3, 70))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(2, 50), c(3, 70)}, nil,
		},
		{
			"so is a deletion", state(&held, 0, gone(held, 3, c(2, 50), c(3, 70))), Observation{Base: held.Version, Removed: true}, SendReceive, true,
			index.Version{c(2, 50), c(3, 70)}, nil,
		},
		{
			"the same bytes made beside a version not known are one's own", state(&held, 0, file("other", 3, c(3, 70))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, nil,
		},
		{
			"what was placed over a deletion made here is no version", state(&buried, 0, file("other", 3, c(3, 70)), buried), Observation{Base: buried.Version, Entry: other}, SendReceive, true,
			index.Version{c(3, 70)}, func(t *testing.T, ch *index.Change) {
				want(t, len(ch.Heads) == 2 && ch.Heads[1].Compare(buried.Version) == index.Equal, "the deletion announced still")
			},
		},
		{
			"a file that a loss of power has cut is a head beside the one recorded", state(&held, index.Suspect, held), Observation{Base: held.Version, Entry: short}, SendReceive, true,
			index.Version{c(shadow, 1000)}, func(t *testing.T, ch *index.Change) {
				want(t, len(ch.Lost) == 1 && ch.Lost[0].Compare(held.Version) == index.Equal && ch.Entry.Clock() == 0 && ch.Entry.Parent == nil, "a version that ranks last and has no past")
			},
		},
		{
			"it is dated after what it stands beside, though the clock was set back", state(ahead(held), index.Suspect, *ahead(held)), Observation{Base: ahead(held).Version, Entry: short}, SendReceive, true,
			index.Version{c(shadow, 5001)}, nil,
		},
		{
			"and what is made after it after both, though nobody knows of the one that was lost", state(&lost, 0), Observation{Base: lost.Version, Entry: other}, SendReceive, true,
			index.Version{c(1, 5002), c(shadow, 5001)}, nil,
		},
		{
			"so is one filled with zeros", state(&held, index.Suspect, held), Observation{Base: held.Version, Entry: zeros, Disk: index.Disk{Mtime: 9}}, SendReceive, true,
			index.Version{c(shadow, 1000)}, nil,
		},
		{
			"and one that is another under old times", state(&held, index.Suspect, held, file("x", 1, c(shadow, 4000))), Observation{Base: held.Version, Entry: other}, SendReceive, true,
			index.Version{c(shadow, 4001)}, nil,
		},
		{
			"a name that a loss of power has taken away is no deletion", state(&held, index.Suspect, held), Observation{Base: held.Version, Removed: true}, SendReceive, true,
			index.Version{c(shadow, 1000)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Entry.Deleted && ch.Entry.Hash == index.Hash{}, "a tombstone that applies to no content")
			},
		},
		{
			"but it is one if the file was found under another name", state(&held, index.Suspect, held), Observation{Base: held.Version, Removed: true, Moved: true}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Entry.Deleted && ch.Entry.Hash == held.Hash && ch.Lost == nil, "a deletion of what was held")
			},
		},
		{
			"a receive-only device takes again what was lost", state(&held, index.Suspect, held), Observation{Base: held.Version, Entry: short}, ReceiveOnly, true,
			index.Version{c(shadow, 1000)}, func(t *testing.T, ch *index.Change) {
				want(t, ch.Quiet && ch.Lost == nil && ch.Flags&index.ReceiveOnlyChanged == 0, "quiet, and no change of this device")
			},
		},
		{
			"an edit since then is one", state(&held, index.Suspect, held), Observation{Base: held.Version, Entry: other, Disk: index.Disk{Mtime: 9}}, SendReceive, true,
			index.Version{c(1, 1000), c(2, 50)}, nil,
		},
		{
			"what others have anyway is no change in a receive-only folder", state(nil, 0, held), Observation{Entry: file("one", 0)}, ReceiveOnly, true,
			held.Version, func(t *testing.T, ch *index.Change) { want(t, !ch.Quiet, "announced") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.seen.Name = "n"
			if !tt.seen.Compared(&tt.state) {
				t.Fatal("the observation was compared with another version")
			}
			got, ok := Record(&tt.state, &tt.seen, me, tt.direction, Limits{})
			if ok != tt.ok {
				t.Fatalf("recorded: %v, want %v", ok, tt.ok)
			}
			if ok && got.Entry.Version.Compare(tt.version) != index.Equal {
				t.Fatalf("version %v, want %v", got.Entry.Version, tt.version)
			}
			if tt.check != nil {
				tt.check(t, &got)
			}
		})
	}
}

// What was placed over a deletion is found again with the attributes that the
// file system has made of it, and a loss of power may have come before it was
// recorded.
func TestAFileSystemThatKeepsLessMakesNoVersion(t *testing.T) {
	held := gone(file("one", 2, c(2, 50)), 2, c(2, 60))
	head := file("other", 3, c(3, 70))
	head.Mtime, head.Mode = 5_700_000_000, 0o755
	for _, tt := range []struct {
		name   string
		limits Limits
		mtime  int64
		mode   uint32
		same   bool
	}{
		{"everything kept", Limits{}, 5_700_000_000, 0o755, true},
		{"times in steps", Limits{TimeStep: 2e9}, 4_000_000_000, 0o755, true},
		{"times beyond a step", Limits{TimeStep: 2e9}, 8_000_000_000, 0o755, false},
		{"no modes", Limits{NoModes: true}, 5_700_000_000, 0o644, true},
		{"other times", Limits{}, 4_000_000_000, 0o755, false},
		{"another mode", Limits{}, 5_700_000_000, 0o644, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			seen := head
			seen.Mtime, seen.Mode, seen.Version, seen.ModifiedBy = tt.mtime, tt.mode, nil, 0
			s := state(&held, 0, held, head)
			got, ok := Record(&s, &Observation{Name: "n", Base: held.Version, Entry: seen}, me, SendReceive, tt.limits)
			if same := got.Entry.Version.Compare(head.Version) == index.Equal; !ok || same != tt.same {
				t.Errorf("version %v, that of the head: %v, want %v", got.Entry.Version, same, tt.same)
			}
		})
	}
}

func want(t *testing.T, ok bool, what string) {
	t.Helper()
	if !ok {
		t.Fatalf("want %s", what)
	}
}

func TestReviveDominatesTheDeletion(t *testing.T) {
	dir := directory(2, c(2, 50))
	dead := gone(dir, 3, c(2, 50), c(3, 2000))
	s := state(&dir, 0, dead)
	ch := Revive(&Facts{State: s}, me)
	if ch.Entry.Deleted || ch.Entry.Version.Compare(dead.Version) != index.After || ch.Entry.ModifiedBy != 1 {
		t.Fatalf("revived as %+v", ch.Entry)
	}
}

func TestReviveKeepsTheFileInTheDirectorysPlace(t *testing.T) {
	dir, blocker := directory(2, c(2, 50)), file("x", 3, c(2, 50), c(3, 2000))
	s := state(&dir, 0, blocker)
	ch := Revive(&Facts{State: s}, me)
	if ch.Entry.Type != index.Directory || ch.Entry.Version.Compare(blocker.Version) != index.After {
		t.Fatalf("revived as %+v", ch.Entry)
	}
	if len(ch.Derived) != 1 || ch.Derived[0].Hash != blocker.Hash || ch.Derived[0].Name == blocker.Name {
		t.Fatalf("derived %+v", ch.Derived)
	}
}

func TestOverrideDominatesEveryHead(t *testing.T) {
	held, other := file("one", 1, c(1, 10)), file("two", 2, c(2, 20))
	s := state(&held, 0, held, other)
	ch := Override(&s, me)
	for _, v := range s.Versions() {
		if ch.Entry.Version.Compare(v) != index.After {
			t.Fatalf("%v does not dominate %v", ch.Entry.Version, v)
		}
	}
	absent := state(nil, 0, other)
	if ch := Override(&absent, me); !ch.Entry.Deleted {
		t.Fatal("what is not here is not deleted elsewhere")
	}
}

func TestRevert(t *testing.T) {
	base, mine := file("one", 2, c(2, 50)), file("mine", 1, c(1, 60), c(2, 50))
	tests := []struct {
		name  string
		state index.State
		op    Op
	}{
		{"an edit is taken back", state(&mine, index.ReceiveOnlyChanged, base), Replace},
		{"what nobody else has is taken away", state(&mine, index.ReceiveOnlyChanged), Delete},
		{"a deletion is taken back", func() index.State {
			dead := gone(base, 1, c(1, 60), c(2, 50))
			return state(&dead, index.ReceiveOnlyChanged, base)
		}(), Create},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Revert(&Facts{State: tt.state, Direction: ReceiveOnly}, me)
			if a.Op != tt.op || !a.Revert {
				t.Fatalf("decided %v, want %v", a.Op, tt.op)
			}
		})
	}
}
