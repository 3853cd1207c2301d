package memfs

import (
	"math/rand/v2"

	"github.com/labsync/labsync/internal/folderfs"
)

// Mode is how much a crash may reorder changes of names.
type Mode uint8

const (
	// Ordered keeps a prefix of each directory's changes, like ext4 and xfs.
	Ordered Mode = iota
	// Weak keeps any of them, in order only on the same name.
	Weak
)

// Crash returns one of the folders that may be found after a loss of power at
// this moment; everything in it is durable, nothing is open, mounts are gone.
// The same generator state gives the same folder. The FS itself stays as it is,
// so that one moment can be crashed many times.
func (f *FS) Crash(rng *rand.Rand, mode Mode) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &crash{rng: rng, from: f, names: f.names(rng, mode), made: map[*inode]*inode{}, taken: map[uint64]bool{}}
	c.to = &FS{opts: f.opts, base: names{}, next: f.next, devices: 1}
	c.to.root = c.inode(f.root)
	return c.to
}

// names chooses which changes of names are kept.
func (f *FS) names(rng *rand.Rand, mode Mode) names {
	kept := names{}
	for dir, list := range f.base {
		kept[dir] = make(entries, len(list))
		for key, e := range list {
			kept[dir][key] = e
		}
	}
	if mode == Ordered {
		keepPrefixes(f.log, rng, kept)
	} else {
		keepByName(f.log, rng, kept)
	}
	return kept
}

// keepPrefixes draws for each directory how many of its records survive. A
// record that touches two directories survives if both let it; if not, none
// that follows in either does.
func keepPrefixes(log []record, rng *rand.Rand, kept names) {
	count := map[*inode]int{} // records of each directory, those that must stay first
	must := map[*inode]int{}
	var order []*inode
	for _, r := range log {
		for _, dir := range r.dirs() {
			if count[dir] == 0 {
				order = append(order, dir)
			}
			count[dir]++
			if r.journalled {
				must[dir] = count[dir]
			}
		}
	}
	left := map[*inode]int{}
	for _, dir := range order {
		left[dir] = must[dir] + rng.IntN(count[dir]-must[dir]+1)
	}
	for _, r := range log {
		survives := true
		for _, dir := range r.dirs() {
			survives = survives && left[dir] > 0
			left[dir]--
		}
		if survives {
			kept.apply(r)
			continue
		}
		for _, dir := range r.dirs() {
			left[dir] = 0
		}
	}
}

// keepByName flips a coin for each record and drops what follows a dropped one
// on the same name.
func keepByName(log []record, rng *rand.Rand, kept names) {
	dropped := map[slot]bool{}
	for _, r := range log {
		survives := r.synced || rng.IntN(2) == 0
		for _, e := range r.edits {
			survives = survives && !dropped[e.slot]
		}
		if survives {
			kept.apply(r)
			continue
		}
		for _, e := range r.edits {
			dropped[e.slot] = true
		}
	}
}

// dirs are the directories a record touches, each once.
func (r *record) dirs() []*inode {
	if len(r.edits) == 2 && r.edits[0].dir != r.edits[1].dir {
		return []*inode{r.edits[0].dir, r.edits[1].dir}
	}
	return []*inode{r.edits[0].dir}
}

// crash builds the folder that is found afterwards.
type crash struct {
	rng   *rand.Rand // nil: nothing is lost
	from  *FS
	to    *FS
	names names
	made  map[*inode]*inode // one for one, hard links included
	taken map[uint64]bool
}

// inode makes what an inode is after the crash, and all below it.
func (c *crash) inode(old *inode) *inode {
	if made := c.made[old]; made != nil {
		return made
	}
	made := &inode{number: old.number, kind: old.kind, device: old.device, text: old.text}
	if c.taken[made.number] { // the number of a removed file that is back
		made.number = c.to.next
		c.to.next++
	}
	c.taken[made.number] = true
	c.made[old] = made
	if c.rng == nil {
		made.durable = old.now
		made.durable.pages = append([][]byte(nil), old.now.pages...)
	} else {
		made.durable = old.afterCrash(c.rng, c.from.opts.PageSize)
	}
	made.now = made.durable
	made.now.pages = append([][]byte(nil), made.durable.pages...)
	made.pages = make([]pageMark, len(made.now.pages))
	made.settle()
	c.to.used += made.now.size
	if made.kind == folderfs.Directory {
		c.fill(made, c.names[old])
	}
	return made
}

func (c *crash) fill(dir *inode, list entries) {
	dir.entries = entries{}
	c.to.base[dir] = entries{}
	for _, e := range list.sorted() {
		below := c.inode(e.inode)
		below.links++
		_, key := c.to.spell(e.name)
		dir.entries[key] = entry{e.name, below}
		c.to.base[dir][key] = entry{e.name, below}
	}
}

// afterCrash draws content and facts between the durable and the seen ones.
func (i *inode) afterCrash(rng *rand.Rand, pageSize int) state {
	if !i.unsynced || i.kind == folderfs.Symlink {
		return i.durable
	}
	found := i.durable
	if rng.IntN(2) == 0 {
		found = i.now
	}
	found.size = [...]int64{i.durable.size, i.now.size, i.lowSize}[rng.IntN(3)]
	count := int((found.size + int64(pageSize) - 1) / int64(pageSize))
	found.pages = make([][]byte, count)
	for index := range found.pages {
		found.pages[index] = i.pageAfterCrash(index, rng)
	}
	if within := int(found.size % int64(pageSize)); within > 0 {
		if last := found.pages[count-1]; len(last) > within {
			found.pages[count-1] = last[:within:within]
		}
	}
	return found
}

func (i *inode) pageAfterCrash(index int, rng *rand.Rand) []byte {
	mark := dirty // cut off since: the old one or zeros
	if index < len(i.pages) {
		mark = i.pages[index]
	}
	switch mark {
	case clean:
		return i.now.page(index)
	case lost:
		return [...][]byte{i.durable.page(index), nil}[rng.IntN(2)]
	default:
		return [...][]byte{i.durable.page(index), i.now.page(index), nil}[rng.IntN(3)]
	}
}

// Copy returns the folder as a backup made at this moment has it when it is
// restored: all is durable, nothing is open, mounts are gone.
func (f *FS) Copy() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &crash{from: f, names: f.seenNames(), made: map[*inode]*inode{}, taken: map[uint64]bool{}}
	c.to = &FS{opts: f.opts, base: names{}, next: f.next, devices: 1}
	c.to.root = c.inode(f.root)
	return c.to
}

// seenNames are the names as programs see them.
func (f *FS) seenNames() names {
	seen := names{}
	f.eachInode(f.root, func(i *inode) {
		if i.kind == folderfs.Directory {
			seen[i] = i.entries
		}
	})
	return seen
}
