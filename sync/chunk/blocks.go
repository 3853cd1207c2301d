package chunk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"github.com/labsync/labsync/index"
)

const (
	piece   = 256 << 10 // bytes read at a time
	pending = 3         // pieces between reading and hashing
)

// Blocks reads size bytes of r and returns their block list, cut by policy p
// in class c, and the BlockSize to record with it. An empty file has one block
// of size 0. It is an error, io.ErrUnexpectedEOF, if r ends before.
//
// spawn starts a function in another goroutine, for hashing beside reading; if
// it is nil, all happens in the caller's, one thing after the other. What was
// spawned has ended when Blocks returns.
func Blocks(ctx context.Context, r io.Reader, size int64, p Policy, c Class, spawn func(func())) ([]index.Block, int32, error) {
	var cut cutter = &fixedCutter{size: fixedSize << c}
	if p == Content {
		cut = newContentCutter(c)
		if size <= single {
			cut = &fixedCutter{size: max(size, 1)}
		}
	}
	h := newHasher()
	if size > single && spawn != nil {
		err := h.beside(ctx, r, size, cut, spawn)
		return h.blocks, p.BlockSize(c), err
	}
	buf := make([]byte, min(size, piece))
	for rest := size; rest > 0; {
		q := buf[:min(rest, piece)]
		if err := read(ctx, r, q); err != nil {
			return nil, 0, err
		}
		h.add(q, ends(q, cut, nil))
		rest -= int64(len(q))
	}
	h.finish()
	return h.blocks, p.BlockSize(c), nil
}

// read fills p.
func read(ctx context.Context, r io.Reader, p []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := io.ReadFull(r, p); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("read content: %w", err)
	}
	return nil
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

// part is a piece of a file on its way from the reader to the hasher, which
// gives it back.
type part struct {
	buf  []byte
	n    int
	ends []int
}

// beside reads and cuts here and hashes in a spawned goroutine, which ends when
// the channel of full parts is closed.
func (h *hasher) beside(ctx context.Context, r io.Reader, size int64, cut cutter, spawn func(func())) error {
	full, free := make(chan *part, pending), make(chan *part, pending)
	for range pending {
		free <- &part{buf: make([]byte, piece)}
	}
	done := make(chan struct{})
	spawn(func() {
		defer close(done)
		for q := range full {
			h.add(q.buf[:q.n], q.ends)
			free <- q
		}
		h.finish()
	})
	var err error
	for rest := size; rest > 0 && err == nil; {
		q := <-free
		q.n = int(min(rest, piece))
		if err = read(ctx, r, q.buf[:q.n]); err != nil {
			break
		}
		q.ends = ends(q.buf[:q.n], cut, q.ends[:0])
		full <- q
		rest -= int64(q.n)
	}
	close(full)
	<-done
	if err != nil {
		h.blocks = nil
	}
	return err
}

// hasher turns pieces and the ends of blocks in them into a block list. Zeros
// at the start of a block are only counted until something else follows, so a
// block of nothing but zeros is hashed once for its size: the holes of sparse
// files are nearly free.
type hasher struct {
	blocks []index.Block
	sum    hash.Hash
	size   int64 // of the block begun
	zeros  int64 // how many bytes of it were counted, not hashed
	hollow map[int64]index.Hash
	none   []byte // zeros
}

func newHasher() *hasher {
	return &hasher{sum: sha256.New(), hollow: map[int64]index.Hash{}}
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

// end closes the block begun.
func (h *hasher) end() {
	size := int32(h.size)
	h.blocks = append(h.blocks, index.Block{Size: size, Hash: h.take()})
}

// take returns the hash of the block begun and starts the next.
func (h *hasher) take() index.Hash {
	defer func() { h.size, h.zeros = 0, 0; h.sum.Reset() }()
	if h.zeros != h.size {
		return index.Hash(h.sum.Sum(nil))
	}
	if known, ok := h.hollow[h.size]; ok {
		return known
	}
	h.writeZeros(h.zeros)
	got := index.Hash(h.sum.Sum(nil))
	h.hollow[h.size] = got
	return got
}

// finish closes the last block. A file without any byte has one all the same.
func (h *hasher) finish() {
	if h.size > 0 || len(h.blocks) == 0 {
		h.end()
	}
}

func isZero(p []byte) bool {
	return p[0] == 0 && p[len(p)-1] == 0 && bytes.Equal(p[:len(p)-1], p[1:])
}

// Along reports whether r begins with the content that a block list stands
// for. It reads no further than the first block that differs, nor beyond the
// list's end.
func Along(ctx context.Context, r io.Reader, blocks []index.Block) (bool, error) {
	h := newHasher()
	buf := make([]byte, piece)
	for i := range blocks {
		for rest := int64(blocks[i].Size); rest > 0; {
			p := buf[:min(rest, piece)]
			if err := ctx.Err(); err != nil {
				return false, err
			}
			switch _, err := io.ReadFull(r, p); err {
			case nil:
			case io.EOF, io.ErrUnexpectedEOF:
				return false, nil
			default:
				return false, fmt.Errorf("read content: %w", err)
			}
			h.write(p)
			rest -= int64(len(p))
		}
		if h.take() != blocks[i].Hash {
			return false, nil
		}
	}
	return true, nil
}
