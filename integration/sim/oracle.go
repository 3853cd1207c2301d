package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// Violation is an invariant that does not hold.
type Violation struct {
	Invariant string
	Text      string
}

func (v Violation) String() string { return v.Invariant + ": " + v.Text }

func (w *World) violate(invariant string, d *Device, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if d != nil {
		text = "device " + d.name + ": " + text
	}
	w.note(nil, "?", invariant+": "+text)
	w.failed = append(w.failed, Violation{invariant, text})
}

// judge holds the world at rest against the invariants.
func (w *World) judge() {
	if len(w.failed) > 0 || w.ctx.Err() != nil {
		return
	}
	if w.allRun(); len(w.failed) > 0 {
		return // the rest asks them
	}
	w.converged()
	w.nothingLost()
	w.outOfSight()
	w.nothingReturns()
	w.nothingPartial()
	w.needsNothing()
	if len(w.failed) == 0 {
		w.staysQuiet()
	}
}

// allRun is a part of I6: whatever has happened, every folder starts.
func (w *World) allRun() {
	for _, d := range w.devices {
		if d.engine == nil {
			w.violate("I6", d, "its folder does not start")
		}
	}
}

// converged is I1: all visible trees are the same, on disk.
func (w *World) converged() {
	first := w.devices[0].tree()
	for _, d := range w.devices[1:] {
		other := d.tree()
		for _, name := range sortedKeys(union(first, other)) {
			x, y := first[name], other[name]
			if w.withheld(name) || d.cannotOverride(name, x, y) || w.devices[0].cannotOverride(name, y, x) {
				continue
			}
			if !alike(x, y, w.devices[0].fs.Capabilities(), d.fs.Capabilities()) {
				w.violate("I1", nil, "%q is %s on a and %s on %s; heads on a: %s; on %s: %s", name,
					describeFound(x), describeFound(y), d.name, w.devices[0].heads(name), d.name, d.heads(name))
				return
			}
		}
	}
}

// excuses are the codes of problems that a file system gives reason for.
var excuses = map[string]bool{
	plan.CodeUnheld: true, plan.CodeNameTwin: true, plan.CodeTooLong: true,
}

// withheld reports whether any device cannot hold a name: nor does it pass that
// on.
func (w *World) withheld(name string) bool {
	return slices.ContainsFunc(w.devices, func(d *Device) bool { return d.withholds(name) })
}

// withholds reports whether the device says that it cannot hold a name, a
// directory that it is in, or one that its file system does not tell from it.
func (d *Device) withholds(name string) bool {
	exact := d.fs.Capabilities().CaseSensitive
	return slices.ContainsFunc(d.unheld(), func(unheld string) bool {
		for at := name; at != ""; at = parentOf(at) {
			if at == unheld || !exact && strings.EqualFold(at, unheld) {
				return true
			}
		}
		return false
	})
}

// unheld lists the names that the device says its file system cannot hold.
func (d *Device) unheld() (names []string) {
	caps := d.fs.Capabilities()
	if caps.Symlinks && caps.CaseSensitive && caps.UnicodeExact && caps.MaxName == memfs.Linux().MaxName {
		return nil
	}
	for _, p := range d.engine.Snapshot().Problems {
		if excuses[p.Code] {
			names = append(names, p.Name)
		}
	}
	return names
}

// cannotOverride reports whether a directory stays with others, against the will
// of a send-only device that has nothing there, for what somebody in between
// cannot hold: that does not come by, so that no override can know of it.
func (d *Device) cannotOverride(name string, theirs, own *memfs.Item) bool {
	if !d.setup.SendOnly || own != nil || theirs == nil || theirs.Kind != folderfs.Directory {
		return false
	}
	return slices.ContainsFunc(d.w.devices, func(other *Device) bool {
		return slices.ContainsFunc(other.unheld(), func(at string) bool { return strings.HasPrefix(at, name+"/") })
	})
}

// alike reports whether two devices show the same at a name, as far as both of
// their file systems can.
func alike(x, y *memfs.Item, a, b folderfs.Capabilities) bool {
	if x == nil || y == nil {
		return x == y
	}
	if x.Kind != y.Kind || x.Text != y.Text || !bytes.Equal(x.Content, y.Content) {
		return false
	}
	if a.Modes && b.Modes && x.Kind != folderfs.Symlink && x.Mode != y.Mode {
		return false
	}
	apart := max(x.Mtime-y.Mtime, y.Mtime-x.Mtime)
	return x.Kind != folderfs.File || apart < int64(max(a.MtimeGranularity, b.MtimeGranularity))
}

func union(a, b map[string]*memfs.Item) map[string]*memfs.Item {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// tree is what a person sees.
func (d *Device) tree() map[string]*memfs.Item {
	items, err := d.user.Tree("")
	d.check("Tree", err)
	out := map[string]*memfs.Item{}
	for i := range items {
		out[norm.NFC.String(items[i].Path)] = &items[i]
	}
	return out
}

// heads is what the index knows of a name, for messages.
func (d *Device) heads(name string) string {
	s, ok, err := d.index.State(d.w.ctx, name)
	d.check("State", err)
	if !ok {
		return "unknown"
	}
	var out []string
	if s.Local != nil {
		out = append(out, fmt.Sprintf("holds %s flags %b", describeEntry(d.w, &s.Local.Entry), s.Local.Flags))
	}
	for i := range s.Heads {
		out = append(out, "head "+describeEntry(d.w, &s.Heads[i].Entry))
	}
	return strings.Join(out, ", ") + fmt.Sprintf(" (dirty %d)", s.Dirty)
}

// nothingLost is I2: what a user wrote, and no user destroyed, is somewhere.
func (w *World) nothingLost() {
	have := map[content]bool{}
	for _, d := range w.devices {
		for _, item := range d.everything() {
			have[contentOf(&item)] = true
		}
	}
	var lost []string
	for c, where := range w.ghost.written {
		if !have[c] && !w.ghost.gone[c] {
			lost = append(lost, fmt.Sprintf("%x written at %s", c.hash[:4], where))
		}
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		w.violate("I2", nil, "lost: %s", strings.Join(lost, "; "))
	}
}

// nothingPartial is I3 at rest: all that is visible was written by a user.
func (w *World) nothingPartial() {
	for _, d := range w.devices {
		items, err := d.user.Tree("")
		d.check("Tree", err)
		for i := range items {
			if items[i].Kind == folderfs.Directory {
				continue
			}
			if _, ok := w.ghost.written[contentOf(&items[i])]; !ok {
				w.violate("I3", d, "%q has content that nobody wrote: %s", items[i].Path, describeItem(&items[i]))
			}
		}
	}
}

// needsNothing is I20: no name waits, nothing failed.
func (w *World) needsNothing() {
	for _, d := range w.devices {
		for pass := index.DirtyLive; pass <= index.DirtyGoneDirectory; pass++ {
			page, err := d.index.Dirty(w.ctx, pass, "", 10)
			d.check("Dirty", err)
			for i := range page {
				if !d.withholds(page[i].Name) {
					w.violate("I20", d, "%q still waits: %s", page[i].Name, d.heads(page[i].Name))
				}
			}
		}
		s := d.engine.Snapshot()
		for _, p := range s.Problems {
			if !excuses[p.Code] {
				w.violate("I20", d, "problem of %q: %s: %s", p.Name, p.Code, p.Text)
			}
		}
		if s.Working != 0 || s.Scanning || !s.Resting || !d.wake.IsZero() && len(s.Problems) == 0 {
			w.violate("I6", d, "not at rest: %+v, wakes at %v", s, d.wake)
		}
	}
}

// staysQuiet is I6: another scan of everything changes and tells nothing.
func (w *World) staysQuiet() {
	type state struct {
		sequence int64
		sends    int
	}
	var before []state
	for _, d := range w.devices {
		before = append(before, state{d.sequence(), d.sends})
	}
	w.rescan(func(*Device) bool { return true })
	for i, d := range w.devices {
		if now := (state{d.sequence(), d.sends}); now != before[i] {
			w.violate("I6", d, "another scan brought sequence and messages from %v to %v", before[i], now)
		}
	}
}

func describeItem(item *memfs.Item) string {
	switch item.Kind {
	case folderfs.Directory:
		return fmt.Sprintf("directory %o", item.Mode)
	case folderfs.Symlink:
		return "link to " + item.Text
	}
	text := item.Content
	if len(text) > 100 {
		text = text[:100]
	}
	return fmt.Sprintf("file %o %d of %d %q", item.Mode, item.Mtime, item.Size, text)
}
