package storetest

import (
	"github.com/labsync/labsync/index"
)

func testEmpty(f *fixture) {
	f.unknown("a")
	held, err := f.s.Local(f.ctx, "a")
	f.must(err)
	equal(f, "local", held, nil)
	equal(f, "counts", f.counts(), index.Counts{})
	f.updates()
	id, err := f.s.Identity(f.ctx)
	f.must(err)
	if id.Replica == 0 || id.Index == 0 || id.Sequence != 0 {
		f.Fatalf("identity = %+v", id)
	}
	r, err := f.s.Remote(f.ctx, alice)
	f.must(err)
	equal(f, "remote", r, index.RemoteIndex{})
	files, bytes, err := f.s.Behind(f.ctx, alice)
	f.must(err)
	equal(f, "behind", [2]int64{files, bytes}, [2]int64{})
}

func testCommit(f *fixture) {
	e := file("a", v(1, 0), "one", "two")
	f.commit(index.Change{Entry: e, Disk: index.Disk{Size: 6, Inode: 7}})
	f.heads("a", index.Clean, "1,0 o")
	f.updates("a 1,0")
	held, err := f.s.Local(f.ctx, "a")
	f.must(err)
	if held.Disk.Inode != 7 || len(held.Entry.Blocks) != 2 || held.Entry.Blocks[1] != e.Blocks[1] {
		f.Fatalf("held = %+v", held)
	}
	if s := f.state("a"); s.Local.Entry.Blocks != nil || s.Heads[0].Entry.Blocks != nil {
		f.Fatal("a state has block lists")
	}
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(2, 0), "three")})
	f.heads("a", index.Clean, "2,0 o")
	f.updates("a 2,0")
	equal(f, "sequence", f.sequence(), 2)
}

func testStale(f *fixture) {
	f.hold(file("a", v(1, 0), "one"))
	for _, base := range []index.Version{nil, v(2, 0), v(0, 1)} {
		stale, err := f.s.Commit(f.ctx, []index.Change{
			{Base: base, Entry: file("a", v(3, 0), "two"), Derived: []index.Entry{file("b", v(3, 0), "two")}},
			{Entry: directory("d", v(1, 0))},
		}, false)
		f.must(err)
		if len(stale) == 0 || stale[0] != 0 {
			f.Fatalf("base %v: stale = %v", base, stale)
		}
	}
	f.heads("a", index.Clean, "1,0 o")
	f.unknown("b")
	f.updates("a 1,0", "d 1,0")
	// Within a batch, a change sees those before it.
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(2, 0), "two")}, index.Change{Base: v(2, 0), Entry: file("a", v(3, 0), "three")})
	f.updates("d 1,0", "a 3,0")
}

func testTouch(f *fixture) {
	e := file("a", v(1, 0), "one")
	f.hold(e)
	f.commit(index.Change{Base: v(1, 0), Entry: e, Disk: index.Disk{Mtime: 5, Seen: 9}, Flags: index.MustRescan})
	equal(f, "sequence", f.sequence(), 1)
	s := f.state("a")
	equal(f, "disk", s.Local.Disk, index.Disk{Mtime: 5, Seen: 9})
	equal(f, "flags", s.Local.Flags, index.MustRescan)
	// A head that is announced along with it does change the announcement.
	f.announce(alice, file("a", v(0, 1), "other"))
	f.commit(index.Change{Base: v(1, 0), Entry: e, Heads: []index.Version{v(0, 1)}})
	equal(f, "sequence", f.sequence(), 2)
	f.updates("a 1,0 0,1")
}

func testTombstone(f *fixture) {
	e := file("a", v(1, 0), "one")
	f.hold(e)
	f.commit(index.Change{Base: v(1, 0), Entry: deleted(e, v(2, 0)), Disk: index.Disk{Inode: 3}})
	f.heads("a", index.Clean, "2,0 o")
	s := f.state("a")
	equal(f, "disk", s.Local.Disk, index.Disk{})
	equal(f, "last content", s.Local.Entry.Hash, e.Hash)
	locals, err := f.s.Locals(f.ctx, "", "", 10)
	f.must(err)
	equal(f, "locals", len(locals), 0)
}

func testQuiet(f *fixture) {
	f.announce(alice, file("a", v(0, 1), "theirs"))
	f.commit(index.Change{Entry: file("a", v(1, 1), "mine"), Flags: index.ReceiveOnlyChanged, Quiet: true, Heads: []index.Version{v(0, 1)}})
	f.heads("a", index.Clean, "0,1 A")
	f.updates()
	equal(f, "sequence", f.sequence(), 0)
	if e, err := f.s.Head(f.ctx, "a", v(1, 1)); err != nil || e.Size != 4 {
		f.Fatalf("the quiet version = %+v, %v", e, err)
	}
	// What was announced before stays announced.
	f.hold(file("b", v(1, 0), "one"))
	f.commit(index.Change{Base: v(1, 0), Entry: file("b", v(2, 0), "two"), Quiet: true, Heads: []index.Version{v(1, 0)}})
	f.heads("b", index.Clean, "1,0 o")
	f.updates("b 1,0")
	// And once it is not quiet any more it is an ordinary version.
	f.commit(index.Change{Base: v(2, 0), Entry: file("b", v(2, 0), "two")})
	f.heads("b", index.Clean, "2,0 o")
	f.updates("b 2,0")
}

func testPlace(f *fixture) {
	f.hold(file("a", v(1, 0), "one"))
	next := file("a", v(1, 1), "two", "more")
	f.announce(alice, next)
	f.heads("a", index.DirtyLive, "1,1 A")
	e, err := f.s.Head(f.ctx, "a", v(1, 1))
	f.must(err)
	equal(f, "blocks of the head", len(e.Blocks), 2)
	f.commit(index.Change{Base: v(1, 0), Entry: e, Heads: []index.Version{v(1, 1)}})
	f.heads("a", index.Clean, "1,1 Ao")
	f.updates("a 1,1")
	if _, err := f.s.Head(f.ctx, "a", v(1, 0)); err == nil {
		f.Fatal("the replaced version is still known")
	}
}

func testConcurrent(f *fixture) {
	f.hold(file("a", v(1, 0), "mine"))
	f.announce(alice, file("a", v(0, 1), "theirs"))
	f.heads("a", index.DirtyLive, "1,0 o", "0,1 A")
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(0, 1), "theirs"), Heads: []index.Version{v(1, 0), v(0, 1)}})
	f.heads("a", index.Clean, "1,0 o", "0,1 Ao")
	f.updates("a 0,1 1,0")
	// A resolution takes the place of both.
	f.announce(bob, file("a", v(2, 1), "both"))
	f.heads("a", index.DirtyLive, "2,1 B")
	f.commit(index.Change{Base: v(0, 1), Entry: file("a", v(2, 1), "both")})
	f.heads("a", index.Clean, "2,1 Bo")
	f.updates("a 2,1")
}

func testLost(f *fixture) {
	f.hold(file("a", v(1, 0), "mine"), file("b", v(1, 0), "mine"))
	f.announce(alice, file("a", v(1, 0), "mine"))
	mine := []index.Version{v(1, 0)}
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(0, 1), "torn"), Lost: mine}, index.Change{Base: v(1, 0), Entry: file("b", v(0, 1), "torn"), Lost: mine})
	f.heads("a", index.DirtyLive, "1,0 A", "0,1 o")
	f.heads("b", index.Clean, "0,1 o")
	f.updates("a 0,1", "b 0,1")
}

// A head that is withdrawn hides its ancestors no longer once nobody announces it.
func testWithdrawn(f *fixture) {
	mine, lost := file("a", v(1, 0), "mine"), file("a", v(0, 2), "lost")
	f.hold(mine)
	f.announce(alice, lost)
	f.commit(index.Change{Base: v(1, 0), Entry: mine, Heads: []index.Version{v(0, 2)}})
	f.announce(bob, file("a", v(0, 1), "shown"))
	f.updates("a 1,0 0,2")
	withdraw := index.Change{Base: v(1, 0), Entry: mine, Disk: index.Disk{Inode: 7}, Lost: []index.Version{v(0, 2), v(1, 0)}}
	f.commit(withdraw)
	f.heads("a", index.DirtyLive, "1,0 o", "0,2 A")
	f.updates("a 1,0")
	equal(f, "sequence", f.sequence(), 3)
	f.announce(alice, mine)
	f.heads("a", index.DirtyLive, "1,0 Ao", "0,1 B")
	// There is nothing to withdraw any more, and nothing to announce.
	f.commit(withdraw)
	equal(f, "sequence", f.sequence(), 3)
}

func testHidden(f *fixture) {
	mine := file("a", v(1, 0), "mine")
	f.hold(mine)
	f.hidden("a")
	f.announce(alice, file("a", v(1, 1), "next"))
	f.hidden("a", "1,0 o")
	f.announce(bob, mine)
	f.announce(carol, file("a", v(2, 1), "last"))
	f.heads("a", index.DirtyLive, "2,1 C")
	f.hidden("a", "1,0 Bo", "1,1 A")
	f.announce(alice, file("a", v(2, 1), "last"))
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(2, 1), "last")})
	f.hidden("a", "1,0 B")
	f.announce(bob, file("a", v(0, 9), "other"), mine)
	f.hidden("a") // put aside
}

func testMissing(f *fixture) {
	mine, lost, shown := file("a", v(1, 0), "mine"), file("a", v(0, 2), "lost"), file("a", v(0, 1), "shown")
	f.hold(mine)
	f.announce(alice, mine, lost)
	f.announce(bob, shown)
	f.hidden("a", "0,1 B")
	note := index.Change{Base: v(1, 0), Entry: mine, Heads: []index.Version{v(0, 1)}, Missing: []index.Version{v(0, 2)}}
	f.commit(note)
	f.hidden("a", "0,1 Bo")
	f.heads("a", index.DirtyLive, "1,0 Ao", "0,2 a")
	f.updates("a 1,0 0,1")
	states, err := f.s.States(f.ctx, []string{"a"}, true)
	if err != nil || len(states[0].Hidden) != 1 || len(states[0].Hidden[0].Entry.Blocks) == 0 {
		f.Fatalf("hidden with blocks is %+v, %v", states, err)
	}
	f.commit(note) // once is enough
	equal(f, "sequence", f.sequence(), 2)
}

func testUnconsidered(f *fixture) {
	f.hold(file("a", v(1, 0), "one"))
	f.announce(alice, file("a", v(0, 1), "theirs"))
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(2, 0), "two")})
	f.heads("a", index.DirtyLive, "2,0 o", "0,1 A")
	f.updates("a 2,0")
}

func testTwins(f *fixture) {
	f.announce(alice, file("a", v(0, 1), "one"))
	f.announce(bob, file("a", v(0, 1), "two"))
	f.heads("a", index.DirtyLive, "0,1 A", "0,1 B")
	f.announce(carol, file("a", v(0, 1), "two"))
	f.heads("a", index.DirtyLive, "0,1 A", "0,1 BC")
	f.commit(index.Change{Entry: file("a", v(0, 1), "two"), Heads: []index.Version{v(0, 1)}})
	f.heads("a", index.Clean, "0,1 Ao", "0,1 BCo")
	f.updates("a 0,1 0,1")
}

func testSettle(f *fixture) {
	f.hold(file("a", v(1, 0), "mine"))
	f.announce(alice, file("a", v(0, 1), "theirs"))
	settle := func(heads ...index.Version) {
		f.must(f.s.Settle(f.ctx, []index.Settled{{Name: "a", Heads: heads}, {Name: "unknown", Heads: heads}}))
	}
	settle(v(1, 0))
	f.heads("a", index.DirtyLive, "1,0 o", "0,1 A")
	settle(v(1, 0), v(0, 1))
	f.heads("a", index.Clean, "1,0 o", "0,1 A")
	f.unknown("unknown")
	// Another device with the same heads changes nothing.
	f.announce(bob, file("a", v(0, 1), "theirs"))
	f.heads("a", index.Clean, "1,0 o", "0,1 AB")
	f.must(f.s.Unsettle(f.ctx, "b"))
	f.heads("a", index.Clean, "1,0 o", "0,1 AB")
	f.must(f.s.Unsettle(f.ctx, "a"))
	f.heads("a", index.DirtyLive, "1,0 o", "0,1 AB")
	settle(v(1, 0), v(0, 1))
	f.must(f.s.Unsettle(f.ctx, ""))
	f.heads("a", index.DirtyLive, "1,0 o", "0,1 AB")
	settle(v(1, 0), v(0, 1))
	f.announce(alice, file("a", v(0, 2), "later"))
	f.heads("a", index.DirtyLive, "1,0 o", "0,2 A")
}

func testDerived(f *fixture) {
	loser := file("a (conflict)", v(0, 1), "theirs", "two")
	f.commit(index.Change{Entry: file("a", v(1, 0), "mine"), Derived: []index.Entry{loser}})
	f.heads("a (conflict)", index.DirtyLive, "0,1 ")
	e, err := f.s.Head(f.ctx, "a (conflict)", v(0, 1))
	f.must(err)
	equal(f, "blocks", len(e.Blocks), 2)
	f.commit(index.Change{Entry: e})
	f.heads("a (conflict)", index.Clean, "0,1 o")
	f.updates("a 1,0", "a (conflict) 0,1")
	// One that comes too late is not recorded, one that is dominated goes.
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(2, 0), "mine"), Derived: []index.Entry{file("b", v(0, 1), "x")}})
	f.announce(alice, file("b", v(1, 1), "y"))
	f.heads("b", index.DirtyLive, "1,1 A")
	f.commit(index.Change{Base: v(2, 0), Entry: file("a", v(3, 0), "mine"), Derived: []index.Entry{file("b", v(0, 1), "x")}})
	f.heads("b", index.DirtyLive, "1,1 A")
	f.announce(alice, file("b", v(1, 1), "y"))
	f.must(f.s.ResetRemote(f.ctx, alice, 0))
	f.unknown("b")
}
