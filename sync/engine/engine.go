package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// Options are what a folder's engine goes by. The functions must be pure, or
// change only with a RulesChanged.
type Options struct {
	Index   index.Reader
	Replica func() index.Replica
	// Clock returns the unix seconds that versions made here bear; nil takes
	// the time of the event.
	Clock func() int64
	// Fresh tells that the index has not seen a whole scan yet. Nobody knows how
	// old what the first one finds is, so it is dated before all that is known:
	// where another device has something else, that stands at the path.
	Fresh     bool
	Direction plan.Direction
	Limits    plan.Limits
	// Ignored reports whether an ignore rule matches a name; nil ignores none.
	Ignored func(name string, directory bool) bool
	// Author tells who a replica stands for.
	Author func(index.Replica) conflict.Author
	// Rescan is how often all of the folder is scanned unasked; 0 for never.
	Rescan time.Duration
}

// Engine is the state machine of one folder. It is not safe for concurrent use.
type Engine struct {
	Options
	now    time.Time
	out    []Effect
	lastID ID
	wake   time.Time // the Wake last asked for

	sequence  int64 // highest of ours
	scanning  scanning
	peers     peers
	cycle     cycle
	work      work
	sweep     sweep
	problems  map[string]plan.Problem // by name, from scans
	heard     time.Time               // when a device last announced something
	deferred  time.Time               // until when halves of renames wait, zero for none
	receiving int                     // RecordRemotes under way
	nowhere   map[string][]index.Hash // contents of a name that cannot be had, until it or one of them is announced
	recheck   time.Time               // when to look after displaced files, zero for never
}

// New returns the engine of a folder at rest.
func New(o Options) *Engine {
	return &Engine{Options: o, problems: map[string]plan.Problem{}, nowhere: map[string][]index.Hash{}, work: newWork()}
}

// Step takes an event at a time and returns what follows from it. An error
// means that the index could not be read: the folder has to stop.
func (e *Engine) Step(ctx context.Context, now time.Time, ev Event) ([]Effect, error) {
	e.now, e.out = now, nil
	if err := e.take(ctx, ev); err != nil {
		return nil, fmt.Errorf("folder state after %T: %w", ev, err)
	}
	e.scanNext()
	e.sendNext()
	if err := e.sweepNext(ctx); err != nil {
		return nil, fmt.Errorf("sweep after %T: %w", ev, err)
	}
	if err := e.planNext(ctx); err != nil {
		return nil, fmt.Errorf("plan after %T: %w", ev, err)
	}
	e.askWake()
	return e.out, nil
}

func (e *Engine) take(ctx context.Context, ev Event) error {
	switch ev := ev.(type) {
	case Started:
		return e.start(ctx, ev)
	case Changed:
		e.scanning.add(ev.Scopes...)
		return e.vanished(ctx, ev.Gone)
	case Scanned:
		return e.scanned(ctx, ev)
	case ScanDone:
		return e.scanDone(ctx, ev)
	case Committed:
		e.sequence = max(e.sequence, ev.Sequence)
		e.committed(ev)
	case PeerUp:
		e.peerUp(ev)
	case PeerDown:
		e.peers.remove(ev.Device)
	case Received:
		e.received(ev)
	case RemoteRecorded:
		e.receiving--
		e.work.announced(ev.ID)
		e.heard, e.cycle.again = e.now, true
	case Sent:
		e.peers.sent(ev)
	case Fetched:
		return e.fetched(ctx, ev)
	case Placed:
		e.sequence = max(e.sequence, ev.Sequence)
		return e.placed(ctx, ev)
	case Unsettled:
		e.unsettled(ev)
	case Rechecked:
		e.rechecked(ev)
	case RulesChanged:
		e.scanning.add(Scope{Recursive: true})
		e.emit(Unsettle{ID: e.newID()})
	case Override:
		e.beginSweep(sweepOverride)
	case Revert:
		e.beginSweep(sweepRevert)
	case Tick:
		e.tick()
	}
	return nil
}

func (e *Engine) start(ctx context.Context, ev Started) error {
	e.sequence = ev.Sequence
	e.scanning.add(Scope{Recursive: true})
	e.recheck = e.now
	e.emit(Unsettle{ID: e.newID()}) // what was settled for the lack of a source
	counts, err := e.Index.Counts(ctx)
	e.work.hasPlaced = counts.Files+counts.Directories+counts.Symlinks+counts.NeedFiles > 0
	if counts.ReceiveOnlyChanged > 0 && e.Direction != plan.ReceiveOnly {
		e.sweep = sweep{kind: sweepAnnounce}
	}
	return err
}

func (e *Engine) emit(f Effect) { e.out = append(e.out, f) }

// commit emits a commit and keeps its names from being worked on until it ends.
func (e *Engine) commit(c Commit) {
	for i := range c.Changes {
		name := c.Changes[i].Entry.Name
		e.work.commits[c.ID] = append(e.work.commits[c.ID], name)
		e.work.recorded[name]++
	}
	e.emit(c)
}

func (e *Engine) newID() ID {
	e.lastID++
	return e.lastID
}

func (e *Engine) author() plan.Author {
	now := e.now.Unix()
	if e.Clock != nil {
		now = e.Clock()
	}
	if e.Fresh && !e.scanning.ended {
		now = 0
	}
	return plan.Author{Replica: e.Replica(), Now: now, Names: e.Author}
}

func (e *Engine) rechecked(ev Rechecked) {
	e.sequence = max(e.sequence, ev.Sequence)
	e.recheck = time.Time{}
	if !ev.Unsettled {
		e.settled()
	}
	if ev.Next > 0 {
		e.recheck = e.now.Add(time.Duration(ev.Next - e.now.UnixNano())) // by the clock that nobody sets
	}
	if ev.Heads > 0 {
		e.cycle.again = true
	}
}

func (e *Engine) tick() {
	e.wake = time.Time{}
	e.scanning.tick(e.now)
	e.work.tick(e.now, &e.cycle)
	if !e.deferred.IsZero() && !e.deferred.After(e.now) {
		e.deferred, e.cycle.again = time.Time{}, true
	}
	if !e.recheck.IsZero() && !e.recheck.After(e.now) {
		e.recheck = time.Time{}
		e.emit(Recheck{})
	}
}

// askWake asks for a Tick at the earliest time anything waits for.
func (e *Engine) askWake() {
	at := earliest(e.recheck, e.deferred, e.scanning.next(), e.work.next())
	if at.IsZero() || at.Equal(e.wake) {
		return
	}
	e.wake = at
	e.emit(Wake{At: at})
}

func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
