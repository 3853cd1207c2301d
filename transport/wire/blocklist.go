package wire

import (
	"fmt"
	"math/bits"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

// blocks converts a file's block list, in the short form of labsync or in
// BEP's, and holds it against the size of the file. Blocks follow one another
// without gap or overlap.
func (r rules) blocks(e *index.Entry, m *wirepb.FileInfo) string {
	e.BlockSize = m.BlockSize
	if r.bep && e.BlockSize == 0 {
		e.BlockSize = minFixed // what files had before BEP knew other sizes
	}
	if bs := uint32(e.BlockSize); e.BlockSize != 0 && (e.BlockSize < minFixed || e.BlockSize > maxBlock || bits.OnesCount32(bs) != 1) {
		return fmt.Sprintf("its block size is %d", e.BlockSize)
	}
	long, short := len(m.Blocks), len(m.BlockHashes)/len(index.Hash{})
	count := long + short
	if long > 0 && short > 0 || len(m.BlockHashes)%len(index.Hash{}) != 0 {
		return "its list of block hashes is malformed"
	}
	if count == 0 || int64(count) > mostBlocks(e.Size, e.BlockSize) {
		return fmt.Sprintf("it has %d blocks for %d bytes", count, e.Size)
	}
	e.Blocks = make([]index.Block, count)
	var reason string
	if long > 0 {
		reason = longList(e.Blocks, m.Blocks)
	} else {
		reason = shortList(e, m)
	}
	if reason != "" {
		return reason
	}
	return checkBlocks(e)
}

// mostBlocks is how many blocks a file of this size can have. Content blocks
// double in size with every doubling of the file, but a file keeps its class
// until it is four times over the bound (package chunk): 16,384 of the smallest
// size, and for files beyond the largest class one per MiB.
func mostBlocks(size int64, blockSize int32) int64 {
	if blockSize > 0 {
		return max(1, (size-1)/int64(blockSize)+1)
	}
	return min(16384+size/(1<<20), 1+size/minBlock)
}

// longList converts BEP's list.
func longList(to []index.Block, list []*wirepb.BlockInfo) string {
	offset := int64(0)
	for i, b := range list {
		if len(b.Hash) != len(index.Hash{}) {
			return fmt.Sprintf("block %d has a hash of %d bytes", i, len(b.Hash))
		}
		if b.Offset != offset || b.Size < 0 {
			return fmt.Sprintf("block %d of %d bytes starts at %d instead of %d", i, b.Size, b.Offset, offset)
		}
		to[i] = index.Block{Size: b.Size, Hash: index.Hash(b.Hash)}
		offset += int64(b.Size)
	}
	return ""
}

// shortList converts labsync's list, where sizes follow from the block size,
// or from the file's if there is one block only.
func shortList(e *index.Entry, m *wirepb.FileInfo) string {
	n := len(e.Blocks)
	wantSizes := 0
	if e.BlockSize == 0 && n > 1 {
		wantSizes = n
	}
	if len(m.BlockSizes) != wantSizes {
		return fmt.Sprintf("it has %d block sizes for %d blocks", len(m.BlockSizes), n)
	}
	rest := e.Size
	for i := range e.Blocks {
		size := rest
		switch {
		case wantSizes > 0:
			size = int64(m.BlockSizes[i])
		case i < n-1:
			size = int64(e.BlockSize)
		}
		if size > maxBlock || size > rest {
			return fmt.Sprintf("block %d has %d bytes", i, size)
		}
		e.Blocks[i].Size = int32(size)
		copy(e.Blocks[i].Hash[:], m.BlockHashes[i*len(index.Hash{}):])
		rest -= size
	}
	return ""
}

// checkBlocks holds a list against the sizes that its policy allows.
func checkBlocks(e *index.Entry) string {
	sum, last := int64(0), len(e.Blocks)-1
	for i, b := range e.Blocks {
		sum += int64(b.Size)
		switch {
		case b.Hash == index.Hash{}:
			return fmt.Sprintf("block %d has no hash", i)
		case b.Size > maxBlock,
			b.Size == 0 && e.Size > 0,
			e.BlockSize == 0 && i < last && b.Size < minBlock,
			e.BlockSize != 0 && (b.Size > e.BlockSize || i < last && b.Size != e.BlockSize):
			return fmt.Sprintf("block %d has %d bytes", i, b.Size)
		}
	}
	if sum != e.Size {
		return fmt.Sprintf("its blocks have %d bytes, the file %d", sum, e.Size)
	}
	return ""
}
