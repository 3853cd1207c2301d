package store

import (
	"encoding/binary"

	"github.com/labsync/labsync/index"
)

// An entry is its shape (type and the bits below), its vector, and then what
// the shape announces. Its name and its list of several blocks lie elsewhere.
const (
	shapeType     = 0x03 // index.Type
	shapeDeleted  = 0x04
	shapeHash     = 0x08 // Hash is not zero
	shapeOneBlock = 0x10 // one block; what stands as hash is that block's
	shapeOrigin   = 0x20 // Parent, RenamedFrom or ContentVersion
	shapeTarget   = 0x40
	shapeBlocks   = 0x80 // BlockSize is not zero
)

func appendEntry(b []byte, e *index.Entry) []byte {
	shape := byte(e.Type) & shapeType
	hash := e.Hash
	set := func(bit byte, is bool) bool {
		if is {
			shape |= bit
		}
		return is
	}
	set(shapeDeleted, e.Deleted)
	if set(shapeOneBlock, isOneBlock(e)) {
		hash = e.Blocks[0].Hash
	}
	set(shapeHash, hash != index.Hash{})
	set(shapeOrigin, len(e.Parent) > 0 || e.RenamedFrom != "" || len(e.ContentVersion) > 0)
	set(shapeTarget, e.Target != "")
	set(shapeBlocks, e.BlockSize != 0)

	b = append(b, shape)
	b = appendVersion(b, e.Version)
	b = appendAuthor(b, e)
	b = binary.AppendVarint(b, e.Size)
	b = binary.AppendVarint(b, e.Mtime)
	b = binary.AppendUvarint(b, uint64(e.Mode))
	if shape&shapeHash != 0 {
		b = append(b, hash[:]...)
	}
	if shape&shapeBlocks != 0 {
		b = binary.AppendVarint(b, int64(e.BlockSize))
	}
	if shape&shapeTarget != 0 {
		b = appendString(b, e.Target)
	}
	if shape&shapeOrigin != 0 {
		b = appendVersion(b, e.Parent)
		b = appendString(b, e.RenamedFrom)
		b = appendVersion(b, e.ContentVersion)
	}
	return b
}

// entry reads what appendEntry wrote.
func (p *parser) entry() (e index.Entry) {
	shape := p.byte()
	e.Type = index.Type(shape & shapeType)
	if e.Type > index.Symlink {
		p.fail()
		return index.Entry{}
	}
	e.Deleted = shape&shapeDeleted != 0
	e.Version = p.version()
	e.ModifiedBy = p.author(e.Version)
	e.Size = p.varint()
	e.Mtime = p.varint()
	e.Mode = uint32(p.uvarint())
	if shape&shapeHash != 0 {
		e.Hash = p.hash()
	}
	if shape&shapeOneBlock != 0 {
		e.Blocks = []index.Block{{Size: int32(e.Size), Hash: e.Hash}}
		e.Hash = index.HashBlocks(e.Blocks)
	}
	if shape&shapeBlocks != 0 {
		e.BlockSize = int32(p.varint())
	}
	if shape&shapeTarget != 0 {
		e.Target = p.string()
	}
	if shape&shapeOrigin != 0 {
		e.Parent = p.version()
		e.RenamedFrom = p.string()
		e.ContentVersion = p.version()
	}
	return e
}

// isOneBlock reports whether the block list follows from the entry and the
// hash of its only block.
func isOneBlock(e *index.Entry) bool {
	return len(e.Blocks) == 1 && int64(e.Blocks[0].Size) == e.Size && index.HashBlocks(e.Blocks) == e.Hash
}

// appendAuthor writes the author as its place in the vector, counted from 1,
// or as 0 and the replica if the vector does not name it.
func appendAuthor(b []byte, e *index.Entry) []byte {
	for i, c := range e.Version {
		if c.Replica == e.ModifiedBy {
			return binary.AppendUvarint(b, uint64(i)+1)
		}
	}
	b = append(b, 0)
	return binary.BigEndian.AppendUint64(b, uint64(e.ModifiedBy))
}

func (p *parser) author(v index.Version) index.Replica {
	switch at := p.uvarint(); {
	case at == 0:
		if r := p.take(8); r != nil {
			return index.Replica(binary.BigEndian.Uint64(r))
		}
	case at <= uint64(len(v)):
		return v[at-1].Replica
	}
	p.fail()
	return 0
}
