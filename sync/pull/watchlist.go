package pull

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// watchKey is the setting with the number of the first batch; the batches
// themselves are at watchKey + "." + number, without a gap.
const watchKey = "pull.displaced"

// watchlist is what was displaced lately, in batches as it was. Its copy in
// the store is written before the step is recorded.
type watchlist struct {
	loaded      bool
	first, next uint64
	batches     map[uint64][]watched
}

// watched is a displaced file that some program may still have open.
type watched struct {
	Work   string
	Name   string
	Base   []byte // version of the content that was displaced, encoded
	Blocks []byte // its block list, encoded
	Class  int32  // its BlockSize
	Size   int64  // facts when last looked at
	Mtime  int64
	At     int64 // when it was displaced or last seen to change, ns
	Busy   int   // how often it was found open for writing
}

func (p *Puller) loadWatched(ctx context.Context) error {
	w := &p.watch
	if w.loaded {
		return nil
	}
	text, err := p.idx.Setting(ctx, watchKey)
	if err != nil {
		return err
	}
	if text != nil {
		if w.first, err = strconv.ParseUint(string(text), 10, 64); err != nil {
			return fmt.Errorf("setting %s: %w", watchKey, err)
		}
	}
	w.batches = map[uint64][]watched{}
	for w.next = w.first; ; w.next++ {
		text, err := p.idx.Setting(ctx, batchKey(w.next))
		if err != nil {
			return err
		}
		if text == nil {
			break
		}
		var batch []watched
		if err := json.Unmarshal(text, &batch); err != nil {
			return fmt.Errorf("setting %s: %w", batchKey(w.next), err)
		}
		w.batches[w.next] = batch
	}
	w.loaded = true
	return nil
}

func batchKey(n uint64) string { return watchKey + "." + strconv.FormatUint(n, 10) }

func (p *Puller) storeBatch(ctx context.Context, n uint64) error {
	text, err := json.Marshal(p.watch.batches[n])
	if err != nil {
		return err
	}
	return p.idx.SetSetting(ctx, batchKey(n), text)
}

// addWatched begins a new batch.
func (p *Puller) addWatched(ctx context.Context, batch []watched) error {
	if len(batch) == 0 {
		return nil
	}
	if err := p.loadWatched(ctx); err != nil {
		return err
	}
	w := &p.watch
	w.batches[w.next] = batch
	if err := p.storeBatch(ctx, w.next); err != nil {
		delete(w.batches, w.next)
		return err
	}
	w.next++
	for i := range batch {
		p.noteBlocks(batch[i].Work, decodeBlocks(batch[i].Blocks), nil)
	}
	return nil
}

// dropWatched forgets batches that are done, from the front: first the number,
// so that a crash in between leaves no gap.
func (p *Puller) dropWatched(ctx context.Context) error {
	w := &p.watch
	first := w.first
	for first < w.next && len(w.batches[first]) == 0 {
		first++
	}
	if first == w.first {
		return nil
	}
	if err := p.idx.SetSetting(ctx, watchKey, strconv.AppendUint(nil, first, 10)); err != nil {
		return err
	}
	for ; w.first < first; w.first++ {
		if err := p.idx.SetSetting(ctx, batchKey(w.first), nil); err != nil {
			return err
		}
		delete(w.batches, w.first)
	}
	return nil
}

// remember puts what a group has displaced on the list, durably.
func (g *group) remember() error {
	now := g.opt.Now().UnixNano()
	var batch []watched
	for _, s := range g.steps {
		if s.stray {
			batch = append(batch, watchedOf(s.a.Name, s.work, &s.want, s.was, now))
		}
		if !s.taken || s.end != placed && s.end != undone {
			continue
		}
		if s.held.Entry.Type != index.File && (s.end == placed || !s.saved) {
			continue // nobody writes to a link
		}
		if s.saved && g.opt.Direction == plan.ReceiveOnly {
			continue // no version is made of it, whatever is written to it
		}
		batch = append(batch, watchedOf(s.a.Name, s.work, &s.held.Entry, s.was, now))
	}
	return g.addWatched(g.ctx, batch)
}

func (p *Puller) watched(name, work string, e *index.Entry, now int64) (watched, bool) {
	info, err := p.fs.Lstat(work)
	if isGone(err) {
		return watched{}, false
	}
	if err != nil {
		info.Size = -1 // to be looked at once that is possible
	}
	return watchedOf(name, work, e, info, now), true
}

func watchedOf(name, work string, e *index.Entry, info folderfs.Info, now int64) watched {
	return watched{
		Work: work, Name: name, Base: e.Version.Append(nil), Blocks: encodeBlocks(e.Blocks), Class: e.BlockSize,
		Size: info.Size, Mtime: info.Mtime, At: now,
	}
}

// encodeBlocks writes a block list as 4 bytes of size and 32 of hash each.
func encodeBlocks(blocks []index.Block) []byte {
	var b []byte
	for i := range blocks {
		b = binary.BigEndian.AppendUint32(b, uint32(blocks[i].Size))
		b = append(b, blocks[i].Hash[:]...)
	}
	return b
}

func decodeBlocks(b []byte) []index.Block {
	const size = 4 + len(index.Hash{})
	blocks := make([]index.Block, 0, len(b)/size)
	for ; len(b) >= size; b = b[size:] {
		blocks = append(blocks, index.Block{Size: int32(binary.BigEndian.Uint32(b)), Hash: index.Hash(b[4:size])})
	}
	return blocks
}
