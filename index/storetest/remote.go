package storetest

import (
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

func testAnnouncement(f *fixture) {
	a, b := file("a", v(1, 0), "one"), file("a", v(0, 1), "two")
	f.announce(alice, a, b, a)
	f.heads("a", index.DirtyLive, "1,0 A", "0,1 a")
	f.announce(alice, b)
	f.heads("a", index.DirtyLive, "0,1 A")
	// The same again changes nothing; the last of several counts.
	f.must(f.s.RecordRemote(f.ctx, alice, []index.Update{
		{Sequence: 5, Heads: []index.Entry{a}},
		{Sequence: 9, Heads: []index.Entry{b}},
		{Sequence: 7, Heads: []index.Entry{file("b", v(1, 0), "x")}},
	}))
	f.heads("a", index.DirtyLive, "0,1 A")
	f.heads("b", index.DirtyLive, "1,0 A")
	r, err := f.s.Remote(f.ctx, alice)
	f.must(err)
	equal(f, "remote", r, index.RemoteIndex{Sequence: 9})
	// An update without heads notes how far the device is known.
	f.must(f.s.RecordRemote(f.ctx, alice, []index.Update{{Sequence: 12}}))
	r, err = f.s.Remote(f.ctx, alice)
	f.must(err)
	equal(f, "remote", r, index.RemoteIndex{Sequence: 12})
	// A version others announce too stays when one takes it back.
	f.announce(bob, b)
	f.announce(alice, file("a", v(0, 2), "three"))
	f.announce(bob, file("a", v(0, 1), "two"))
	f.heads("a", index.DirtyLive, "0,2 A")
	f.announce(alice, b)
	f.heads("a", index.DirtyLive, "0,1 AB")
}

func testReset(f *fixture) {
	f.must(f.s.ResetRemote(f.ctx, alice, 77))
	f.announce(alice, file("a", v(0, 1), "one"))
	f.announce(alice, file("b", v(0, 1), "one"))
	f.announce(bob, file("a", v(0, 1), "one"))
	f.hold(file("c", v(1, 0), "mine"))
	f.announce(alice, file("c", v(1, 1), "theirs"))
	_, err := f.s.JoinRecords(f.ctx, alice, []index.Record{{Kind: "k", Key: "1", Version: v(0, 1), Sequence: 4}})
	f.must(err)
	f.heads("c", index.DirtyLive, "1,1 A")
	r, err := f.s.Remote(f.ctx, alice)
	f.must(err)
	equal(f, "remote", r, index.RemoteIndex{Index: 77, Sequence: 3})

	f.must(f.s.ResetRemote(f.ctx, alice, 88))
	f.heads("a", index.DirtyLive, "0,1 B")
	f.unknown("b")
	f.heads("c", index.Clean, "1,0 o")
	r, err = f.s.Remote(f.ctx, alice)
	f.must(err)
	equal(f, "remote", r, index.RemoteIndex{Index: 88})
	records, err := f.s.RemoteRecords(f.ctx, alice)
	f.must(err)
	equal(f, "records known of the device", records, 0)
	equal(f, "counts", f.counts(), index.Counts{Files: 1, Bytes: 4, NeedFiles: 1, NeedBytes: 3})
	f.remotes(alice, bob)
	f.must(f.s.ResetRemote(f.ctx, alice, 0))
	r, err = f.s.Remote(f.ctx, alice)
	f.must(err)
	equal(f, "remote", r, index.RemoteIndex{})
	f.remotes(bob)
}

func (f *fixture) remotes(want ...device.ID) {
	f.Helper()
	got, err := f.s.Remotes(f.ctx)
	f.must(err)
	if !slices.Equal(got, want) {
		f.Fatalf("devices known = %v; want %v", got, want)
	}
}

func testHolders(f *fixture) {
	e := file("a", v(0, 1), "one", "two")
	f.announce(alice, e)
	f.announce(carol, file("elsewhere", v(0, 1), "one", "two"))
	f.announce(bob, deleted(e, v(0, 2)))
	f.hold(file("mine", v(1, 0), "one", "two"))
	holders, err := f.s.Holders(f.ctx, e.Hash)
	f.must(err)
	if len(holders) != 2 || holders[0] != alice || holders[1] != carol {
		f.Fatalf("holders = %v", holders)
	}
	holders, err = f.s.Holders(f.ctx, index.Hash{9})
	f.must(err)
	equal(f, "holders of the unknown", len(holders), 0)
}

func testCounts(f *fixture) {
	dir, big := directory("d", v(1, 0)), file("d/big", v(1, 0), "1234567890")
	link := index.Entry{Name: "d/link", Type: index.Symlink, Target: "big", Version: v(1, 0), ModifiedBy: ours}
	f.hold(dir, big, link, file("gone", v(1, 0), "x"))
	f.commit(index.Change{Base: v(1, 0), Entry: deleted(file("gone", v(1, 0), "x"), v(2, 0))})
	want := index.Counts{Files: 1, Directories: 1, Symlinks: 1, Tombstones: 1, Bytes: 10}
	equal(f, "counts", f.counts(), want)

	f.announce(alice, file("d/big", v(0, 1), "123"))
	f.announce(bob, file("new", v(0, 1), "12345"))
	want.NeedFiles, want.NeedBytes, want.Conflicts = 2, 15, 1
	equal(f, "counts", f.counts(), want)
	f.must(f.s.Settle(f.ctx, []index.Settled{{Name: "d/big", Heads: []index.Version{v(1, 0), v(0, 1)}}}))
	want.NeedFiles, want.NeedBytes = 1, 5
	equal(f, "counts", f.counts(), want)

	f.commit(index.Change{Base: v(1, 0), Entry: big, Flags: index.ReceiveOnlyChanged})
	f.commit(index.Change{Entry: file("new", v(0, 1), "12345"), Flags: index.Unsupported, Quiet: true})
	want.NeedFiles, want.NeedBytes, want.ReceiveOnlyChanged = 1, 10, 1 // d/big was not settled by that commit
	equal(f, "counts", f.counts(), want)
}

func testBehind(f *fixture) {
	behind := func(d device.ID, files, bytes int64) {
		f.Helper()
		n, b, err := f.s.Behind(f.ctx, d)
		f.must(err)
		equal(f, "behind", [2]int64{n, b}, [2]int64{files, bytes})
	}
	one, two := file("1", v(1, 0), "one"), file("2", v(1, 0), "four")
	gone := deleted(file("3", v(1, 0), "x"), v(2, 0))
	f.hold(one, two, gone)
	behind(alice, 2, 7) // not the tombstone: there is nothing to delete
	f.announce(alice, one)
	behind(alice, 1, 4)
	behind(bob, 2, 7)
	f.announce(alice, file("3", v(1, 0), "x"))
	behind(alice, 2, 4)
	f.announce(alice, gone)
	behind(alice, 1, 4)
	f.announce(alice, file("2", v(1, 1), "later"))
	behind(alice, 0, 0) // it is we who need that
	f.announce(bob, file("2", v(0, 1), "else"), two)
	behind(bob, 2, 7) // it has ours, but not at the path
	f.commit(index.Change{Base: v(1, 0), Entry: file("2", v(3, 3), "newest")})
	behind(alice, 1, 6)
	f.must(f.s.ResetRemote(f.ctx, alice, 5))
	behind(alice, 2, 9)
}
