package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

func TestIndexComesBackWhole(t *testing.T) {
	in := sampleIndex()
	for _, limit := range []int{1, 300, 1 << 20} {
		var out Index
		previous := in.Previous
		_, err := EachIndex(in, limit, func(p []byte) error {
			got, err := ParseIndex(p, testNow)
			if err != nil {
				return err
			}
			if got.Previous != previous {
				t.Errorf("limit %d: a message goes on from %d instead of %d", limit, got.Previous, previous)
			}
			previous = got.Last
			out.Folder, out.Last = got.Folder, got.Last
			out.Updates = append(out.Updates, got.Updates...)
			return nil
		})
		out.Previous = in.Previous
		if err != nil || !reflect.DeepEqual(out, in) {
			t.Errorf("limit %d: got %+v, %v", limit, out, err)
		}
	}
}

func TestATooLargeUpdateIsLeftOut(t *testing.T) {
	huge := large()
	huge.Name = "huge"
	huge.Blocks = make([]index.Block, 600_000)
	in := Index{Folder: "f", Last: 3, Updates: []index.Update{
		{Sequence: 1, Heads: []index.Entry{emptyFile()}}, {Sequence: 2, Heads: []index.Entry{huge}},
	}}
	tooLarge, err := EachIndex(in, 1<<20, func([]byte) error { return nil })
	if err != nil || !reflect.DeepEqual(tooLarge, []string{"huge"}) {
		t.Errorf("left out %q, %v", tooLarge, err)
	}
}

// message builds an Index with one FileInfo changed by f.
func message(e index.Entry, f func(*wirepb.FileInfo)) []byte {
	m := wireUpdate(&index.Update{Sequence: 7, Heads: []index.Entry{e}})
	f(m)
	one, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	b := protowire.AppendString(protowire.AppendTag(nil, fieldFolder, protowire.BytesType), "f")
	b = protowire.AppendBytes(protowire.AppendTag(b, fieldFiles, protowire.BytesType), one)
	return protowire.AppendVarint(protowire.AppendTag(b, fieldLast, protowire.VarintType), 7)
}

func TestBadUpdatesAreRejectedAlone(t *testing.T) {
	vector := func(pairs ...uint64) *wirepb.Vector { return wireVector(version(pairs...)) }
	many := &wirepb.Vector{}
	for i := range index.MaxCounters + 1 {
		many.Counters = append(many.Counters, &wirepb.Counter{Id: uint64(i), Value: 1})
	}
	for name, c := range map[string]struct {
		of     index.Entry
		change func(m *wirepb.FileInfo)
	}{
		"a name that leads out":          {small(), func(m *wirepb.FileInfo) { m.Name = []byte("../x") }},
		"a name that is not UTF-8":       {small(), func(m *wirepb.FileInfo) { m.Name = []byte("a\xff") }},
		"a name that is not NFC":         {small(), func(m *wirepb.FileInfo) { m.Name = []byte("e\u0301") }},
		"the work directory":             {small(), func(m *wirepb.FileInfo) { m.Name = []byte(".LabSync/tmp/x") }},
		"invalid":                        {small(), func(m *wirepb.FileInfo) { m.Invalid = true }},
		"an unknown type":                {small(), func(m *wirepb.FileInfo) { m.Type = 3 }},
		"a negative size":                {small(), func(m *wirepb.FileInfo) { m.Size = -1 }},
		"the largest size":               {small(), func(m *wirepb.FileInfo) { m.Size = 1<<63 - 1 }},
		"a size that is not the blocks'": {large(), func(m *wirepb.FileInfo) { m.Size++ }},
		"a file without blocks":          {small(), func(m *wirepb.FileInfo) { m.BlockHashes = nil }},
		"a size of zero with blocks":     {large(), func(m *wirepb.FileInfo) { m.Size = 0 }},
		"a hash cut off":                 {small(), func(m *wirepb.FileInfo) { m.BlockHashes = m.BlockHashes[:31] }},
		"a hash of zeros":                {small(), func(m *wirepb.FileInfo) { m.BlockHashes = make([]byte, 32) }},
		"sizes missing":                  {large(), func(m *wirepb.FileInfo) { m.BlockSizes = nil }},
		"sizes where none belong":        {fixed(), func(m *wirepb.FileInfo) { m.BlockSizes = []uint32{1, 2, 3} }},
		"a block of one byte":            {large(), func(m *wirepb.FileInfo) { m.BlockSizes = []uint32{1, 1_989_999, 10_000} }},
		"a block of 2 GiB":               {large(), func(m *wirepb.FileInfo) { m.BlockSizes[0] = 1 << 31 }},
		"one block for a large file":     {small(), func(m *wirepb.FileInfo) { m.Size = 17 << 20 }},
		"a block size of one":            {fixed(), func(m *wirepb.FileInfo) { m.BlockSize = 1 }},
		"a negative block size":          {fixed(), func(m *wirepb.FileInfo) { m.BlockSize = -1 << 31 }},
		"a block size that is no power":  {fixed(), func(m *wirepb.FileInfo) { m.BlockSize = 200_000 }},
		"fewer fixed blocks than needed": {fixed(), func(m *wirepb.FileInfo) { m.Size = 500_000 }},
		"two kinds of lists":             {small(), func(m *wirepb.FileInfo) { m.Blocks = []*wirepb.BlockInfo{{Size: 5, Hash: m.BlockHashes}} }},
		"blocks with a gap":              {small(), func(m *wirepb.FileInfo) { long(m, 0, 3, 4, 1) }},
		"blocks that overlap":            {small(), func(m *wirepb.FileInfo) { long(m, 0, 3, 2, 3) }},
		"a block of negative size":       {small(), func(m *wirepb.FileInfo) { long(m, 0, 10, 10, -5) }},
		"a directory with blocks":        {directory(), func(m *wirepb.FileInfo) { m.BlockHashes = make([]byte, 32) }},
		"a tombstone with blocks":        {tombstone(), func(m *wirepb.FileInfo) { long(m, 0, 5) }},
		"a symlink with blocks":          {link(), func(m *wirepb.FileInfo) { long(m, 0, 5) }},
		"a tombstone with half a hash":   {tombstone(), func(m *wirepb.FileInfo) { m.BlocksHash = make([]byte, 16) }},
		"a link without text":            {link(), func(m *wirepb.FileInfo) { m.SymlinkTarget = nil }},
		"a link with NUL":                {link(), func(m *wirepb.FileInfo) { m.SymlinkTarget = []byte("a\x00b") }},
		"a link of 4,097 bytes":          {link(), func(m *wirepb.FileInfo) { m.SymlinkTarget = bytes.Repeat([]byte("a"), 4097) }},
		"a file with a link's text":      {small(), func(m *wirepb.FileInfo) { m.SymlinkTarget = []byte("a") }},
		"negative nanoseconds":           {small(), func(m *wirepb.FileInfo) { m.ModifiedNs = -1 }},
		"a second of nanoseconds":        {small(), func(m *wirepb.FileInfo) { m.ModifiedNs = 1_000_000_000 }},
		"a time before all time":         {small(), func(m *wirepb.FileInfo) { m.ModifiedS = -1 << 63 }},
		"no version":                     {small(), func(m *wirepb.FileInfo) { m.Version = nil }},
		"the highest counter":            {small(), func(m *wirepb.FileInfo) { m.Version = vector(1, 1<<64-1) }},
		"a counter of zero":              {small(), func(m *wirepb.FileInfo) { m.Version = vector(1, 0) }},
		"a replica twice":                {small(), func(m *wirepb.FileInfo) { m.Version = vector(1, 1, 1, 2) }},
		"1,001 counters":                 {small(), func(m *wirepb.FileInfo) { m.Version = many }},
		"a bad parent":                   {small(), func(m *wirepb.FileInfo) { m.Parent = vector(1, 0) }},
		"content of a version to come":   {small(), func(m *wirepb.FileInfo) { m.ContentVersion = vector(0x11, 1_700_000_002) }},
		"a former name that leads out":   {small(), func(m *wirepb.FileInfo) { m.RenamedFrom = []byte("/etc") }},
		"a second head with a name":      {small(), func(m *wirepb.FileInfo) { m.Heads = []*wirepb.FileInfo{proto.CloneOf(m)} }},
		"a second head that is bad":      {small(), func(m *wirepb.FileInfo) { m.Heads = []*wirepb.FileInfo{{}} }},
		"65 heads":                       {small(), func(m *wirepb.FileInfo) { m.Heads = make([]*wirepb.FileInfo, 64); fillHeads(m) }},
	} {
		in, err := ParseIndex(message(c.of, c.change), testNow)
		if err != nil || len(in.Updates) != 0 || len(in.Rejected) != 1 || in.Rejected[0].Reason == "" || in.Last != 7 {
			t.Errorf("%s: %+v, %v", name, in, err)
		}
	}
}

func fillHeads(m *wirepb.FileInfo) {
	for i := range m.Heads {
		m.Heads[i] = &wirepb.FileInfo{}
	}
}

// long replaces a block list by one of BEP's kind, of offsets and sizes.
func long(m *wirepb.FileInfo, list ...int64) {
	m.BlockHashes, m.Blocks = nil, nil
	for i := 0; i < len(list); i += 2 {
		hash := hashOf("x")
		m.Blocks = append(m.Blocks, &wirepb.BlockInfo{Offset: list[i], Size: int32(list[i+1]), Hash: hash[:]})
	}
}

func TestBombsAreRefusedBeforeTheyAreDecoded(t *testing.T) {
	field := func(number protowire.Number, inner []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
	}
	empties := func(number protowire.Number, n int) []byte { return bytes.Repeat(field(number, nil), n) }
	head := field(1105, field(1105, nil))
	for name, p := range map[string][]byte{
		"entries of nothing": empties(fieldFiles, maxUpdates+1),
		"a million counters": field(fieldFiles, field(9, empties(1, 1<<20))),
		"a million blocks":   field(fieldFiles, empties(16, 1<<20)),
		"heads of heads":     field(fieldFiles, head),
		"nested groups":      field(fieldFiles, bytes.Repeat([]byte{0xfb, 0x3e}, 1<<20)),
		"a length beyond":    {0x12, 0xff, 0xff, 0xff, 0xff, 0x0f},
	} {
		if _, err := ParseIndex(p, testNow); !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseClusterConfig(empties(1, maxCluster+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("folders of nothing: %v", err)
	}
	if _, _, err := ParseRecords(empties(2, maxRecords+1), testNow); !errors.Is(err, ErrTooLarge) {
		t.Errorf("records of nothing: %v", err)
	}
	if _, _, err := ParseBlocksRequest(empties(2, MaxRanges+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("1,025 ranges: %v", err)
	}
}

func TestWrongSequencesAreErrors(t *testing.T) {
	for name, change := range map[string]func(*wirepb.FileInfo){
		"zero":            func(m *wirepb.FileInfo) { m.Sequence = 0 },
		"negative":        func(m *wirepb.FileInfo) { m.Sequence = -5 },
		"beyond the last": func(m *wirepb.FileInfo) { m.Sequence = 1 << 62 },
	} {
		if _, err := ParseIndex(message(small(), change), testNow); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := Index{Folder: "f", Last: 9, Updates: []index.Update{
		{Sequence: 5, Heads: []index.Entry{small()}}, {Sequence: 5, Heads: []index.Entry{link()}},
	}}
	_, err := EachIndex(twice, 1<<20, func(p []byte) error { _, err := ParseIndex(p, testNow); return err })
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("repeated: %v", err)
	}
}

func TestBadRecordsAreRejectedAlone(t *testing.T) {
	r := sampleRecords()
	r.Records[0].Version = version(1, 1<<63)
	got, rejected, err := ParseRecords(AppendRecords(nil, r), testNow)
	if err != nil || len(rejected) != 1 || len(got.Records) != 1 || got.Records[0].Key != "strategy" {
		t.Errorf("got %+v, rejected %+v, %v", got, rejected, err)
	}
	r = sampleRecords()
	r.Records[1].Sequence = 1
	if _, _, err := ParseRecords(AppendRecords(nil, r), testNow); !errors.Is(err, ErrMalformed) {
		t.Errorf("sequences that do not ascend: %v", err)
	}
}

func TestRangesNobodyCanAnswerAreNamed(t *testing.T) {
	r := sampleRequest()
	r.Ranges[0].Name = ".labsync/key"
	r.Ranges[2].Offset = -1
	_, bad, err := ParseBlocksRequest(AppendBlocksRequest(nil, r))
	if err != nil || !reflect.DeepEqual(bad, []int{0, 2}) {
		t.Errorf("bad are %v, %v", bad, err)
	}
	r = sampleRequest()
	for _, size := range []int32{0, -1, MaxRange + 1} {
		r.Ranges[1].Size = size
		if _, _, err := ParseBlocksRequest(AppendBlocksRequest(nil, r)); !errors.Is(err, ErrMalformed) {
			t.Errorf("range of %d bytes: %v", size, err)
		}
	}
}

func TestTextsAreMadeFitToShow(t *testing.T) {
	long := strings.Repeat("\u65e5", 200)
	h, err := ParseHello(AppendHello(nil, Hello{DeviceName: long, ClientName: "a\xffb"}))
	if err != nil || h.DeviceName != strings.Repeat("\u65e5", 85) || h.ClientName != "a\uFFFDb" {
		t.Errorf("hello %q, %q, %v", h.DeviceName, h.ClientName, err)
	}
}
