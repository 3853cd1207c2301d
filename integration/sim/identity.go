package sim

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// snapshot is what a backup holds of a device.
type snapshot struct {
	index *memstore.Store
	fs    *memfs.FS
	tree  view
}

// identify carries out an operation on who a device is. Its process ends first.
func (d *Device) identify(o Operation) error {
	if d.off {
		return errOff
	}
	d.w.forgetful = d.w.forgetful || o.Kind != Backdate
	switch o.Kind {
	case Backdate:
		d.backup = &snapshot{d.index.Store.Clone(), d.fs.Copy(), d.look()}
		return nil
	case Restore:
		if d.backup == nil {
			return errSame
		}
		d.w.now += int64(2 * time.Second) // the clocks have gone on when an old state is back
		d.fall(Operation{Kind: Kill, For: o.For})
		if o.Count%2 == 0 {
			// The daemon finds that index and folder are out of step, and begins
			// a new index.
			return d.loseIndex()
		}
		d.restoreAll(d.backup)
	case Forget:
		d.fall(Operation{Kind: Kill, For: o.For})
		return d.loseIndex()
	case Clone:
		n := len(d.w.devices)
		other := d.w.devices[(slices.Index(d.w.devices, d)+1+o.Count%(n-1))%n]
		if other.off || other.fs.Capabilities() != d.fs.Capabilities() {
			return errSame
		}
		other.fall(Operation{Kind: Kill, For: o.For})
		return other.becomeCopyOf(d)
	}
	return nil
}

// loseIndex begins a new index: nothing is known of what was here before. What
// replaces it from now on does not say so, and which of the displaced files were
// still to become siblings is forgotten.
func (d *Device) loseIndex() error {
	for c := range d.look().has {
		d.w.ghost.forgotten[c] = true
	}
	s, err := memstore.New(memstore.Options{Random: randomBytes{d.rng}})
	d.index = &recorder{s, d}
	d.recall()
	d.distrustTree()
	return err
}

// restoreAll puts folder and index back to what they were at one moment, as of a
// virtual machine. What was written since is gone with the disk.
func (d *Device) restoreAll(b *snapshot) {
	before := d.look()
	d.fs, d.index = b.fs.Copy(), &recorder{b.index.Clone(), d}
	d.copied = true
	d.settleIn(before)
}

// becomeCopyOf gives the device the folder and the index of another, as of a
// machine that was cloned. It finds that it is on another machine and goes on
// under a new identity, with itself and not the other as who it was.
func (d *Device) becomeCopyOf(other *Device) error {
	before := d.look()
	d.fs, d.index = other.fs.Copy(), &recorder{other.index.Store.Clone(), d}
	d.settleIn(before)
	_, err := d.index.Renew(d.w.ctx)
	for _, l := range d.w.devices {
		if l == other || d.w.linkOf(d, l) == nil { // it talks to others than the other did
			d.check("ResetRemote", d.index.Store.ResetRemote(d.w.ctx, l.id, 0))
		}
	}
	_, flushed := d.index.Store.Commit(d.w.ctx, nil, true) // each start does that, so no crash undoes it
	return errors.Join(err, flushed)
}

// settleIn takes note of another disk and index in the place of those before.
func (d *Device) settleIn(before view) {
	d.fs.SetHook(d.hook)
	d.fs.SetClock(d.stamp)
	d.fs.SetCapacity(0)
	d.user = d.fs.User()
	d.user.HideRoot(false)
	d.held, d.ambush, d.fragile = nil, nil, newFragile()
	d.fullUntil, d.unplugged, d.flushAt = 0, 0, 0
	d.recall()
	after := d.look()
	for c, path := range after.has {
		if _, known := d.w.ghost.written[c]; !known {
			d.w.ghost.written[c] = d.name + ":" + path
		}
		d.wrote[c.hash] = true
	}
	for c := range before.has {
		if _, has := after.has[c]; !has && d.w.copies(c) == 0 {
			d.w.ghost.gone[c] = true
		}
	}
	d.distrustTree()
}

// distrustTree lets a scan record a version of any name: index and folder need
// not agree.
func (d *Device) distrustTree() {
	for name := range d.look().tree {
		d.edits.touched[name] = d.w.steps
	}
	held, err := d.index.Locals(d.w.ctx, "", "", 10_000)
	d.check("Locals", err)
	for i := range held {
		d.edits.touched[held[i].Entry.Name] = d.w.steps
	}
}

// settingRuns holds the ranges of sequences that an index has used, one for
// each time it was opened, as the daemon keeps them.
const settingRuns = "runs"

type span struct{ First, Last int64 }

// openIndex begins a run with the index: sequences leap, so that two that go on
// from one do not use the same.
func (d *Device) openIndex() {
	runs := d.runs()
	who, err := d.index.Store.Identity(d.w.ctx)
	d.check("Identity", err)
	if n := len(runs); n > 0 {
		runs[n-1].Last = who.Sequence
	}
	if d.starts++; d.starts > 1 { // numbers of a case's beginning are for people to read
		who, err = d.index.Store.Leap(d.w.ctx)
		d.check("Leap", err)
	}
	text, err := json.Marshal(append(runs, span{who.Sequence, math.MaxInt64}))
	d.check("runs", err)
	d.check("SetSetting", d.index.Store.SetSetting(d.w.ctx, settingRuns, text))
}

func (d *Device) runs() (runs []span) {
	text, err := d.index.Store.Setting(d.w.ctx, settingRuns)
	d.check("Setting", err)
	if text != nil {
		d.check("runs", json.Unmarshal(text, &runs))
	}
	return runs
}

// used reports whether this index may have announced a sequence.
func (d *Device) used(sequence int64) bool {
	runs := d.runs()
	for _, r := range runs {
		if sequence >= r.First && sequence <= r.Last {
			return true
		}
	}
	return sequence <= 0 || len(runs) == 0
}

// fork ends the process: another device has heard of more than this index has
// announced, so that it is an older copy. It goes on under a new identity.
func (d *Device) fork() {
	d.w.note(d, " ", "is an older copy of itself")
	d.fall(Operation{Kind: Kill})
	_, err := d.index.Store.Fork(d.w.ctx)
	d.copied = false
	var held []index.Held
	if err == nil {
		held, err = d.index.Store.Locals(d.w.ctx, "", "", 10_000)
	}
	if err != nil {
		d.w.violate("machinery", d, "Fork: %v", err)
	}
	for i := range held { // perhaps under other versions than they were recorded with
		d.w.ghost.enter(&held[i].Entry, false)
	}
}
