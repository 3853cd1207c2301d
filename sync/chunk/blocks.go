package chunk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/labsync/labsync/index"
)

const piece = 256 << 10 // bytes read at a time

// Hasher cuts and hashes files one after another and keeps its memory, some
// 256 KiB, in between. The zero value is ready. It is for one goroutine.
type Hasher struct {
	buf   []byte
	found []int
	sum   *hasher
}

// Blocks is Hasher.Blocks with a new Hasher.
func Blocks(ctx context.Context, r io.ReaderAt, size int64, p Policy, c Class, spawn func(func())) ([]index.Block, int32, error) {
	return new(Hasher).Blocks(ctx, r, size, p, c, spawn)
}

// Along is Hasher.Along with a new Hasher.
func Along(ctx context.Context, r io.ReaderAt, blocks []index.Block) (bool, error) {
	return new(Hasher).Along(ctx, r, blocks)
}

// Blocks reads size bytes of r and returns their block list, cut by policy p
// in class c, and the BlockSize to record with it. An empty file has one block
// of size 0. It is an error, io.ErrUnexpectedEOF, if r ends before. Where r is
// Sparse its holes are not read.
//
// spawn starts a function in another goroutine: a large file is hashed by as
// many as there are processors then, which read it behind the one that cuts.
// If it is nil, all happens in the caller's goroutine and everything is read
// once, at a smaller cost in all. What was spawned has ended when Blocks
// returns.
func (h *Hasher) Blocks(ctx context.Context, r io.ReaderAt, size int64, p Policy, c Class, spawn func(func())) ([]index.Block, int32, error) {
	var cut cutter = &fixedCutter{size: fixedSize << c}
	if p == Content {
		cut = newContentCutter(c)
		if size <= single {
			cut = &fixedCutter{size: max(size, 1)}
		}
	}
	var blocks []index.Block
	var err error
	if size >= shared && spawn != nil {
		blocks, err = newTeam(r, size).blocks(ctx, cut, spawn)
	} else {
		blocks, err = h.alone(ctx, r, size, cut)
	}
	if err != nil {
		return nil, 0, err
	}
	return blocks, p.BlockSize(c), nil
}

// prepare makes ready for a file that is read n bytes at a time at most.
func (h *Hasher) prepare(n int64) {
	if n = min(n, piece); int64(len(h.buf)) < n {
		h.buf = make([]byte, n)
	}
	if h.sum == nil {
		h.sum = newHasher()
	}
	h.sum.begin()
}

func (h *Hasher) alone(ctx context.Context, r io.ReaderAt, size int64, cut cutter) ([]index.Block, error) {
	h.prepare(size)
	ground := newTerrain(r, size)
	for at := int64(0); at < size; {
		n, hole := ground.at(at)
		if hole {
			h.sum.hole(n, cut)
			at += n
			continue
		}
		p := h.buf[:min(n, int64(len(h.buf)))]
		if err := read(ctx, r, p, at); err != nil {
			return nil, err
		}
		h.found = ends(p, cut, h.found[:0])
		h.sum.add(p, h.found)
		at += int64(len(p))
	}
	h.sum.finish()
	return h.sum.blocks, nil
}

// read fills p from the position at.
func read(ctx context.Context, r io.ReaderAt, p []byte, at int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n, err := r.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read content: %w", err)
}

// ends appends the positions in p after which a block ends.
func ends(p []byte, cut cutter, at []int) []int {
	for pos := 0; pos < len(p); {
		n, end := cut.next(p[pos:])
		pos += n
		if end {
			at = append(at, pos)
		}
	}
	return at
}

// Along reports whether r begins with the content that a block list stands
// for. It reads no further than the first block that differs, nor beyond the
// list's end, nor where r, if it is Sparse, has no data.
func (h *Hasher) Along(ctx context.Context, r io.ReaderAt, blocks []index.Block) (bool, error) {
	var longest int32
	for i := range blocks {
		longest = max(longest, blocks[i].Size)
	}
	h.prepare(int64(longest))
	ground := newTerrain(r, math.MaxInt64)
	at := int64(0)
	for i := range blocks {
		size := int64(blocks[i].Size)
		rest := size
		if n, hole := ground.at(at); hole && n >= size {
			h.sum.addZeros(size)
			rest = 0
		}
		got, err := h.sum.block(ctx, r, at, rest, h.buf)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		if err != nil || got != blocks[i].Hash {
			return false, err
		}
		at += size
	}
	return true, nil
}
