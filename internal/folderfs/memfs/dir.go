package memfs

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/internal/folderfs"
)

// entry is a name in a directory.
type entry struct {
	name  string // as the disk spells it
	inode *inode // nil: no such name
}

// entries are a directory's names under the keys that names are compared by.
type entries map[string]entry

// sorted lists names in order, the only way a directory is gone through.
func (e entries) sorted() []entry {
	list := make([]entry, 0, len(e))
	for _, one := range e {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	return list
}

// slot is a name's place: a directory and a key in it.
type slot struct {
	dir *inode
	key string
}

// record is one change of names, atomic: all its edits or none.
type record struct {
	edits []edit
	// journalled: durable where records keep their order per directory (with
	// all that came before); synced: durable even where only records on the
	// same name keep theirs. Whatever is synced is journalled.
	journalled, synced bool
}

type edit struct {
	slot
	entry entry
}

// apply changes names as programs see them, and logs it.
func (f *FS) apply(edits ...edit) {
	now := f.clock()
	for _, e := range edits {
		old := e.dir.entries[e.key].inode
		if e.entry.inode != nil {
			e.entry.inode.links++
			e.dir.entries[e.key] = e.entry
		} else {
			delete(e.dir.entries, e.key)
		}
		if old != nil {
			old.links--
			f.gone = append(f.gone, old)
		}
		e.dir.now.mtime, e.dir.now.ctime, e.dir.unsynced = now, now, true
	}
	f.log = append(f.log, record{edits: edits})
	f.release()
}

// release frees the numbers of inodes that have neither name nor descriptor.
// Their content stays for crashes that bring a name back.
func (f *FS) release() {
	for _, i := range f.gone {
		if i.links == 0 && i.open == 0 && !i.freed {
			i.freed = true
			f.used -= i.now.size
			if !f.opts.FreshInodes {
				f.free = append(f.free, i.number)
			}
		}
	}
	f.gone = f.gone[:0]
}

// syncDir makes the records of a directory durable.
func (f *FS) syncDir(dir *inode) {
	f.markJournalled(dir)
	f.markSynced(dir)
	f.fold()
}

// markJournalled goes back from the end: a record that must become durable
// pulls in all earlier ones of each directory it touches.
func (f *FS) markJournalled(dir *inode) {
	needed := map[*inode]bool{dir: true}
	for n := len(f.log) - 1; n >= 0; n-- {
		r := &f.log[n]
		if slices.ContainsFunc(r.edits, func(e edit) bool { return needed[e.dir] }) {
			r.journalled = true
			for _, e := range r.edits {
				needed[e.dir] = true
			}
		}
	}
}

// markSynced does the same by name.
func (f *FS) markSynced(dir *inode) {
	needed := map[slot]bool{}
	for n := len(f.log) - 1; n >= 0; n-- {
		r := &f.log[n]
		if slices.ContainsFunc(r.edits, func(e edit) bool { return e.dir == dir || needed[e.slot] }) {
			r.synced = true
			for _, e := range r.edits {
				needed[e.slot] = true
			}
		}
	}
}

// fold takes records that are durable in every mode out of the log. Earlier
// records on the same names are synced too, so the order stays.
func (f *FS) fold() {
	rest := f.log[:0]
	for _, r := range f.log {
		if !r.synced {
			rest = append(rest, r)
			continue
		}
		f.base.apply(r)
	}
	clear(f.log[len(rest):])
	f.log = rest
}

// names are the durable entries of each directory.
type names map[*inode]entries

func (n names) apply(r record) {
	for _, e := range r.edits {
		if n[e.dir] == nil {
			n[e.dir] = entries{}
		}
		if e.entry.inode == nil {
			delete(n[e.dir], e.key)
		} else {
			n[e.dir][e.key] = e.entry
		}
	}
}

// spell returns a component as this disk stores it, and the key it is found by.
func (f *FS) spell(component string) (stored, key string) {
	stored, key = component, component
	if !f.opts.Capabilities.UnicodeExact {
		stored = norm.NFD.String(component)
		key = stored
	}
	if !f.opts.Capabilities.CaseSensitive {
		key = strings.Map(foldRune, key)
	}
	return stored, key
}

// foldRune maps all cases of a letter to one (simple case folding).
func foldRune(r rune) rune {
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}

// check says whether this disk can hold a component.
func (f *FS) check(component string) error {
	if len(component) > f.opts.Capabilities.MaxName {
		return folderfs.ErrTooLong
	}
	if f.opts.ReservedNames && folderfs.ReservedOnWindows(component) {
		return folderfs.ErrName
	}
	return nil
}

// walk finds the directory of a name and the place of its last component.
func (f *FS) walk(name string) (slot, string, error) {
	dir := f.root
	for {
		component, rest, more := strings.Cut(name, "/")
		if err := f.check(component); err != nil {
			return slot{}, "", err
		}
		stored, key := f.spell(component)
		if !more {
			return slot{dir, key}, stored, nil
		}
		next := dir.entries[key].inode.top()
		switch {
		case next == nil:
			return slot{}, "", fs.ErrNotExist
		case next.kind != folderfs.Directory:
			return slot{}, "", folderfs.ErrNotDirectory
		}
		dir, name = next, rest
	}
}

// find returns what a name is; "" is the root.
func (f *FS) find(name string) (entry, error) {
	if err := folderfs.CheckName(name); err != nil {
		return entry{}, err
	}
	if name == "" {
		return entry{"", f.root}, nil
	}
	at, _, err := f.walk(name)
	if err != nil {
		return entry{}, err
	}
	found := at.dir.entries[at.key]
	if found.inode == nil {
		return entry{}, fs.ErrNotExist
	}
	found.inode = found.inode.top()
	return found, nil
}

// vacant returns the place of a name that must not exist yet.
func (f *FS) vacant(name string) (slot, string, error) {
	at, stored, err := f.walk(name)
	if err == nil && at.dir.entries[at.key].inode != nil {
		err = fs.ErrExist
	}
	return at, stored, err
}

// passes reports whether the way to a name leads through a directory: it cannot
// be moved there.
func (f *FS) passes(name string, through *inode) bool {
	dir := f.root
	for {
		component, rest, more := strings.Cut(name, "/")
		if dir == through {
			return true
		}
		if !more {
			return false
		}
		_, key := f.spell(component)
		if dir = dir.entries[key].inode.top(); dir == nil {
			return false
		}
		name = rest
	}
}

// top is what stands at a directory's name: the file system mounted there, if
// there is one.
func (i *inode) top() *inode {
	if i != nil && i.mounted != nil {
		return i.mounted
	}
	return i
}
