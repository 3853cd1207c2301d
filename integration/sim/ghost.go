package sim

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

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
	causality
	accounts
	texts   int
	written map[content]string // where first, for messages
	gone    map[content]bool   // by a user, when no other copy was left
	// forgotten are contents of a device whose index was lost: of who replaced
	// them nothing can be said. They must still be somewhere.
	forgotten map[content]bool
}

func newGhost() ghost {
	return ghost{causality: newCausality(), accounts: newAccounts(), written: map[content]string{}, gone: map[content]bool{}, forgotten: map[content]bool{}}
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
		v.tree[norm.NFC.String(items[i].Path)] = items[i]
	}
	for _, item := range d.everything() {
		c := contentOf(&item)
		if _, ok := v.has[c]; !ok {
			v.has[c] = norm.NFC.String(item.Path)
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
			d.fragile.contents[c] = true
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
		d.fragile.names[name] = true
		if item, ok := before.tree[name]; ok {
			d.fragile.contents[contentOf(&item)] = true
			d.edits.gone[leftOf(&item).hash] = true
		}
		if item, ok := after.tree[name]; ok {
			d.fragile.contents[contentOf(&item)] = true
			d.edits.left[leftOf(&item)] = true
		}
		if i := strings.LastIndexByte(name, '/'); i >= 0 && slices.Contains(changed, name[:i]) {
			continue
		}
		d.notify(engine.Scope{Name: name, Recursive: after.tree[name].Kind == folderfs.Directory})
	}
	d.leaveFragile(changed)
}

// writeBack is how long a system keeps in memory only what programs wrote.
const writeBack = 30 * time.Second

// leaveHalf takes note of what was refused, and may have begun all the same: the
// program that gave up left it as it was.
func (d *Device) leaveHalf(name string) {
	d.fragile.names[name] = true
	if d.flushAt == 0 {
		d.flushAt = d.w.now + int64(writeBack)
	}
}

// leaveFragile makes durable what a careful user did; other users leave that to
// the system.
func (d *Device) leaveFragile(changed []string) {
	if len(changed) == 0 {
		return
	}
	if !d.setup.Careful {
		if d.flushAt == 0 {
			d.flushAt = d.w.now + int64(writeBack)
		}
		return
	}
	for _, name := range changed {
		if err := d.user.Sync(name); err != nil {
			d.check("Sync", err)
		}
	}
	d.fragile = newFragile()
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
		if !ok || was.Inode != item.Inode || was.Kind != item.Kind || was.Mode != item.Mode || was.Text != item.Text || !bytes.Equal(was.Content, item.Content) ||
			item.Kind != folderfs.Directory && (was.Size != item.Size || was.Mtime != item.Mtime || was.Ctime != item.Ctime) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// copies counts the devices that show a content. What is kept below the work
// directory does not count: it may be no more than on its way to a name.
func (w *World) copies(c content) int {
	n := 0
	for _, d := range w.devices {
		items, err := d.user.Tree("")
		d.check("Tree", err)
		if slices.ContainsFunc(items, func(i memfs.Item) bool { return contentOf(&i) == c }) {
			n++
		}
	}
	return n
}

// edits is what a device's user did, to tell a local version from an echo.
type edits struct {
	touched  map[string]int      // step of the last change of a name by a user
	consumed map[string]int      // step in which the scan began that recorded it
	scans    map[engine.ID]int   // step in which a scan began
	gone     map[index.Hash]bool // what it took away, likewise
	left     map[left]bool       // what its changes left, under whatever name labsync puts that
}

func newEdits() edits {
	return edits{touched: map[string]int{}, consumed: map[string]int{}, scans: map[engine.ID]int{}, left: map[left]bool{}, gone: map[index.Hash]bool{}}
}

// left is what a user's change has left of a file.
type left struct {
	hash  index.Hash
	mtime int64
	mode  uint32
}

func leftOf(item *memfs.Item) left {
	return left{index.HashBlocks([]index.Block{{Hash: contentOf(item).hash}}), item.Mtime, item.Mode}
}

// lastTouch is the last change of a name or of a directory that it is in.
func (e *edits) lastTouch(name string) (step int, ever bool) {
	for {
		if at, ok := e.touched[name]; ok {
			step, ever = max(step, at), true
		}
		if name = parentOf(name); name == "" {
			return step, ever
		}
	}
}

// unseen reports whether a user has changed a name, or a directory that it is
// in, and no scan that began later has been recorded.
func (e *edits) unseen(name string) bool {
	touched, ever := e.lastTouch(name)
	consumed, scanned := e.consumed[name]
	return ever && (!scanned || touched >= consumed)
}

// parentOf is the directory of a name, "" for the root.
func parentOf(name string) string { return name[:max(0, strings.LastIndexByte(name, '/'))] }

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
		if d.isHead(&c.Entry) {
			continue // no new version
		}
		if c.Entry.Deleted && d.edits.gone[c.Entry.Hash] {
			continue
		}
		if !d.edits.unseen(name) && !d.mayDiffer(c) && (c.Entry.Deleted || !d.wrote[c.Entry.Hash] && !d.edits.left[left{c.Entry.Hash, c.Entry.Mtime, c.Entry.Mode}]) {
			out[name] = describeEntry(d.w, &c.Entry)
		}
	}
	return out
}

func (d *Device) isHead(e *index.Entry) bool {
	s, _, err := d.index.State(d.w.ctx, e.Name)
	d.check("State", err)
	return slices.ContainsFunc(s.Heads, func(h index.Head) bool { return keyOf(&h.Entry) == keyOf(e) && meaning(&h.Entry) == meaning(e) })
}

// consume takes note that what users did to a name before a scan is recorded.
func (d *Device) consume(scan engine.ID, name string) {
	if began, ok := d.edits.scans[scan]; ok {
		d.edits.consumed[name] = began
	}
}

// mayDiffer reports whether disk and index may differ without a user: of a
// directory that had to be made for what is in it, since its own entry had not
// come or it was deleted here, if it ranks below all others, or that somebody had
// made at the old name of a rename; and where the index itself says that it is not
// certain, but of what it is: that nothing is there has to be somebody's doing.
func (d *Device) mayDiffer(c *index.Change) bool {
	s, _, err := d.index.State(d.w.ctx, c.Entry.Name)
	d.check("State", err)
	held := s.Local
	implied := c.Entry.Version.Counter(d.replica().Shadow()) > 0
	moved := slices.ContainsFunc(s.Heads, func(h index.Head) bool { return h.Entry.RenamedFrom != "" && d.edits.unseen(h.Entry.RenamedFrom) })
	return c.Entry.Type == index.Directory && (implied || moved) && (held == nil || held.Entry.Deleted) || held != nil && held.Flags&index.MustRescan != 0 && !c.Entry.Deleted
}

func (d *Device) replica() index.Replica {
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	return who.Replica
}

// sortedKeys makes what ranges over a map independent of its order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sortedContents lists contents by where they are.
func sortedContents(m map[content]string) []content {
	return slices.SortedFunc(maps.Keys(m), func(a, b content) int {
		return cmp.Or(cmp.Compare(m[a], m[b]), bytes.Compare(a.hash[:], b.hash[:]))
	})
}

// stands reports whether what was found is what an entry says.
func (d *Device) stands(found *memfs.Item, held *index.Held) bool {
	e := &held.Entry
	switch found.Kind {
	case folderfs.Directory:
		return e.Type == index.Directory
	case folderfs.Symlink:
		return e.Type == index.Symlink && e.Target == found.Text
	}
	full, err := d.index.Store.Local(d.w.ctx, e.Name)
	d.check("Local", err)
	if e.Type != index.File || full == nil {
		return false
	}
	rest := found.Content
	for _, b := range full.Entry.Blocks {
		if int(b.Size) > len(rest) || sha256.Sum256(rest[:b.Size]) != b.Hash {
			return false
		}
		rest = rest[b.Size:]
	}
	return len(rest) == 0
}
