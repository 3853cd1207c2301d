package serve

import (
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// elsewhere looks for a block that is not, or no longer, in the file asked for.
func (b *batch) elsewhere(k *known, r *Range) ([]byte, error) {
	k.addVersions()
	for i := range k.lists {
		l := &k.lists[i]
		block, start, ok := l.find(r)
		if !ok {
			continue
		}
		if p, err := b.search(block, l, r, start); p != nil || err != nil {
			return p, err
		}
	}
	return nil, ErrNoBlock
}

// search tries what was verified last, the work files of a content, then other
// files with the block. It returns the range, nil if there is none.
func (b *batch) search(block index.Block, l *list, r *Range, start int64) ([]byte, error) {
	if b.found.path != "" && b.found.block == block {
		if p := b.part(r, start); p != nil {
			return p, nil
		}
	}
	names, err := b.works.of(b.fs, l.entry.Hash)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if p := b.read(name, start, block, r, start); p != nil {
			return p, nil
		}
	}
	if err := b.findBlocks(); err != nil {
		return nil, err
	}
	at, ok := b.places[block.Hash]
	if !ok {
		return nil, nil
	}
	other, err := b.look(at.Name)
	if err != nil || other.refused || other.path == "" {
		return nil, err
	}
	return b.read(other.path, at.Offset, block, r, start), nil
}

// findBlocks searches the index for the blocks of the whole batch, once: it
// reads all of it.
func (b *batch) findBlocks() error {
	if b.places != nil {
		return nil
	}
	b.places = map[index.Hash]index.BlockPlace{}
	wanted := make(map[index.Hash]struct{}, len(b.want))
	for i := range b.want {
		wanted[b.want[i].Hash] = struct{}{}
	}
	return b.idx.FindBlocks(b.ctx, wanted, func(h index.Hash, at index.BlockPlace) { b.places[h] = at })
}

// works is a list of the work files by content, read anew when a directory has
// changed.
type works struct {
	mu     sync.Mutex // guards what follows
	mtimes [2]int64
	byHash map[index.Hash][]string
}

// of returns the work files that may hold a content. None is believed: the
// block read is checked.
func (w *works) of(fs folderfs.Reader, content index.Hash) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	dirs := [2]string{folderfs.TempDir, folderfs.DisplacedDir}
	var mtimes [2]int64
	for i, dir := range dirs {
		info, err := fs.Lstat(dir)
		if err != nil {
			return nil, err
		}
		mtimes[i] = info.Mtime
	}
	if w.byHash == nil || mtimes != w.mtimes {
		byHash := map[index.Hash][]string{}
		for _, dir := range dirs {
			infos, err := fs.ReadDir(dir)
			if err != nil {
				return nil, err
			}
			for i := range infos {
				name := dir + "/" + infos[i].Name
				if f, ok := folderfs.ParseWork(name); ok && f.Kind != folderfs.Partial && infos[i].Kind == folderfs.File {
					byHash[f.Hash] = append(byHash[f.Hash], name)
				}
			}
		}
		w.byHash, w.mtimes = byHash, mtimes
	}
	return w.byHash[content], nil
}
