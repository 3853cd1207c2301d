package scan

import (
	"runtime"

	"github.com/labsync/labsync/sync/chunk"
)

// Limits of one batch. A file is never split, and a batch of large files has
// two of them at least: whole files beside each other are hashed at a smaller
// cost than one file by several goroutines.
const (
	maxFound   = 1000
	maxBlocks  = 100_000   // block hashes in one emitted batch, about 4 MB
	maxReading = 256 << 20 // bytes read between two calls of emit
	minFiles   = 2
)

// push queues a candidate, in the order of the walk.
func (p *pass) push(c *candidate) error {
	p.queue = append(p.queue, c)
	if c.examine {
		p.files++
		p.reading += c.info.Size
	}
	if len(p.queue) >= maxFound || p.reading >= maxReading && p.files >= minFiles {
		return p.flush()
	}
	return nil
}

// flush reads what has to be read of the queue, and emits it.
func (p *pass) flush() error {
	files := make([]*candidate, 0, p.files)
	removed := false
	for _, c := range p.queue {
		if c.examine {
			files = append(files, c)
		}
		removed = removed || c.found.Kind == Removed
	}
	p.measure()
	p.opt.Parallel(len(files), func(i int) { files[i].err = p.examine(files[i]) })
	if removed {
		// The root is to be looked at when nothing else is waited for.
		if err := p.sent(); err != nil {
			return err
		}
		if err := p.trustRoot(); err != nil {
			return err
		}
	}
	queue := p.queue
	p.queue, p.files, p.reading = nil, 0, 0
	batch := make([]Found, 0, len(queue))
	blocks := 0
	for _, c := range queue {
		if c.err != nil {
			return c.err
		}
		if err := p.conclude(c); err != nil {
			return err
		}
		if len(batch) > 0 && blocks+len(c.found.Entry.Blocks) > maxBlocks {
			if err := p.send(batch); err != nil {
				return err
			}
			batch, blocks = nil, 0
		}
		batch = append(batch, c.found)
		blocks += len(c.found.Entry.Blocks)
	}
	if len(batch) == 0 {
		return p.ctx.Err()
	}
	return p.send(batch)
}

// send emits a batch when the one before it has been emitted, and does not wait
// for that: a batch waits for the disk where it is recorded, the next one for
// the processors.
func (p *pass) send(batch []Found) error {
	if err := p.sent(); err != nil {
		return err
	}
	done := make(chan error, 1)
	p.sending = done
	p.beside(func() { done <- p.emit(batch) })
	if p.opt.Spawn == nil {
		return p.sent()
	}
	return nil
}

// sent waits for the batch that is on its way, if any.
func (p *pass) sent() error {
	if p.sending == nil {
		return nil
	}
	err := <-p.sending
	p.sending = nil
	return err
}

// beside runs a function in another goroutine, which Scan waits for, or at once
// if there are none to be had.
func (p *pass) beside(f func()) {
	if p.opt.Spawn == nil {
		f()
		return
	}
	p.spawned.Add(1)
	p.opt.Spawn(func() {
		defer p.spawned.Done()
		f()
	})
}

// helpers returns Options.Spawn for a file that would keep the others of its
// batch waiting if one goroutine hashed it, else nil.
func (p *pass) helpers(size int64) func(func()) {
	if p.opt.Spawn == nil || size*int64(runtime.GOMAXPROCS(0)) <= p.reading {
		return nil
	}
	return p.opt.Spawn
}

// hasher returns a hasher to be used by one goroutine, and what gives it back.
func (p *pass) hasher() (*chunk.Hasher, func()) {
	h, ok := p.hashers.Get().(*chunk.Hasher)
	if !ok {
		h = new(chunk.Hasher)
	}
	return h, func() { p.hashers.Put(h) }
}
