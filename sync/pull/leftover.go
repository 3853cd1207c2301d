package pull

import (
	"cmp"
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// A program that rewrites a large file in place truncates it first. If that is
// announced and placed here, the old version lies among the displaced files
// when the rest comes, and most of its blocks are in the new one. The index
// knows the blocks of what is held only; so this remembers those of files in
// the work directory: displaced, complete and not placed, partial and given up.
//
// It is kept in memory, bounded, and does not survive a restart. After one, a
// work file is still found by the hash of its whole content.

// Bounds of what is remembered: about 6 MB, or 16 GB of content in blocks of
// 128 KiB. The oldest is forgotten first.
const (
	maxLeftovers = 1024
	maxPlaces    = 1 << 17
)

// leftovers are work files whose blocks are known. The zero value is empty.
type leftovers struct {
	files  map[string]leftover // by name
	places int                 // of all of them
	serial uint64
}

// leftover is where blocks should lie in a file. The places do not change.
type leftover struct {
	serial uint64
	places []place
}

type place struct {
	hash index.Hash
	at   int64
}

// add remembers a file, in the stead of any other of that name. One with a
// single block is found by its hash, it needs no remembering.
func (l *leftovers) add(name string, places []place) {
	l.moved(name, "")
	if len(places) < 2 || len(places) > maxPlaces {
		return
	}
	if l.files == nil {
		l.files = map[string]leftover{}
	}
	for len(l.files) >= maxLeftovers || l.places+len(places) > maxPlaces {
		l.moved(l.oldest(), "")
	}
	l.serial++
	l.files[name] = leftover{l.serial, places}
	l.places += len(places)
}

// moved follows a file to another name, or forgets it if that is none of a
// work file.
func (l *leftovers) moved(from, to string) {
	f, ok := l.files[from]
	if !ok || from == to {
		return
	}
	delete(l.files, from)
	l.places -= len(f.places)
	if _, ok := folderfs.ParseWork(to); ok {
		l.moved(to, "")
		l.files[to] = f
		l.places += len(f.places)
	}
}

func (l *leftovers) oldest() (name string) {
	least := l.serial + 1
	for n, f := range l.files {
		if f.serial < least {
			name, least = n, f.serial
		}
	}
	return name
}

// newest returns the names, that of the latest first.
func (l *leftovers) newest() []string {
	names := sortedKeys(l.files)
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(l.files[b].serial, l.files[a].serial) })
	return names
}

// noteBlocks remembers the blocks of a work file, but for those it lacks.
func (p *Puller) noteBlocks(name string, blocks []index.Block, lacks []need) {
	missing := make(map[index.Hash]bool, len(lacks))
	for i := range lacks {
		missing[lacks[i].block.Hash] = true
	}
	places := make([]place, 0, len(blocks))
	var at int64
	for _, b := range blocks {
		if !missing[b.Hash] {
			places = append(places, place{b.Hash, at})
		}
		at += int64(b.Size)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leftovers.add(name, places)
}

// noteComplete adds a complete work file to the lists.
func (p *Puller) noteComplete(j *job, name string) {
	p.noteWork(name, "")
	p.noteBlocks(name, j.want.Blocks, nil)
}

// giveUp ends a job whose blocks have not all come. Those that have serve the
// next version too.
func (p *Puller) giveUp(j *job, o plan.Outcome) {
	if !j.small() {
		p.noteBlocks(tempOf(&j.want, folderfs.Partial), j.want.Blocks, j.needs)
	}
	j.fail(o)
}

// reuseLeftovers looks for what the jobs miss in files of the work directory,
// the latest first.
func (p *Puller) reuseLeftovers(ctx context.Context, jobs []*job) error {
	wanted := map[index.Hash]bool{}
	for _, j := range jobs {
		if len(j.want.Blocks) < 2 {
			continue
		}
		for i := range j.needs {
			wanted[j.needs[i].block.Hash] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	p.mu.Lock()
	names := p.leftovers.newest()
	files := make([]leftover, len(names))
	for i, name := range names {
		files[i] = p.leftovers.files[name]
	}
	p.mu.Unlock()
	for i, name := range names {
		offsets := map[index.Hash]int64{}
		for _, b := range files[i].places {
			if wanted[b.hash] {
				offsets[b.hash] = b.at
			}
		}
		if len(offsets) == 0 {
			continue
		}
		if err := p.reuseFrom(ctx, jobs, name, offsets); err != nil {
			return err
		}
	}
	return nil
}
