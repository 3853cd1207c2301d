package store

import (
	"errors"
	"reflect"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"pgregory.net/rapid"
)

func drawVersion(t *rapid.T) index.Version {
	counters := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) index.Counter {
		return index.Counter{Replica: index.Replica(rapid.Uint64().Draw(t, "replica")), Value: rapid.Uint64Min(1).Draw(t, "value")}
	}), 0, 4, func(c index.Counter) index.Replica { return c.Replica }).Draw(t, "counters")
	var v index.Version
	for _, c := range counters {
		v = v.Merge(index.Version{c})
	}
	return v
}

func drawHash(t *rapid.T) (h index.Hash) {
	copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
	return h
}

func drawEntry(t *rapid.T) index.Entry {
	e := index.Entry{
		Name: "n", Type: index.Type(rapid.IntRange(0, 2).Draw(t, "type")), Deleted: rapid.Bool().Draw(t, "deleted"),
		Size: rapid.Int64().Draw(t, "size"), Mtime: rapid.Int64().Draw(t, "mtime"), Mode: rapid.Uint32().Draw(t, "mode"),
		Target: rapid.String().Draw(t, "target"), Version: drawVersion(t), BlockSize: rapid.Int32().Draw(t, "block size"),
		ModifiedBy: index.Replica(rapid.Uint64().Draw(t, "author")), Hash: drawHash(t),
	}
	if rapid.Bool().Draw(t, "origin") {
		e.Parent, e.RenamedFrom, e.ContentVersion = drawVersion(t), rapid.String().Draw(t, "from"), drawVersion(t)
	}
	if len(e.Version) > 0 && rapid.Bool().Draw(t, "author in version") {
		e.ModifiedBy = e.Version[0].Replica
	}
	if rapid.Bool().Draw(t, "one block") {
		e.Size = int64(rapid.Int32Min(0).Draw(t, "block"))
		e.Blocks = []index.Block{{Size: int32(e.Size), Hash: e.Hash}}
		e.Hash = index.HashBlocks(e.Blocks)
	}
	return e
}

func TestStateComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := register.Register{Name: "n"}
		for i := range rapid.IntRange(0, 3).Draw(t, "versions") {
			v := register.Version{Entry: drawEntry(t), Held: i == 1, Derived: rapid.Bool().Draw(t, "derived"), List: rapid.IntRange(0, 70000).Draw(t, "list")}
			for range rapid.IntRange(0, 2).Draw(t, "announcers") {
				v.Announced = append(v.Announced, register.Announcer{Device: rapid.IntRange(0, 1<<30).Draw(t, "device"), First: rapid.Bool().Draw(t, "first")})
			}
			r.Versions = append(r.Versions, v)
		}
		if v := r.Held(); v != nil && !v.Entry.Deleted {
			r.Disk = index.Disk{
				Name: rapid.String().Draw(t, "disk name"), Type: index.Type(rapid.IntRange(0, 2).Draw(t, "disk type")),
				Size: rapid.SampledFrom([]int64{v.Entry.Size, 7, -1 << 63}).Draw(t, "disk size"), Mtime: rapid.Int64().Draw(t, "disk mtime"),
				Ctime: rapid.Int64().Draw(t, "ctime"), Inode: rapid.Uint64().Draw(t, "inode"), Device: rapid.Uint64().Draw(t, "device"),
				Mode: rapid.Uint32().Draw(t, "disk mode"), Seen: rapid.Int64().Draw(t, "seen"),
			}
		}
		back := register.Register{Name: "n"}
		if err := parseState(appendState(nil, &r), &back); err != nil {
			t.Fatal(err)
		}
		if len(r.Versions) == 0 {
			r.Versions = back.Versions // nil or empty
		}
		if !reflect.DeepEqual(back, r) {
			t.Fatalf("came back as\n%+v\nwant\n%+v", back, r)
		}
	})
}

func TestListComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SampledFrom([]*rapid.Generator[int32]{rapid.Just(int32(131072)), rapid.Int32Range(0, 9), rapid.Int32()}).Draw(t, "sizes")
		blocks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) index.Block {
			return index.Block{Size: sizes.Draw(t, "size"), Hash: drawHash(t)}
		}), 1, 5).Draw(t, "blocks")
		blocks[len(blocks)-1].Size = rapid.Int32().Draw(t, "last")
		back, err := parseList(appendList(nil, blocks))
		if err != nil || !reflect.DeepEqual(back, blocks) {
			t.Fatalf("%v came back as %v, %v", blocks, back, err)
		}
	})
}

func FuzzParseState(f *testing.F) {
	r := register.Register{Versions: []register.Version{{Held: true, Announced: []register.Announcer{{First: true}, {Device: 3}},
		Entry: index.Entry{Version: index.Version{{Replica: 1, Value: 2}}, ModifiedBy: 1, Size: 3, Target: "x", RenamedFrom: "y", Hash: index.Hash{1}}}}}
	f.Add(appendState(nil, &r))
	f.Add([]byte{stateFormat, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		var r register.Register
		if err := parseState(b, &r); err != nil && !errors.Is(err, index.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func FuzzParseList(f *testing.F) {
	f.Add(appendList(nil, make([]index.Block, 3)))
	f.Add(appendList(nil, []index.Block{{Size: 8}, {Size: 8}, {Size: 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseList(b); err != nil && !errors.Is(err, index.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func FuzzParseIntent(f *testing.F) {
	f.Add(appendIntent(nil, &index.Intent{Operation: "rename", Path: "a", New: index.Entry{Name: "a", Blocks: make([]index.Block, 2)}, Heads: make([]index.Version, 2)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseIntent(b); err != nil && !errors.Is(err, index.ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
