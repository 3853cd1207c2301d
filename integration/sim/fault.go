package sim

import (
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/engine"
)

// hits reports whether an armed fault is about an operation on the folder, or,
// with no operation, about a write of the index.
func (k Kind) hits(op memfs.Op) bool {
	switch k {
	case Crash, Kill:
		return op == "" || op.Changes()
	case BadSync:
		return op == memfs.OpSync || op == memfs.OpSyncDir
	case BadWrite:
		return op != memfs.OpSync && op != memfs.OpSyncDir && op.Changes()
	case BadRead:
		return op != "" && !op.Changes() && op != memfs.OpClose
	}
	return false
}

// suffer lets armed faults strike whose step has come, and returns the error
// that one of them makes of the operation.
func (d *Device) suffer(op memfs.Op, at string) error {
	for i := range d.armed {
		o := &d.armed[i]
		if !o.Kind.hits(op) {
			continue
		}
		if o.Count--; o.Count&^weak > 0 {
			continue
		}
		due := *o
		d.armed = slices.Delete(d.armed, i, i+1)
		d.w.note(d, "!", fmt.Sprintf("%v before %s", due.Kind, at))
		if due.Kind == Crash || due.Kind == Kill {
			d.fall(due)
			return memfs.ErrDead
		}
		d.faulty = true
		return syscall.EIO
	}
	return nil
}

// clocks are where a clock may be set to, seconds from the true time; 1970 is
// another one.
var clocks = [...]time.Duration{0, 3 * time.Hour, -3 * time.Hour, 400 * 24 * time.Hour, -400 * 24 * time.Hour, 90 * time.Second, -90 * time.Second}

// setClock sets the clock, not the one that measures how much time has passed.
// What was written under the old time has reached the disk by then: what is
// young after a loss of power is told by the clock.
func (d *Device) setClock(o Operation) {
	d.flush()
	n := o.Count % (len(clocks) + 1)
	if n == len(clocks) {
		d.offset = time.Duration(-d.w.now)
		return
	}
	d.offset = clocks[n]
}

// fill lets the disk be full for a while.
func (d *Device) fill(o Operation) {
	d.fs.SetCapacity(1)
	d.faulty = true
	d.until(&d.fullUntil, o.For)
}

func (d *Device) empty() {
	d.w.note(d, " ", "the disk is not full any more")
	d.fs.SetCapacity(0)
	d.fullUntil = 0
}

// deafen lets file events be lost for a while. A watcher that has lost some asks
// for a scan of everything.
func (d *Device) deafen(o Operation) { d.until(&d.deafUntil, o.For) }

func (d *Device) hear() {
	d.deafUntil = 0
	d.notify(engine.Scope{Recursive: true})
}

// unplug lets the root be another one, or none, for a while.
func (d *Device) unplug(o Operation) {
	d.user.HideRoot(true)
	d.faulty = true
	d.until(&d.unplugged, o.For)
}

func (d *Device) plug() {
	d.w.note(d, " ", "the root is back")
	d.user.HideRoot(false)
	d.unplugged = 0
}

// lie lets the device send wrong bytes for a while.
func (d *Device) lie(o Operation) {
	d.lies = max(1, o.Count)
	d.until(&d.liesUntil, o.For)
}

func (d *Device) repent() { d.lies, d.liesUntil, d.lied = 0, 0, true }

// until makes a fault last, longer if there is one already.
func (d *Device) until(end *int64, lasts int64) { *end = max(*end, d.w.now+max(lasts, 1)) }

// relieve ends what lasts.
func (d *Device) relieve() {
	for _, r := range d.reliefs() {
		if *r.at != 0 {
			r.do()
		}
	}
}

// relief is the end of a fault that lasts.
type relief struct {
	at *int64
	do func()
}

func (d *Device) reliefs() []relief {
	return []relief{
		{&d.flushAt, d.flush}, {&d.fullUntil, d.empty}, {&d.deafUntil, d.hear}, {&d.unplugged, d.plug}, {&d.liesUntil, d.repent},
	}
}
