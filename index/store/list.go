package store

import (
	"encoding/binary"

	"github.com/labsync/labsync/index"
)

// A block list is a number, and then: if the number is not 0, all blocks but
// the last have that size, a second number is the last one's, and hashes
// follow; else each block is its hash and its size.

func appendList(b []byte, blocks []index.Block) []byte {
	size, regular := regularSize(blocks)
	if regular {
		b = binary.AppendUvarint(b, uint64(size))
		b = binary.AppendUvarint(b, uint64(blocks[len(blocks)-1].Size))
	} else {
		b = append(b, 0)
	}
	for i := range blocks {
		b = append(b, blocks[i].Hash[:]...)
		if !regular {
			b = binary.AppendUvarint(b, uint64(uint32(blocks[i].Size)))
		}
	}
	return b
}

// regularSize returns the size of all blocks but the last.
func regularSize(blocks []index.Block) (int32, bool) {
	if len(blocks) == 0 || blocks[0].Size <= 0 || blocks[len(blocks)-1].Size < 0 {
		return 0, false
	}
	for _, b := range blocks[:len(blocks)-1] {
		if b.Size != blocks[0].Size {
			return 0, false
		}
	}
	return blocks[0].Size, true
}

// walkList calls f with each block of a list and its offset until f returns
// false. The hash is part of list.
func walkList(list []byte, f func(hash []byte, offset int64, size int32) bool) error {
	const hashSize = len(index.Hash{})
	p := &parser{b: list}
	var last uint64
	regular := p.uvarint()
	if regular != 0 {
		last = p.uvarint()
	}
	var offset int64
	for len(p.b) > 0 {
		hash := p.take(uint64(hashSize))
		size := regular
		switch {
		case regular == 0:
			size = p.uvarint()
		case len(p.b) == 0:
			size = last
		}
		if p.damaged {
			break
		}
		if !f(hash, offset, int32(uint32(size))) {
			return nil
		}
		offset += int64(int32(uint32(size)))
	}
	return p.end("block list")
}

func parseList(list []byte) ([]index.Block, error) {
	blocks := make([]index.Block, 0, len(list)/len(index.Hash{}))
	err := walkList(list, func(hash []byte, _ int64, size int32) bool {
		blocks = append(blocks, index.Block{Size: size, Hash: index.Hash(hash)})
		return true
	})
	return blocks, err
}
