package sim

import (
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/engine"
)

// content is the identity of bytes: the hash of a file's or of a link's text.
type content struct {
	kind folderfs.Kind
	hash [sha256.Size]byte
}

func contentOf(item *memfs.Item) content {
	if item.Kind == folderfs.Symlink {
		return content{item.Kind, sha256.Sum256([]byte(item.Text))}
	}
	return content{item.Kind, sha256.Sum256(item.Content)}
}

// ghost remembers what no part of the product knows: all that users wrote, and
// what they destroyed themselves.
type ghost struct {
	texts   int
	written map[content]string // where first, for messages
	gone    map[content]bool   // by a user, when no other copy was left
}

func newGhost() ghost {
	return ghost{written: map[content]string{}, gone: map[content]bool{}}
}

// everything lists the files and links that a device has: in the tree, and what
// is kept in the work directory.
func (d *Device) everything() []memfs.Item {
	var out []memfs.Item
	for _, dir := range []string{"", folderfs.DisplacedDir, folderfs.RecoverDir} {
		items, err := d.user.Tree(dir)
		d.check("Tree", err)
		for i := range items {
			if items[i].Kind == folderfs.File || items[i].Kind == folderfs.Symlink {
				out = append(out, items[i])
			}
		}
	}
	return out
}

// view is a device's folder at one moment.
type view struct {
	tree map[string]memfs.Item
	has  map[content]string
}

func (d *Device) look() view {
	items, err := d.user.Tree("")
	d.check("Tree", err)
	v := view{tree: map[string]memfs.Item{}, has: map[content]string{}}
	for i := range items {
		v.tree[items[i].Path] = items[i]
	}
	for _, item := range d.everything() {
		c := contentOf(&item)
		if _, ok := v.has[c]; !ok {
			v.has[c] = item.Path
		}
	}
	return v
}

// noteEdits takes note of what a user has done: of the content that is new or
// destroyed, and of the names that a scan may record a version for. The kernel
// tells of the topmost names only.
func (d *Device) noteEdits(before, after view) {
	g := &d.w.ghost
	for c, path := range after.has {
		if _, had := before.has[c]; !had {
			g.written[c] = d.name + ":" + path
			d.wrote[index.HashBlocks([]index.Block{{Hash: c.hash}})] = true
			d.wrote[c.hash] = true // of a link
			delete(g.gone, c)
		}
	}
	for c := range before.has {
		if _, has := after.has[c]; !has && d.w.copies(c) == 0 {
			g.gone[c] = true
		}
	}
	changed := differences(before.tree, after.tree)
	for _, name := range changed {
		d.edits.touched[name] = d.w.steps
		if i := strings.LastIndexByte(name, '/'); i >= 0 && slices.Contains(changed, name[:i]) {
			continue
		}
		d.notify(engine.Scope{Name: name, Recursive: after.tree[name].Kind == folderfs.Directory})
	}
}

// differences lists the names whose facts differ, in order.
func differences(before, after map[string]memfs.Item) []string {
	var out []string
	for name := range before {
		if _, ok := after[name]; !ok {
			out = append(out, name)
		}
	}
	for name, item := range after {
		was, ok := before[name]
		if !ok || was.Inode != item.Inode || was.Kind != item.Kind || was.Mode != item.Mode ||
			item.Kind != folderfs.Directory && (was.Size != item.Size || was.Mtime != item.Mtime || was.Ctime != item.Ctime) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// copies counts the devices that have a content.
func (w *World) copies(c content) int {
	n := 0
	for _, d := range w.devices {
		if slices.ContainsFunc(d.everything(), func(i memfs.Item) bool { return contentOf(&i) == c }) {
			n++
		}
	}
	return n
}

// edits is what a device's user did, to tell a local version from an echo.
type edits struct {
	touched  map[string]int    // step of the last change of a name by a user
	consumed map[string]int    // step in which the scan began that recorded it
	scans    map[engine.ID]int // step in which a scan began
	recorded bool              // the last batch of the scan under way
}

func newEdits() edits {
	return edits{touched: map[string]int{}, consumed: map[string]int{}, scans: map[engine.ID]int{}}
}

// lastTouch is the last change of a name or of a directory that it is in.
func (e *edits) lastTouch(name string) (step int, ever bool) {
	for {
		if at, ok := e.touched[name]; ok {
			step, ever = max(step, at), true
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return step, ever
		}
		name = name[:i]
	}
}

func (e *edits) scanBegins(id engine.ID, step int) { e.scans[id] = step }

// echoes lists the new versions that a scan came to although no user changed
// the name and none wrote the content (an edit just behind a rename may be put
// back under the old name with it): I19. A commit still has to be made of them.
func (d *Device) echoes(x *engine.Commit) map[string]string {
	if _, ok := d.edits.scans[x.Scan]; !ok {
		return nil
	}
	out := map[string]string{}
	for i := range x.Changes {
		c := &x.Changes[i]
		if c.Quiet || c.Base.Compare(c.Entry.Version) == index.Equal || c.Entry.ModifiedBy != d.replica() {
			continue
		}
		name := c.Entry.Name
		touched, ever := d.edits.lastTouch(name)
		consumed, before := d.edits.consumed[name]
		if (!ever || before && touched < consumed) && !d.mayDiffer(c) && !d.wrote[c.Entry.Hash] {
			out[name] = describeEntry(d.w, &c.Entry)
		}
	}
	return out
}

// consume takes note that what users did to a name before a scan is recorded.
func (d *Device) consume(scan engine.ID, name string) {
	if began, ok := d.edits.scans[scan]; ok {
		d.edits.consumed[name] = began
	}
}

// mayDiffer reports whether disk and index may differ without a user: of a
// directory that had to be made for what is in it, since its own entry had not
// come or it was deleted here; and where the index itself says that it is not
// certain.
func (d *Device) mayDiffer(c *index.Change) bool {
	held, err := d.index.Local(d.w.ctx, c.Entry.Name)
	d.check("Local", err)
	return c.Entry.Type == index.Directory && (held == nil || held.Entry.Deleted) || held != nil && held.Flags&index.MustRescan != 0
}

func (d *Device) replica() index.Replica {
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	return who.Replica
}

// sortedKeys makes what ranges over a map independent of its order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
