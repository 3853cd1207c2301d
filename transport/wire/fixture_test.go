package wire

import (
	"crypto/sha256"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

const testNow = 1_800_000_000

func hashOf(s string) index.Hash { return sha256.Sum256([]byte(s)) }

func version(pairs ...uint64) index.Version {
	var v index.Version
	for i := 0; i < len(pairs); i += 2 {
		v = append(v, index.Counter{Replica: index.Replica(pairs[i]), Value: pairs[i+1]})
	}
	return v
}

// small is a file of one block.
func small() index.Entry {
	e := index.Entry{
		Name: "dir/report.txt", Size: 5, Mtime: 1_700_000_000_123_456_789, Mode: 0o644,
		Version: version(0x11, 1_700_000_001, 0x22, 5), ModifiedBy: 0x11,
		Blocks: []index.Block{{Size: 5, Hash: hashOf("hello")}},
		Parent: version(0x22, 5), RenamedFrom: "report.txt", ContentVersion: version(0x22, 4),
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return e
}

// large is a file cut by content.
func large() index.Entry {
	e := index.Entry{
		Name: "large.bin", Size: 2_000_000, Mtime: -1, Mode: 0o600, Version: version(0x11, 9), ModifiedBy: 0x11,
		Blocks: []index.Block{
			{Size: 900_000, Hash: hashOf("a")}, {Size: 1_090_000, Hash: hashOf("b")}, {Size: 10_000, Hash: hashOf("c")},
		},
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return e
}

// fixed is a file cut in equal blocks.
func fixed() index.Entry {
	e := index.Entry{
		Name: "fixed.bin", Size: 300_000, Mode: 0o644, Version: version(0x11, 9), ModifiedBy: 0x11, BlockSize: 128 << 10,
		Blocks: []index.Block{
			{Size: 131_072, Hash: hashOf("a")}, {Size: 131_072, Hash: hashOf("b")}, {Size: 37_856, Hash: hashOf("c")},
		},
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return e
}

func emptyFile() index.Entry {
	e := index.Entry{
		Name: "empty", Version: version(0x11, 1), ModifiedBy: 0x11, Blocks: []index.Block{{Hash: hashOf("")}},
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return e
}

func link() index.Entry {
	return index.Entry{
		Name: "link", Type: index.Symlink, Mode: 0o777, Target: "../elsewhere", Hash: hashOf("../elsewhere"),
		Version: version(0x33, 7), ModifiedBy: 0x33,
	}
}

func directory() index.Entry {
	return index.Entry{Name: "dir", Type: index.Directory, Mode: 0o755, Version: version(0x33, 7), ModifiedBy: 0x33}
}

func tombstone() index.Entry {
	return index.Entry{
		Name: "gone", Deleted: true, Mtime: 1_700_000_000_000_000_000, Hash: hashOf("was"),
		Version: version(0x33, 8), ModifiedBy: 0x33, Parent: version(0x33, 7),
	}
}

// conflict is a name with two heads.
func conflict() index.Update {
	first, second := small(), small()
	second.Parent, second.RenamedFrom, second.ContentVersion = nil, "", nil
	second.Version, second.ModifiedBy = version(0x33, 1_700_000_002), 0x33
	return index.Update{Sequence: 42, Heads: []index.Entry{first, second}}
}

func sampleIndex() Index {
	in := Index{Folder: "lab", Previous: 10, Last: 50}
	for i, e := range []index.Entry{directory(), emptyFile(), fixed(), large(), link(), tombstone()} {
		in.Updates = append(in.Updates, index.Update{Sequence: int64(11 + i), Heads: []index.Entry{e}})
	}
	in.Updates = append(in.Updates, conflict())
	return in
}

func sampleCluster() ClusterConfig {
	return ClusterConfig{Folders: []Folder{
		{
			ID: "lab", Label: "Lab", Direction: ReceiveOnly,
			Devices: []Device{{
				ID: device.ID(hashOf("device")), Name: "bench", IndexID: 0x0102030405060708, MaxSequence: 50, RecordSequence: 3,
			}},
		},
		{ID: "old", Paused: true},
	}}
}

func sampleRecords() Records {
	return Records{Folder: "lab", Records: []index.Record{
		{Kind: "replica", Key: "11", Version: version(0x11, 1), Sequence: 1, Payload: []byte(`{"name":"bench"}`)},
		{Kind: "folder", Key: "strategy", Version: version(0x11, 2, 0x22, 1), Sequence: 4, Payload: []byte("simple")},
	}}
}

func sampleRequest() BlocksRequest {
	return BlocksRequest{Folder: "lab", Ranges: []Range{
		{Name: "large.bin", Hash: hashOf("a"), Size: 900_000},
		{Name: "large.bin", Hash: hashOf("b"), Offset: 900_000, Size: 1 << 20},
		{Name: "large.bin", Hash: hashOf("b"), Offset: 1_948_576, Size: 41_424},
		{Name: "dir/report.txt", Hash: hashOf("hello"), Size: 5},
	}}
}
