package storetest

import (
	"github.com/labsync/labsync/index"
)

// testFork lets a store go on from an older copy of itself: what others announce
// stays as it is.
func testFork(f *fixture) {
	before, err := f.s.Identity(f.ctx)
	f.must(err)
	old := before.Replica
	own := func(n uint64) index.Version { return index.Version{{Replica: old, Value: n}} }
	made := func(name, text string, v index.Version) index.Entry {
		e := file(name, v, text)
		e.ModifiedBy = old
		return e
	}
	base, known := made("edited", "one", own(10)), made("known", "one", own(10))
	f.hold(base)
	f.announce(alice, base, base)
	before, err = f.s.Identity(f.ctx)
	f.must(err)

	edited, touched := made("edited", "two", own(60)), made("known", "one", own(70))
	edited.Parent, touched.ContentVersion, touched.Mtime = own(50), own(10), 7
	f.commit(index.Change{Base: base.Version, Entry: edited})
	f.hold(made("new", "y", own(61)))
	f.hold(known)
	f.announce(alice, known)
	f.commit(index.Change{Base: known.Version, Entry: touched})
	f.hold(made("shared", "z", own(62)))
	f.announce(bob, made("shared", "z", own(62)))
	quiet := made("quiet", "q", own(63))
	f.commit(index.Change{Entry: quiet, Flags: index.ReceiveOnlyChanged, Quiet: true})

	after, err := f.s.Fork(f.ctx)
	f.must(err)
	if after.Replica == old || after.Index == before.Index || after.Sequence < before.Sequence {
		f.Fatalf("forked %+v to %+v", before, after)
	}
	held := func(name string) index.Entry {
		h, err := f.s.Local(f.ctx, name)
		f.must(err)
		if h == nil {
			f.Fatalf("%s is held no more", name)
		}
		return h.Entry
	}
	both := func(a, b uint64) index.Version {
		return own(a).Merge(index.Version{{Replica: after.Replica, Value: b}})
	}
	heir := func(n uint64) index.Version { return index.Version{{Replica: after.Replica, Value: n}} }
	for _, want := range []struct {
		name            string
		version, parent index.Version
	}{
		{"edited", both(10, 60), own(10)},
		{"new", heir(61), nil},
		{"known", both(10, 70), own(10)},
		{"shared", own(62), nil},
		{"quiet", heir(63), nil},
	} {
		e := held(want.name)
		if e.Version.Compare(want.version) != index.Equal || e.Parent.Compare(want.parent) != index.Equal {
			f.Errorf("%s has version %v and parent %v, want %v and %v", want.name, e.Version, e.Parent, want.version, want.parent)
		}
		if by := want.version[0].Replica; len(want.version) == 1 && e.ModifiedBy != by {
			f.Errorf("%s is by %v, want %v", want.name, e.ModifiedBy, by)
		}
		if len(e.Blocks) == 0 {
			f.Errorf("%s has lost its blocks", want.name)
		}
	}
	if e := held("known"); e.ContentVersion.Compare(own(10)) != index.Equal {
		f.Errorf("the content of what was only touched came to be in %v", e.ContentVersion)
	}
	if e := held("new"); !e.Baseless() {
		f.Errorf("what is new is no baseless entry: %+v", e)
	}
}

func testLeap(f *fixture) {
	f.hold(file("a", v(1, 0), "one"))
	before, err := f.s.Identity(f.ctx)
	f.must(err)
	leapt, err := f.s.Leap(f.ctx)
	f.must(err)
	after, err := f.s.Identity(f.ctx)
	f.must(err)
	equal(f, "identity", after, leapt)
	if after.Replica != before.Replica || after.Index != before.Index || after.Sequence-before.Sequence < 1<<28 {
		f.Fatalf("leapt from %+v to %+v", before, after)
	}
	f.hold(file("b", v(1, 0), "two"))
	f.updates("a 1,0", "b 1,0")
	if again, err := f.s.Identity(f.ctx); err != nil || again.Sequence != after.Sequence+1 {
		f.Fatalf("went on to %+v, %v", again, err)
	}
}

func testUntaken(f *fixture) {
	want := func(n int64) {
		f.Helper()
		got, err := f.s.Untaken(f.ctx)
		f.must(err)
		equal(f, "names not taken", got, n)
	}
	held := file("a", v(1, 0), "one")
	f.hold(held)
	f.announce(alice, file("a", v(1, 1), "two"))
	f.announce(alice, file("b", v(0, 1), "x"))
	want(0) // they wait for a plan
	f.must(f.s.Settle(f.ctx, []index.Settled{{Name: "a", Heads: []index.Version{v(1, 1)}}, {Name: "b", Heads: []index.Version{v(0, 1)}}}))
	want(2)
	f.commit(index.Change{Base: held.Version, Entry: file("a", v(2, 1), "one"), Heads: []index.Version{v(1, 1)}})
	want(1)
	f.must(f.s.Unsettle(f.ctx, ""))
	want(0)
}
