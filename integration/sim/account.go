package sim

import (
	"bytes"
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/chunk"
)

// accounts remember what every index recorded, to tell bytes that somebody
// replaced from bytes that merely went out of sight.
//
// A version that is more than the join of its ancestors among those that were
// recorded of its name stands for an act: somebody's edit or deletion, or a save
// that a placement displaced. What a replica's counter had come to elsewhere does
// not matter: a version may be lost with the power, and the clock be set back.
type accounts struct {
	known    map[string][]index.Version // all versions of a name
	acts     map[string][]index.Version // versions that stand for acts, by name
	recorded map[index.Hash][]record    // by content
	prefixes map[index.Hash]bool        // contents of files that were still growing
}

// record is a version that was held somewhere, or derived.
type record struct {
	name    string
	version index.Version
	size    int64
	blocks  []index.Block
}

func newAccounts() accounts {
	return accounts{
		known: map[string][]index.Version{}, acts: map[string][]index.Version{},
		recorded: map[index.Hash][]record{}, prefixes: map[index.Hash]bool{},
	}
}

// book takes note of what an index has recorded.
func (a *accounts) book(changes []index.Change, stale []int) {
	for i := range changes {
		if slices.Contains(stale, i) {
			continue
		}
		c := &changes[i]
		a.enter(&c.Entry, true)
		if c.Flags&index.Prefix != 0 {
			a.prefixes[c.Entry.Hash] = true
		}
		for j := range c.Derived {
			a.enter(&c.Derived[j], false) // keeps what lost elsewhere
		}
	}
}

func (a *accounts) enter(e *index.Entry, act bool) {
	var ancestors index.Version // and e's version itself, if it is known
	for _, v := range a.known[e.Name] {
		if e.Version.Dominates(v) {
			ancestors = ancestors.Merge(v)
		}
	}
	if ancestors.Compare(e.Version) != index.Equal && act {
		a.acts[e.Name] = append(a.acts[e.Name], e.Version)
	}
	if !slices.ContainsFunc(a.known[e.Name], func(v index.Version) bool { return v.Compare(e.Version) == index.Equal }) {
		a.known[e.Name] = append(a.known[e.Name], e.Version)
	}
	if e.Deleted || e.Type == index.Directory {
		return
	}
	a.recorded[e.Hash] = append(a.recorded[e.Hash], record{e.Name, e.Version, e.Size, e.Blocks})
}

// replaced reports whether somebody who knew a content put something else in
// its place or deleted it.
func (a *accounts) replaced(item *memfs.Item) bool {
	for hash, records := range a.recorded {
		if !slices.ContainsFunc(records, func(r record) bool { return r.holds(hash, item) }) {
			continue
		}
		for i := range records {
			if a.superseded(&records[i]) {
				return true
			}
		}
	}
	return false
}

func (a *accounts) superseded(r *record) bool {
	return slices.ContainsFunc(a.acts[r.name], func(w index.Version) bool { return w.Compare(r.version) == index.After })
}

// holds reports whether a record is of these bytes.
func (r *record) holds(hash index.Hash, item *memfs.Item) bool {
	c := contentOf(item)
	if item.Kind == folderfs.Symlink {
		return hash == c.hash
	}
	if len(r.blocks) < 2 {
		return hash == index.HashBlocks([]index.Block{{Hash: c.hash}})
	}
	if r.size != int64(len(item.Content)) {
		return false
	}
	same, err := chunk.Along(context.Background(), bytes.NewReader(item.Content), r.blocks)
	return err == nil && same
}

// outOfSight is the other half of I2: what is kept below the work directory only
// was replaced by somebody who knew it. A save that was displaced and of which
// no version was made, or a head that lost and got no name of its own, is lost
// to its author though its bytes are somewhere.
func (w *World) outOfSight() {
	visible := map[content]bool{}
	for _, d := range w.devices {
		items, err := d.user.Tree("")
		d.check("Tree", err)
		for i := range items {
			visible[contentOf(&items[i])] = true
		}
	}
	for _, d := range w.devices {
		if d.setup.ReceiveOnly {
			continue // what was changed here has been taken back
		}
		for _, dir := range []string{folderfs.DisplacedDir, folderfs.RecoverDir} {
			items, err := d.user.Tree(dir)
			d.check("Tree", err)
			for i := range items {
				c := contentOf(&items[i])
				if len(items[i].Content) == 0 && items[i].Kind == folderfs.File {
					continue // as a loss of power leaves many
				}
				if _, wrote := w.ghost.written[c]; wrote && !w.ghost.gone[c] && !w.ghost.forgotten[c] && !visible[c] && !w.ghost.replaced(&items[i]) {
					w.violate("I2", d, "%x, written at %s, is kept as %q only, though nobody replaced it", c.hash[:4], w.ghost.written[c], items[i].Path)
				}
			}
		}
	}
}
