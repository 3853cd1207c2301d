package sim

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/scan"
)

// carryOut begins what the engine asks for, in the way sync/drive does.
func (d *Device) carryOut(effect engine.Effect) {
	switch x := effect.(type) {
	case engine.Scan:
		d.begin(fmt.Sprintf("Scan#%d", x.ID), laneFree, func(t *task) { d.runScan(t, x) }).early = true
	case engine.Commit:
		d.begin(fmt.Sprintf("Commit#%d", x.ID), laneStore, func(t *task) { d.commit(t, x) })
	case engine.RecordRemote:
		t := d.begin(fmt.Sprintf("RecordRemote#%d", x.ID), laneStore, func(t *task) { d.recordRemote(t, x) })
		if x.After != 0 {
			t.after = d.placement()
		}
	case engine.Unsettle:
		d.begin(fmt.Sprintf("Unsettle#%d", x.ID), laneStore, func(t *task) {
			d.check("Unsettle", d.index.Unsettle(d.w.ctx, ""))
			t.pause()
			d.step(engine.Unsettled(x))
		})
	case engine.Send:
		session := d.w.session(d, x.Device)
		d.begin(fmt.Sprintf("Send#%d", x.ID), laneFree, func(t *task) { d.send(t, x, session) })
	case engine.Fetch:
		d.begin(fmt.Sprintf("Fetch#%d", x.ID), laneFree, func(t *task) {
			outcomes := d.pull.Fetch(d.w.ctx, x.Actions)
			t.pause()
			d.step(engine.Fetched{ID: x.ID, Outcomes: outcomes})
		}).ambushed(x.Actions).early = true
	case engine.Place:
		d.begin(fmt.Sprintf("Place#%d", x.ID), lanePull, func(t *task) { d.place(t, x) }).ambushed(x.Actions).place = true
	case engine.Recheck:
		d.begin("Recheck", lanePull, d.recheck)
	case engine.Wake:
		d.wake = x.At
	}
}

// placement returns the task of the Place under way, nil if there is none.
func (d *Device) placement() *task {
	i := slices.IndexFunc(d.tasks, func(t *task) bool { return t.place })
	if i < 0 {
		return nil
	}
	return d.tasks[i]
}

// ambushed notes the names that a task is about.
func (t *task) ambushed(actions []plan.Action) *task {
	for i := range actions {
		t.about = append(t.about, actions[i].Name)
		if from := actions[i].From; from != nil {
			t.about = append(t.about, from.Entry.Name)
		}
	}
	return t
}

// runScan hands on what a scan finds, a batch at a time: the next one is made
// when what the last one came to is recorded.
func (d *Device) runScan(t *task, x engine.Scan) {
	d.edits.scanBegins(x.ID, d.w.steps)
	scopes := make([]scan.Scope, len(x.Scopes))
	for i, sc := range x.Scopes {
		scopes[i] = scan.Scope{Name: sc.Name, Recursive: sc.Recursive}
	}
	err := d.scan.Scan(d.w.ctx, scopes, func(found []scan.Found) error {
		if !t.lives() {
			return memfs.ErrDead
		}
		d.batches[x.ID] = false
		d.step(observe(x.ID, found))
		for !d.batches[x.ID] {
			if !t.lives() {
				return memfs.ErrDead
			}
		}
		return nil
	}, nil)
	t.pause()
	switch {
	case errors.Is(err, folderfs.ErrRootGone), errors.Is(err, scan.ErrRootEmptied):
		d.w.note(d, " ", "the folder stops: "+err.Error())
		d.fall(Operation{Kind: Kill, For: int64(retryFolder)})
		panic(died{})
	case err != nil:
		d.excuse("Scan", err)
	}
	d.step(engine.ScanDone{ID: x.ID, Err: err})
}

// observe says in the engine's terms what a scan found.
func observe(id engine.ID, found []scan.Found) engine.Scanned {
	ev := engine.Scanned{ID: id}
	for i := range found {
		x := &found[i]
		if x.Problem != nil {
			ev.Problems = append(ev.Problems, plan.Problem{Name: x.Name, Code: string(x.Problem.Code), Text: x.Problem.Text})
		}
		switch x.Kind {
		case scan.Faulty:
		case scan.Unsettled:
			ev.Again = append(ev.Again, x.Name)
		default:
			ev.Seen = append(ev.Seen, plan.Observation{
				Name: x.Name, Base: x.Base, Removed: x.Kind == scan.Removed, Entry: x.Entry, Disk: x.Disk, Flags: x.Flags,
			})
		}
	}
	return ev
}

func (d *Device) commit(t *task, x engine.Commit) {
	done, before := engine.Committed{ID: x.ID}, d.sequence()
	var echoes map[string]string
	if len(x.Changes) > 0 {
		echoes = d.echoes(&x)
		stale, err := d.index.Commit(d.w.ctx, x.Changes, true)
		d.check("Commit", err)
		for i := range x.Changes {
			name := x.Changes[i].Entry.Name
			if slices.Contains(stale, i) {
				done.Stale = append(done.Stale, name)
				delete(echoes, name)
			} else {
				d.consume(x.Scan, name)
			}
		}
		for _, name := range sortedKeys(echoes) {
			d.w.violate("I19", d, "scan recorded %s, which no user changed", echoes[name])
		}
	}
	if d.sequence() != before {
		d.w.activity = d.w.now
	}
	if len(x.Settled) > 0 {
		d.check("Settle", d.index.Settle(d.w.ctx, x.Settled))
	}
	if x.Scan != 0 {
		d.batches[x.Scan] = true
	}
	done.Sequence = d.sequence()
	t.pause()
	d.step(done)
}

func (d *Device) recordRemote(t *task, x engine.RecordRemote) {
	d.check("RecordRemote", d.index.RecordRemote(d.w.ctx, x.Device, x.Updates))
	if from := d.w.deviceOf(x.Device); d.inbox[from] != nil {
		d.inbox[from].busy = false
	}
	t.pause()
	d.step(engine.RemoteRecorded{ID: x.ID, Device: x.Device})
}

// send puts one page on the link. The sequence is read before the page: what
// is recorded in between is sent once more rather than never.
func (d *Device) send(t *task, x engine.Send, session int) {
	done := engine.Sent{ID: x.ID, Device: x.Device, Upto: x.After}
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	last := who.Sequence
	t.pause()
	page, err := d.index.Since(d.w.ctx, x.After, d.page)
	d.check("Since", err)
	if n := len(page); n > 0 {
		last = max(last, page[n-1].Sequence)
	}
	if len(page) == d.page {
		last, done.More = page[len(page)-1].Sequence, true
	}
	t.pause()
	if d.w.session(d, x.Device) != session {
		done.Failed = true
	} else {
		done.Upto = last // or lost, which the session's end will tell
		d.announce(d.w.deviceOf(x.Device), who.Index, page, last)
	}
	t.pause()
	d.step(done)
}

// announce puts a page, and up to which sequence that is all, on the link.
func (d *Device) announce(to *Device, of uint64, page []index.Update, last int64) {
	if !d.w.connected(d, to) {
		return
	}
	if len(page) > 0 {
		d.sends++
	}
	if len(page) == 0 || page[len(page)-1].Sequence < last {
		page = append(page, index.Update{Sequence: last})
	}
	d.say(of, page)
	d.w.push(d.w.linkOf(d, to), d, to, message{updates: page}, d.w.delay())
}

func (d *Device) place(t *task, x engine.Place) {
	began := d.w.steps
	outcomes := d.pull.Place(d.w.ctx, x.Actions)
	if !t.dead {
		d.verified(x.Actions, outcomes, began)
	}
	t.pause()
	sequence := d.sequence()
	d.step(engine.Placed{ID: x.ID, Outcomes: outcomes, Sequence: sequence})
}

func (d *Device) recheck(t *task) {
	now := d.clock()
	next, heads, err := d.pull.Recheck(d.w.ctx, now)
	t.pause()
	if err != nil {
		d.excuse("Recheck", err)
		next = now.Add(time.Minute)
	}
	done := engine.Rechecked{Heads: heads, Sequence: d.sequence(), Unsettled: err != nil}
	if !next.IsZero() {
		done.Next = d.steady().Add(next.Sub(now)).UnixNano()
	}
	t.pause()
	d.step(done)
}

func (d *Device) sequence() int64 {
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	return who.Sequence
}

// excuse turns an error into a violation that only a broken disk explains.
func (d *Device) excuse(what string, err error) {
	d.w.note(d, " ", fmt.Sprintf("%s failed: %v", what, err))
	if !d.faulty {
		d.w.violate("machinery", d, "%s: %v", what, err)
	}
}

// check turns an error that no call may return here into a violation.
func (d *Device) check(what string, err error) {
	if t := d.current; t != nil && t.dead {
		panic(died{})
	}
	if err != nil {
		d.w.violate("machinery", d, "%s: %v", what, err)
	}
}
