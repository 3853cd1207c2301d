package chunk

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/labsync/labsync/index"
)

const (
	shared  = 4 << 20 // bytes of a file from which on several goroutines hash it
	stretch = 1 << 20 // bytes that one of them takes at a time, or one block
)

// team hashes one large file: the caller cuts, and hands on stretches of whole
// blocks, by their place alone, to goroutines that read and hash them. So the
// memory needed does not depend on the blocks' size, and no more than a few
// stretches lie between the one that cuts and the last that hashes, which
// finds them in the system's cache.
type team struct {
	r      io.ReaderAt
	ground *terrain
	size   int64

	work   chan *run
	failed atomic.Bool // some run was not hashed

	// Of the caller's goroutine.
	runs   []*run
	last   *run    // that blocks are added to
	begun  int64   // bytes of the block begun
	solid  bool    // there is data among them
	hollow *hasher // of blocks in holes
}

// run is some blocks in a row, hashed by one goroutine. Blocks in holes have
// their hash from the beginning.
type run struct {
	at, size int64
	blocks   []index.Block
	err      error
}

func newTeam(r io.ReaderAt, size int64) *team {
	return &team{r: r, ground: newTerrain(r, size), size: size, last: &run{}, hollow: newHasher()}
}

func (t *team) blocks(ctx context.Context, cut cutter, spawn func(func())) ([]index.Block, error) {
	members := max(1, runtime.GOMAXPROCS(0))
	t.work = make(chan *run, members)
	var busy sync.WaitGroup
	busy.Add(members)
	for range members {
		spawn(func() {
			defer busy.Done()
			t.hash(ctx)
		})
	}
	err := t.cut(ctx, cut)
	close(t.work)
	busy.Wait()
	var list []index.Block
	for _, r := range t.runs {
		if r.err != nil && err == nil {
			err = r.err
		}
		list = append(list, r.blocks...)
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// hash is what a member does until there is no more work. After a failure
// nothing is worth hashing, but what is handed on has to be taken.
func (t *team) hash(ctx context.Context) {
	h, buf := newHasher(), make([]byte, piece)
	for r := range t.work {
		if t.failed.Load() {
			continue
		}
		at := r.at
		for i := range r.blocks {
			b := &r.blocks[i]
			if b.Hash == (index.Hash{}) {
				if b.Hash, r.err = h.block(ctx, t.r, at, int64(b.Size), buf); r.err != nil {
					t.failed.Store(true)
					break
				}
			}
			at += int64(b.Size)
		}
	}
}

// cut finds the blocks. Fixed ones are found without reading.
func (t *team) cut(ctx context.Context, cut cutter) error {
	_, blind := cut.(*fixedCutter)
	var buf []byte
	if !blind {
		buf = make([]byte, piece)
	}
	for at := int64(0); at < t.size && !t.failed.Load(); {
		n, hole := t.ground.at(at)
		if hole || blind {
			n, end := cut.zeros(n)
			t.add(n, end, !hole)
			at += n
			continue
		}
		p := buf[:min(n, int64(len(buf)))]
		if err := read(ctx, t.r, p, at); err != nil {
			return err
		}
		at += int64(len(p))
		for len(p) > 0 {
			n, end := cut.next(p)
			t.add(int64(n), end, true)
			p = p[n:]
		}
	}
	t.add(0, t.begun > 0, true)
	t.hand(1)
	return nil
}

// add takes the next n bytes, after which a block may end.
func (t *team) add(n int64, end, data bool) {
	t.begun += n
	t.solid = t.solid || data && n > 0
	if !end {
		return
	}
	b := index.Block{Size: int32(t.begun)}
	if !t.solid {
		t.hollow.addZeros(t.begun)
		b.Hash = t.hollow.take()
	}
	t.last.blocks = append(t.last.blocks, b)
	t.last.size += t.begun
	t.begun, t.solid = 0, false
	t.hand(stretch)
}

// hand gives the run that blocks were added to, if it has enough bytes, to the
// members.
func (t *team) hand(enough int64) {
	r := t.last
	if r.size < enough {
		return
	}
	t.runs = append(t.runs, r)
	t.last = &run{at: r.at + r.size}
	t.work <- r
}
