package sim

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// versionKey is one version of one name.
type versionKey struct{ name, version string }

// saidKey is one sequence number of one index.
type saidKey struct {
	index    uint64
	sequence int64
}

// meant is what a version stands for, and whose indexes have recorded it.
type meant struct {
	what string
	by   map[*Device]bool
}

// causality remembers what versions and sequence numbers stood for.
type causality struct {
	means map[versionKey]meant
	said  map[saidKey]string
	upto  map[uint64]int64 // highest sequence that any device received, by index
	tombs map[string][]index.Version
	lives map[string][]index.Version // all that were recorded
}

func newCausality() causality {
	return causality{means: map[versionKey]meant{}, said: map[saidKey]string{}, upto: map[uint64]int64{}, tombs: map[string][]index.Version{}, lives: map[string][]index.Version{}}
}

// meaning is what a version of a name stands for.
func meaning(e *index.Entry) string {
	if e.Deleted {
		return "deleted"
	}
	return fmt.Sprintf("%d %x %s", e.Type, e.Hash[:8], e.Target)
}

func keyOf(e *index.Entry) versionKey { return versionKey{e.Name, string(e.Version.Append(nil))} }

// mean takes note of a version: it never stands for two contents (I7).
func (d *Device) mean(e *index.Entry) {
	key, now := keyOf(e), meaning(e)
	m, known := d.w.ghost.means[key]
	switch {
	case !known:
		m = meant{now, map[*Device]bool{}}
		d.w.ghost.means[key] = m
	case m.what != now:
		d.w.violate("I7", d, "%s was %s before", describeEntry(d.w, e), m.what)
	}
	m.by[d] = true
}

// recall goes by the index that the device has instead of the one before. A
// version that is in no index any more may be made again: nobody is left who
// could take the one for the other.
func (d *Device) recall() {
	for key, m := range d.w.ghost.means {
		if d.has(key) {
			m.by[d] = true
		} else if delete(m.by, d); len(m.by) == 0 {
			delete(d.w.ghost.means, key)
		}
	}
}

// has reports whether the index has a version, held or as a head.
func (d *Device) has(key versionKey) bool {
	s, _, err := d.index.State(d.w.ctx, key.name)
	d.check("State", err)
	return s.Local != nil && keyOf(&s.Local.Entry) == key ||
		slices.ContainsFunc(s.Heads, func(h index.Head) bool { return keyOf(&h.Entry) == key })
}

// nothingReturns is I11: no device shows what somebody deleted who knew it, if
// another device has heard of that, and none has forgotten it with its index. It
// may if the name was made again, and that was lost with the power, the deletion
// below it.
func (w *World) nothingReturns() {
	if w.forgetful {
		return
	}
	for _, d := range w.devices {
		held, err := d.index.Locals(w.ctx, "", "", 10_000)
		d.check("Locals", err)
		for i := range held {
			e := &held[i].Entry
			if w.withheld(e.Name) {
				continue // the old stays where the new cannot be, or does not come by
			}
			for _, v := range w.ghost.tombs[e.Name] {
				if v.Compare(e.Version) == index.After && !w.lostSince(e.Name, v) {
					w.violate("I11", d, "shows %s, which was deleted as %s", describeEntry(w, e), describeVersion(w, v))
				}
			}
		}
	}
}

// lostSince reports whether a name was made again over its deletion, and no index
// knows of either any more.
func (w *World) lostSince(name string, deleted index.Version) bool {
	includes := func(v index.Version) bool { return v.Dominates(deleted) }
	return w.lostPower && slices.ContainsFunc(w.ghost.lives[name], includes) && !slices.ContainsFunc(w.devices, func(d *Device) bool {
		s, _, err := d.index.State(w.ctx, name)
		d.check("State", err)
		return s.Local != nil && includes(s.Local.Entry.Version) ||
			slices.ContainsFunc(s.Heads, func(h index.Head) bool { return includes(h.Entry.Version) })
	})
}

// watchRecorded looks at what a process has recorded.
func (d *Device) watchRecorded(changes []index.Change, stale []int) {
	for i := range changes {
		c := &changes[i]
		if slices.Contains(stale, i) || d.copied { // which counts when another device hears of it
			continue
		}
		if !c.Quiet { // likewise
			d.mean(&c.Entry)
		}
		if !c.Entry.Deleted {
			d.w.ghost.lives[c.Entry.Name] = append(d.w.ghost.lives[c.Entry.Name], c.Entry.Version)
		}
		for j := range c.Derived {
			d.mean(&c.Derived[j])
		}
	}
}

// watchCommit looks at what a process is about to record: a name never goes
// back to a version that the one held includes (I7).
func (d *Device) watchCommit(changes []index.Change) {
	for i := range changes {
		c := &changes[i]
		d.growing(c)
		s, _, err := d.index.State(d.w.ctx, c.Entry.Name)
		d.check("State", err)
		if s.Local == nil || s.Local.Entry.Version.Compare(c.Base) != index.Equal || s.Local.Flags&index.ReceiveOnlyChanged != 0 {
			continue // refused as stale, or nobody has heard of what is taken back
		}
		if c.Entry.Version.Compare(s.Local.Entry.Version) == index.Before {
			d.w.violate("I7", d, "%s takes the place of %s, which includes it", describeEntry(d.w, &c.Entry), describeVersion(d.w, s.Local.Entry.Version))
		}
	}
}

// growing takes note of a file that is announced as far as it had got: nobody
// wrote just that, and others may have it.
func (d *Device) growing(c *index.Change) {
	if c.Flags&index.Prefix == 0 {
		return
	}
	all, err := d.user.Read(c.Entry.Name)
	if err != nil || int64(len(all)) < c.Entry.Size {
		return
	}
	g, part := &d.w.ghost, content{folderfs.File, sha256.Sum256(all[:c.Entry.Size])}
	if _, known := g.written[part]; !known {
		g.written[part], g.gone[part] = d.name+":"+c.Entry.Name+" so far", true
	}
}

func (d *Device) watchUpdates(updates []index.Update) {
	for i := range updates {
		for j := range updates[i].Heads {
			e := &updates[i].Heads[j]
			d.mean(e)
			if g := &d.w.ghost; e.Deleted && !slices.ContainsFunc(g.tombs[e.Name], func(v index.Version) bool { return v.Compare(e.Version) == index.Equal }) {
				g.tombs[e.Name] = append(g.tombs[e.Name], e.Version)
			}
		}
	}
}

// say takes note of what another device is about to receive: a sequence number
// of an index never stands for two states (I5).
func (d *Device) say(index uint64, updates []index.Update) {
	g := &d.w.ghost
	for i := range updates {
		u := &updates[i]
		g.upto[index] = max(g.upto[index], u.Sequence)
		if len(u.Heads) == 0 {
			continue
		}
		now := describeUpdates(d.w, updates[i:i+1])
		key := saidKey{index, u.Sequence}
		if was, known := g.said[key]; known && was != now {
			d.w.violate("I5", d, "announces%s, and announced%s before", now, was)
		}
		g.said[key] = now
	}
}

// remembers is I5 after a loss of power: what others have received is still in
// the index.
func (d *Device) remembers() {
	who, err := d.index.Store.Identity(d.w.ctx)
	d.check("Identity", err)
	if upto := d.w.ghost.upto[who.Index]; upto > who.Sequence && !d.copied {
		d.w.violate("I5", d, "announced up to %d, and knows of %d only", upto, who.Sequence)
	}
}
