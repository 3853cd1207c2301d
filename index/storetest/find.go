package storetest

import (
	"crypto/sha256"

	"github.com/labsync/labsync/index"
)

func testFind(f *fixture) {
	alone, pair := file("alone", v(1, 0), "one"), file("pair", v(1, 0), "two", "three")
	f.commit(
		index.Change{Entry: alone, Disk: index.Disk{Inode: 1 << 63, Device: 4}},
		index.Change{Entry: pair, Disk: index.Disk{Inode: 8, Device: 4}},
		index.Change{Entry: file("same", v(1, 0), "two", "three"), Disk: index.Disk{Inode: 9, Device: 4}},
		index.Change{Entry: file("cannot", v(1, 0), "five"), Flags: index.Unsupported, Disk: index.Disk{Inode: 10, Device: 4}},
		index.Change{Entry: file("gone", v(1, 0), "six", "seven"), Disk: index.Disk{Inode: 11, Device: 4}},
	)
	f.commit(index.Change{Base: v(1, 0), Entry: deleted(file("gone", v(1, 0), "six", "seven"), v(2, 0))})
	f.announce(alice, file("theirs", v(0, 1), "four", "eight"))

	inode := func(dev, inode uint64, want string) {
		f.Helper()
		held, err := f.s.ByInode(f.ctx, dev, inode)
		f.must(err)
		got := ""
		for _, h := range held {
			got += h.Entry.Name
		}
		equal(f, "files by inode", got, want)
	}
	inode(4, 1<<63, "alone")
	inode(4, 8, "pair")
	inode(5, 8, "")
	inode(4, 0, "")
	inode(4, 10, "")
	inode(4, 11, "")

	held, err := f.s.Holding(f.ctx, pair.Hash, 10)
	f.must(err)
	equal(f, "files with the content", len(held), 2)
	held, err = f.s.Holding(f.ctx, pair.Hash, 1)
	f.must(err)
	equal(f, "files with the content, at most one", len(held), 1)
	held, err = f.s.Holding(f.ctx, file("theirs", v(0, 1), "four", "eight").Hash, 10)
	f.must(err)
	equal(f, "files with their content", len(held), 0)

	wanted := make(map[index.Hash]struct{})
	for _, text := range []string{"one", "two", "three", "four", "five", "six", "eight"} {
		wanted[sha256.Sum256([]byte(text))] = struct{}{}
	}
	size := len(wanted)
	places := make(map[index.Hash]index.BlockPlace)
	f.must(f.s.FindBlocks(f.ctx, wanted, func(h index.Hash, p index.BlockPlace) {
		if _, twice := places[h]; twice {
			f.Errorf("%v was found twice", h)
		}
		places[h] = p
	}))
	equal(f, "wanted hashes afterwards", len(wanted), size)
	equal(f, "blocks found", len(places), 3)
	equal(f, "place of one", places[sha256.Sum256([]byte("one"))], index.BlockPlace{Name: "alone", Size: 3})
	three := places[sha256.Sum256([]byte("three"))]
	if three.Name != "pair" && three.Name != "same" || three.Offset != 3 || three.Size != 5 {
		f.Fatalf("place of three = %+v", three)
	}
}

// testFields commits an entry of each kind with nothing left zero, and the
// same as announced by another device.
func testFields(f *fixture) {
	long := index.Version{{Replica: 1, Value: 1}, {Replica: 2, Value: 1 << 40}, {Replica: 1<<64 - 1, Value: 9}}
	full := file("full", long, "one", "two", "x")
	full.ModifiedBy, full.BlockSize, full.Mode = 77, 3, 0o751
	full.Parent, full.RenamedFrom, full.ContentVersion = v(1, 1), "old/name", v(2, 2)
	uneven := file("uneven", v(1, 0), "one", "fourteen bytes", "x")
	empty := file("empty", v(1, 0), "")
	link := index.Entry{Name: "link", Type: index.Symlink, Target: "to/somewhere", Hash: sha256.Sum256([]byte("to/somewhere")), Version: v(1, 0), ModifiedBy: ours}
	before := file("before", v(1, 0), "x")
	before.Mtime, before.BlockSize = -5, 1<<24
	odd := file("odd", v(1, 0), "x")
	odd.Size = 99 // no honest author says that; it must come back nevertheless
	disk := index.Disk{Name: "fu\u0308ll", Type: index.File, Size: -1, Mtime: -1 << 63, Ctime: 1<<63 - 1, Inode: 1<<64 - 1, Device: 1<<64 - 1, Mode: 0o600, Seen: 3}
	for _, e := range []index.Entry{full, uneven, empty, link, before, odd, directory("dir", v(1, 0)), deleted(full, v(9, 9))} {
		e.Name = "local-" + e.Name + e.Version.String()
		f.commit(index.Change{Entry: e, Disk: disk})
		held, err := f.s.Local(f.ctx, e.Name)
		f.must(err)
		sameEntry(f, held.Entry, e)
		if !e.Deleted {
			equal(f, "disk of "+e.Name, held.Disk, disk)
		}
		e.Name = "remote-" + e.Name
		f.announce(alice, e)
		got, err := f.s.Head(f.ctx, e.Name, e.Version)
		f.must(err)
		sameEntry(f, got, e)
	}
}
