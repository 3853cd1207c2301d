// Package event is the daemon's log of what happens: a bounded ring of typed
// events that the command line, the web page and tests read with a cursor.
//
// Readers never block writers and hold nothing in memory: one that is too slow
// finds that the next event's ID is not its cursor plus one, and knows what it
// missed. The package starts no goroutine.
package event

import (
	"context"
	"sync"
	"time"
)

// Type says what kind of thing happened. The list is closed: readers may
// switch over it.
type Type string

// The types of events.
const (
	Started            Type = "started"        // the daemon is up
	Stopping           Type = "stopping"       // the daemon ends
	ConfigChanged      Type = "config-changed" // Text says what
	ConfigRefused      Type = "config-refused" // a change on disk was not taken; the old one holds
	FolderAdded        Type = "folder-added"
	FolderRemoved      Type = "folder-removed"
	FolderState        Type = "folder-state"        // Fields: from, to
	ScanDone           Type = "scan-done"           // Fields: files, changed, seconds
	FileChanged        Type = "file-changed"        // a change made here was recorded
	FilePlaced         Type = "file-placed"         // a file of another device is in the folder
	FileRenamed        Type = "file-renamed"        // as FilePlaced; Fields: from
	FileDeleted        Type = "file-deleted"        // a deletion of another device was applied
	Conflict           Type = "conflict"            // two versions exist; Text says where each is
	DeviceConnected    Type = "device-connected"    // Fields: transport, address
	DeviceDisconnected Type = "device-disconnected" // Text says why
	DeviceRefused      Type = "device-refused"      // an unknown or paused device, or a second instance of one, tried
	DevicePath         Type = "device-path"         // a session moved; Fields: transport, address
	Transfer           Type = "transfer"            // progress of one file; Fields: done, total, direction
	Problem            Type = "problem"             // Fields: code
	ProblemCleared     Type = "problem-cleared"     // Fields: code
)

// Event is one thing that happened. Folder, Device and Path are "" where they
// do not apply.
type Event struct {
	ID     int64     `json:"id"`
	Time   time.Time `json:"time"`
	Type   Type      `json:"type"`
	Folder string    `json:"folder,omitempty"` // folder ID
	Device string    `json:"device,omitempty"` // device ID as text
	Path   string    `json:"path,omitempty"`   // slash-separated, relative to the folder
	Text   string    `json:"text"`             // one sentence for a person
	// Fields are the numbers and words behind Text. They belong to the log once
	// appended: neither writer nor reader changes them.
	Fields map[string]string `json:"fields,omitempty"`
}

// Log keeps the latest events. Its methods may be called from any goroutine.
type Log struct {
	mu       sync.Mutex
	ring     []Event       // guarded by mu; the event with ID n is at (n-1) % capacity
	capacity int           // does not change
	last     int64         // guarded by mu; ID of the newest event, 0 before the first
	arrived  chan struct{} // guarded by mu; closed and replaced at each Append
}

// New returns a log that keeps the latest capacity events, at least one.
func New(capacity int) *Log {
	return &Log{capacity: max(capacity, 1), arrived: make(chan struct{})}
}

// Append gives the event the next ID, and the present time if it has none, and
// returns the ID. The first one is 1.
func (l *Log) Append(e Event) int64 {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID = l.last
	if len(l.ring) < l.capacity {
		l.ring = append(l.ring, e)
	} else {
		l.ring[(e.ID-1)%int64(l.capacity)] = e
	}
	close(l.arrived)
	l.arrived = make(chan struct{})
	return e.ID
}

// Last returns the newest event's ID: the cursor of a reader that wants only
// what comes.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Since returns up to limit events after the cursor, oldest first, and the
// cursor for the next call. If the first ID is not cursor+1, the events between
// were dropped. A cursor from an earlier run of the daemon, recognisable as
// one ahead of the log, starts from the oldest event kept.
func (l *Log) Since(cursor int64, limit int) (events []Event, next int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := max(l.normal(cursor), l.last-int64(len(l.ring))) + 1
	count := min(l.last-first+1, int64(max(limit, 0)))
	events = make([]Event, 0, count)
	for id := first; id < first+count; id++ {
		events = append(events, l.ring[(id-1)%int64(l.capacity)])
	}
	if count == 0 {
		return events, l.normal(cursor)
	}
	return events, first + count - 1
}

// Wait blocks until Since(cursor, 1) would return an event. Its error is
// ctx's.
func (l *Log) Wait(ctx context.Context, cursor int64) error {
	for {
		l.mu.Lock()
		ready, arrived := l.last > l.normal(cursor), l.arrived
		l.mu.Unlock()
		if ready {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// normal maps cursors that this log cannot have given to the beginning. l.mu
// is held.
func (l *Log) normal(cursor int64) int64 {
	if cursor < 0 || cursor > l.last {
		return 0
	}
	return cursor
}
