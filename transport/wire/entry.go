package wire

import (
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

// BEP's numbers for index.Type.
const (
	wireFile      = 0
	wireDirectory = 1
	wireSymlink   = 4
)

// wireUpdate converts an announcement: the head at the path, with the others
// inside. Those leave out the name, which is the same.
func wireUpdate(u *index.Update) *wirepb.FileInfo {
	m := wireEntry(&u.Heads[0])
	m.Name = []byte(u.Heads[0].Name)
	m.Sequence = u.Sequence
	for i := range u.Heads[1:] {
		m.Heads = append(m.Heads, wireEntry(&u.Heads[1+i]))
	}
	return m
}

func wireEntry(e *index.Entry) *wirepb.FileInfo {
	s, ns := splitTime(e.Mtime)
	m := &wirepb.FileInfo{
		Type: wireType(e.Type), Size: e.Size, Permissions: e.Mode & 0o777,
		ModifiedS: s, ModifiedNs: ns, ModifiedBy: uint64(e.ModifiedBy),
		Deleted: e.Deleted, Version: wireVector(e.Version),
		Parent: wireVector(e.Parent), ContentVersion: wireVector(e.ContentVersion),
		RenamedFrom: []byte(e.RenamedFrom),
	}
	switch {
	case e.Deleted:
		m.Size = 0
		if e.Hash != (index.Hash{}) {
			m.BlocksHash = e.Hash[:]
		}
	case e.Type == index.Symlink:
		m.SymlinkTarget = []byte(e.Target)
	case e.Type == index.File:
		m.BlockSize = e.BlockSize
		wireBlocks(m, e)
	}
	return m
}

// wireBlocks writes the block list in its short form: the hashes one after the
// other, and sizes only where they do not follow from the others.
func wireBlocks(m *wirepb.FileInfo, e *index.Entry) {
	m.BlockHashes = make([]byte, 0, len(e.Blocks)*len(index.Hash{}))
	for i := range e.Blocks {
		m.BlockHashes = append(m.BlockHashes, e.Blocks[i].Hash[:]...)
	}
	if e.BlockSize != 0 || len(e.Blocks) < 2 {
		return
	}
	m.BlockSizes = make([]uint32, len(e.Blocks))
	for i := range e.Blocks {
		m.BlockSizes[i] = uint32(e.Blocks[i].Size)
	}
}

func wireType(t index.Type) int32 {
	switch t {
	case index.Directory:
		return wireDirectory
	case index.Symlink:
		return wireSymlink
	}
	return wireFile
}

// splitTime cuts ns since 1970 into seconds and ns, the latter never negative.
func splitTime(t int64) (s int64, ns int32) {
	u := time.Unix(0, t)
	return u.Unix(), int32(u.Nanosecond())
}
