package pull

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// far is the world outside: contents by hash, and devices that have them.
type far struct {
	mu       sync.Mutex
	contents map[index.Hash][]byte // by hash of a block
	starts   map[index.Hash]int64
	peers    []Peer
}

func (f *far) Peers(index.Hash) []Peer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.peers)
}

// connect adds a device, disconnect takes it away.
func (f *far) connect(p Peer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peers = append(f.peers, p)
}

func (f *far) disconnect(p Peer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peers = slices.DeleteFunc(f.peers, func(q Peer) bool { return q == p })
}

// peer answers from the contents, unless a test says otherwise.
type peer struct {
	id     device.ID
	far    *far
	mu     sync.Mutex
	asked  int64 // bytes
	calls  int
	answer func(r Range, right []byte) ([]byte, error)
}

func (p *peer) Device() device.ID { return p.id }

func (p *peer) Request(ctx context.Context, want []Range) ([][]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	out := make([][]byte, len(want))
	for i, r := range want {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r.Size > MaxRange {
			return nil, fmt.Errorf("range of %d bytes", r.Size)
		}
		p.far.mu.Lock()
		right := p.far.contents[r.Hash]
		p.far.mu.Unlock()
		if right != nil { // the store holds whole blocks; the range lies in the one it starts in
			start := p.far.start(r)
			right = right[r.Offset-start:][:r.Size]
		}
		p.asked += int64(r.Size)
		if p.answer == nil {
			out[i] = right
			continue
		}
		var err error
		if out[i], err = p.answer(r, right); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// start finds where in its file the block of a range begins: ranges of one
// block are MaxRange apart, and tests place no block twice in one file.
func (f *far) start(r Range) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.starts[r.Hash]
}
