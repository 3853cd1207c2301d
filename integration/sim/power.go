package sim

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/engine"
)

var (
	errOff  = errors.New("the machine is off")
	errSame = errors.New("nothing to do")
)

// befall carries out an operation that is none of a user.
func (w *World) befall(d *Device, o Operation) error {
	switch o.Kind {
	case Part, Meet, Drop, Lag, Split, Heal:
		return w.network(o)
	case Flush:
		d.flush()
	case Clock:
		d.setClock(o)
	case Full:
		d.fill(o)
	case Deafen:
		d.deafen(o)
	case Unplug:
		d.unplug(o)
	case Corrupt:
		d.lie(o)
	case Backdate, Restore, Forget, Clone:
		return d.identify(o)
	default:
		return d.strike(o)
	}
	return nil
}

// strike lets a fault strike now, or at a step to come.
func (d *Device) strike(o Operation) error {
	switch {
	case d.off, o.Kind == Kill && d.upAt != 0:
		return errOff
	case o.Kind != Crash && o.Kind != Kill, o.Count&^weak > 0 && d.upAt == 0:
		d.armed = append(d.armed, o)
	default:
		d.fall(o)
	}
	return nil
}

// fall ends the process at this moment; a Crash takes the power too. What is
// left of the folder and of the index is what the next process finds.
func (d *Device) fall(o Operation) {
	w := d.w
	d.endTasks()
	dying := d.current
	d.current = nil
	defer func() { d.current = dying }()
	d.engine, d.wake, d.notices, d.armed = nil, time.Time{}, nil, nil
	d.edits.scans = map[engine.ID]int{}
	d.upAt = w.now + max(o.For, 1)
	for _, l := range w.links {
		if l.a == d || l.b == d {
			w.cut(l, o.Kind == Crash)
			*l.end(d) = 0
		}
	}
	for _, other := range w.devices {
		if d.inbox[other] != nil {
			*d.inbox[other] = inbox{}
		}
	}
	if o.Kind == Kill {
		d.fs.Restart()
		d.index = &recorder{d.index.Restart(), d}
		return
	}
	d.losePower(o)
}

// losePower leaves of folder and index what was durable, and as much of the
// rest as chance wants.
func (d *Device) losePower(o Operation) {
	mode := memfs.Ordered
	if o.Count&weak != 0 {
		mode = memfs.Weak
	}
	before := d.look()
	d.off, d.held, d.ambush, d.flushAt = true, nil, nil, 0
	d.boots++
	d.w.lostPower = true
	d.fs = d.fs.Crash(d.fate, mode)
	d.user = d.fs.User()
	d.index = &recorder{d.index.Crash(), d}
	d.dateTorn()
	d.afterLoss(before, d.look())
	d.fragile = newFragile()
}

// long is the age from which on, by the clock, nobody reads again what power may
// have torn: the system has long written it back.
const long = time.Minute

// dateTorn lets a file bear the time of what a user had begun to write over it
// if that is torn under just the facts that were recorded of another content
// long ago: the bytes reached the disk and the time did not. Nothing but reading
// all there is would tell that. Where no clock is set a case is too short for it.
func (d *Device) dateTorn() {
	tree := d.look().tree
	held, err := d.index.Locals(d.w.ctx, "", "", 10_000)
	d.check("Locals", err)
	for i := range held {
		h := &held[i]
		item, there := tree[norm.NFC.String(cmp.Or(h.Disk.Name, h.Entry.Name))]
		if !there || item.Kind != folderfs.File || h.Entry.Type != index.File || !d.fragile.touches(h.Entry.Name) {
			continue
		}
		recorded := max(h.Disk.Mtime, h.Disk.Ctime, h.Disk.Seen)
		same := item.Size == h.Disk.Size && item.Mtime == h.Disk.Mtime && item.Ctime == h.Disk.Ctime
		if !same || recorded > d.clock().Add(-long).UnixNano() || d.stands(&item, h) {
			continue
		}
		d.w.note(d, " ", fmt.Sprintf("%q is torn under old times", item.Path))
		d.check("Touch", d.user.Touch(item.Path, d.clock().UnixNano()))
		d.fs.SyncAll()
	}
}

// flush makes durable what is in memory only, as a system does by itself after
// half a minute.
func (d *Device) flush() {
	d.fs.SyncAll()
	d.fragile, d.flushAt = newFragile(), 0
}

// fragile is what users did since it was last made durable: a loss of power may
// undo it or tear it, and labsync can do nothing about that.
type fragile struct {
	names    map[string]bool
	contents map[content]bool
}

func newFragile() fragile {
	return fragile{names: map[string]bool{}, contents: map[content]bool{}}
}

// touches reports whether a name, or a directory that it is in, is fragile.
func (f *fragile) touches(name string) bool {
	for ; name != ""; name = parentOf(name) {
		if f.names[name] || f.names[strings.Replace(name, ".~", "", 1)] { // which a save writes first
			return true
		}
	}
	return false
}

// afterLoss compares what a loss of power left with what there was. What no
// user had just changed has to be there.
func (d *Device) afterLoss(before, after view) {
	g := &d.w.ghost
	for _, name := range differences(before.tree, after.tree) {
		if d.fragile.touches(name) {
			d.edits.touched[name] = d.w.steps
		}
	}
	for name := range d.fragile.names { // or labsync had just taken it out of the way
		d.edits.touched[strings.Replace(name, ".~", "", 1)] = d.w.steps
	}
	for _, c := range sortedContents(after.has) {
		if _, known := g.written[c]; !known { // torn
			g.written[c], g.gone[c] = d.name+":"+after.has[c]+" torn", true
			path := after.has[c]
			if was := before.tree[path]; !d.fragile.touches(path) && !folderfs.InWorkDir(path) && !d.fragile.contents[contentOf(&was)] {
				d.w.violate("I3", d, "after a loss of power %q is torn though no user had just written it", path)
			}
		}
	}
	// What was being placed may go as well; that the index knows of none of it is
	// looked at below.
	for c, path := range before.has {
		if _, has := after.has[c]; !has && (d.fragile.contents[c] || !folderfs.InWorkDir(path)) && d.w.copies(c) == 0 {
			g.gone[c] = true
		}
	}
	d.indexHolds(before, after)
	d.remembers()
}

// indexHolds is I4: what the index says stands at its path, unless a user has
// changed it since, or an intent says that it is being changed.
func (d *Device) indexHolds(before, found view) {
	open := map[string]bool{}
	pending, err := d.index.Store.Pending(d.w.ctx)
	d.check("Pending", err)
	for i := range pending {
		open[pending[i].Path], open[pending[i].To] = true, true
	}
	held, err := d.index.Locals(d.w.ctx, "", "", 10_000)
	d.check("Locals", err)
	for i := range held {
		h := &held[i]
		name := h.Entry.Name
		if open[name] || d.fragile.touches(name) || d.edits.unseen(name) || h.Flags != 0 {
			continue
		}
		if was, ok := before.tree[name]; ok && d.fragile.contents[contentOf(&was)] {
			continue // labsync has moved it since
		}
		var item *memfs.Item
		if at, there := found.tree[norm.NFC.String(cmp.Or(h.Disk.Name, name))]; there {
			item = &at
		}
		if item == nil || !d.stands(item, h) {
			d.w.violate("I4", d, "the index has %s, after a loss of power there is %s", describeEntry(d.w, &h.Entry), describeFound(item))
		}
	}
}

func describeFound(item *memfs.Item) string {
	if item == nil {
		return "nothing"
	}
	return describeItem(item)
}
