package writelog

// Replay goes through a log that has ended. It belongs to one goroutine.
type Replay struct {
	events []event
	at     int     // how many events have happened
	disks  []*disk // by device
	marks  []any   // of the events that have happened
}

// disk is one device at the moment of the replay.
type disk struct {
	durable Pages
	since   []event // writes since the last flush
}

// NewReplay begins where the log began.
func NewReplay(l *Log) *Replay {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &Replay{events: l.events}
	for _, d := range l.devices {
		r.disks = append(r.disks, &disk{durable: d.base.clone()})
	}
	return r
}

// Advance goes on until so many events have happened, never back.
func (r *Replay) Advance(to int) {
	for ; r.at < min(to, len(r.events)); r.at++ {
		e := r.events[r.at]
		if e.kind == mark {
			r.marks = append(r.marks, e.mark)
			continue
		}
		d := r.disks[e.device]
		if e.kind == write {
			d.since = append(d.since, e)
			continue
		}
		for _, w := range d.since {
			d.durable.write(w.data, w.at)
		}
		d.since = nil
	}
}

// Marks are those set so far, in their order.
func (r *Replay) Marks() []any { return r.marks[:len(r.marks):len(r.marks)] }

// Unflushed counts the writes to a device that a loss of power may take.
func (r *Replay) Unflushed(d *Device) int { return len(r.disks[d.number].since) }

// Left is what a loss of power now leaves on a device, of whose unflushed
// writes survive tells which reach the disk.
func (r *Replay) Left(d *Device, survives func(i int) bool) Pages {
	disk := r.disks[d.number]
	left := disk.durable.clone()
	for i, w := range disk.since {
		if survives(i) {
			left.write(w.data, w.at)
		}
	}
	return left
}
