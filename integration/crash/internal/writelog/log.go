package writelog

import "sync"

// Log is the order of what happened on its devices. Its methods may be called
// from several goroutines.
type Log struct {
	mu      sync.Mutex // guards all below, and the devices' content
	devices []*Device
	events  []event
}

// Device is one disk.
type Device struct {
	log    *Log
	number int
	size   int64
	now    Pages // as it is
	base   Pages // as it was at Begin
}

type kind uint8

const (
	write kind = iota
	flush
	mark
)

type event struct {
	kind   kind
	device int
	at     int64
	data   []byte
	mark   any
}

// NewDevice adds a disk of a size in bytes, all zeros.
func (l *Log) NewDevice(size int64) *Device {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := &Device{log: l, number: len(l.devices), size: size, now: Pages{}, base: Pages{}}
	l.devices = append(l.devices, d)
	return d
}

// Size is in bytes.
func (d *Device) Size() int64 { return d.size }

// Begin forgets what has happened so far: it counts as durable.
func (l *Log) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = nil
	for _, d := range l.devices {
		d.base = d.now.clone()
	}
}

// Mark notes that something has happened after all that is in the log, and
// before all that will be.
func (l *Log) Mark(what any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, event{kind: mark, mark: what})
}

// Len counts the events.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.events)
}

// Counts tells how many writes and flushes there were.
func (l *Log) Counts() (writes, flushes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		switch e.kind {
		case write:
			writes++
		case flush:
			flushes++
		}
	}
	return writes, flushes
}

func (d *Device) readAt(data []byte, at int64) {
	d.log.mu.Lock()
	defer d.log.mu.Unlock()
	d.now.read(data, at)
}

// writeAt takes over data. A write that is durable on its own (FUA) is taken
// for one with a flush: as if the disk had no other cache than one for all.
func (d *Device) writeAt(data []byte, at int64, durable bool) {
	d.log.mu.Lock()
	defer d.log.mu.Unlock()
	d.now.write(data, at)
	d.log.events = append(d.log.events, event{kind: write, device: d.number, at: at, data: data})
	if durable {
		d.log.events = append(d.log.events, event{kind: flush, device: d.number})
	}
}

func (d *Device) flush() {
	d.log.mu.Lock()
	defer d.log.mu.Unlock()
	d.log.events = append(d.log.events, event{kind: flush, device: d.number})
}
