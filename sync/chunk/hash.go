package chunk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"

	"github.com/labsync/labsync/index"
)

// hasher turns bytes and the ends of blocks in them into a block list. Zeros
// at the start of a block are only counted until something else follows, so a
// block of nothing but zeros is hashed once for its size.
type hasher struct {
	blocks []index.Block
	sum    hash.Hash
	size   int64 // of the block begun
	zeros  int64 // how many bytes of it were counted, not hashed
	hollow map[int64]index.Hash
	none   []byte // zeros
}

func newHasher() *hasher {
	return &hasher{sum: sha256.New()}
}

// begin starts another file, whatever became of the one before.
func (h *hasher) begin() {
	h.blocks = nil
	h.size, h.zeros = 0, 0
	h.sum.Reset()
}

// add takes the next piece; after each of the positions in ends a block ends.
func (h *hasher) add(p []byte, ends []int) {
	from := 0
	for _, to := range ends {
		h.write(p[from:to])
		h.end()
		from = to
	}
	h.write(p[from:])
}

func (h *hasher) write(p []byte) {
	if len(p) == 0 {
		return
	}
	if h.zeros == h.size && isZero(p) {
		h.zeros += int64(len(p))
		h.size += int64(len(p))
		return
	}
	if h.zeros == h.size {
		h.writeZeros(h.zeros)
		h.zeros = -1
	}
	h.sum.Write(p)
	h.size += int64(len(p))
}

// addZeros is add for n zeros, without an end of a block among them.
func (h *hasher) addZeros(n int64) {
	if h.zeros == h.size {
		h.zeros += n
	} else {
		h.writeZeros(n)
	}
	h.size += n
}

func (h *hasher) writeZeros(n int64) {
	if n > 0 && h.none == nil {
		h.none = make([]byte, 64<<10)
	}
	for n > 0 {
		m := min(n, int64(len(h.none)))
		h.sum.Write(h.none[:m])
		n -= m
	}
}

// hole takes n zeros, cut where they are to be.
func (h *hasher) hole(n int64, cut cutter) {
	for n > 0 {
		m, end := cut.zeros(n)
		h.addZeros(m)
		if end {
			h.end()
		}
		n -= m
	}
}

// end closes the block begun.
func (h *hasher) end() {
	size := int32(h.size)
	h.blocks = append(h.blocks, index.Block{Size: size, Hash: h.take()})
}

// take returns the hash of the block begun and starts the next.
func (h *hasher) take() (got index.Hash) {
	size := h.size
	switch known, ok := h.hollow[size]; {
	case h.zeros != size:
		h.sum.Sum(got[:0])
	case ok:
		got = known
	default:
		h.writeZeros(size)
		h.sum.Sum(got[:0])
		if h.hollow == nil {
			h.hollow = map[int64]index.Hash{}
		}
		h.hollow[size] = got
	}
	h.size, h.zeros = 0, 0
	h.sum.Reset()
	return got
}

// finish closes the last block. A file without any byte has one all the same.
func (h *hasher) finish() {
	if h.size > 0 || len(h.blocks) == 0 {
		h.end()
	}
}

// block returns the hash of size bytes from at on.
func (h *hasher) block(ctx context.Context, r io.ReaderAt, at, size int64, buf []byte) (index.Hash, error) {
	for size > 0 {
		p := buf[:min(size, int64(len(buf)))]
		if err := read(ctx, r, p, at); err != nil {
			return index.Hash{}, err
		}
		h.write(p)
		at += int64(len(p))
		size -= int64(len(p))
	}
	return h.take(), nil
}

// isZero reports whether p, which is not empty, is all zeros.
func isZero(p []byte) bool {
	return p[0] == 0 && p[len(p)-1] == 0 && bytes.Equal(p[:len(p)-1], p[1:])
}
