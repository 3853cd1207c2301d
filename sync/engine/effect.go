package engine

import (
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/plan"
)

// ID names an effect until its end has been told.
type ID int64

// Effect is something the folder wants done. Effects of one kind are begun in
// the order in which Step returned them; those that write the index also end in
// that order.
type Effect interface{ effect() }

// The effects.
type (
	// Scan compares scopes of the disk with the index: Scanned for each batch,
	// then ScanDone, when all they came to is recorded. The second batch after
	// one is not made before what that one came to is recorded.
	Scan struct {
		ID     ID
		Scopes []Scope
	}
	// Commit records changes durably and marks names settled: Committed. A
	// commit that a batch of a scan came to names the scan.
	Commit struct {
		ID      ID
		Scan    ID
		Changes []index.Change
		Settled []index.Settled
	}
	// RecordRemote records what a device announces: RemoteRecorded. If it names
	// a Place, it waits until that has recorded what it does.
	RecordRemote struct {
		ID      ID
		After   ID
		Device  device.ID
		Updates []index.Update
	}
	// Send sends a device one page of what we announce after a sequence: Sent.
	Send struct {
		ID     ID
		Device device.ID
		After  int64
	}
	// Fetch assembles the content of files beside the tree: Fetched.
	Fetch struct {
		ID      ID
		Actions []plan.Action
	}
	// Place carries actions out on the tree and records them: Placed.
	Place struct {
		ID      ID
		Actions []plan.Action
	}
	// Unsettle marks all names dirty that are not simply as held: Unsettled.
	Unsettle struct{ ID ID }
	// Recheck looks after files that were displaced: Rechecked.
	Recheck struct{}
	// Wake asks for a Tick at a time. A later Wake replaces an earlier one.
	Wake struct{ At time.Time }
)

func (Scan) effect()         {}
func (Commit) effect()       {}
func (RecordRemote) effect() {}
func (Send) effect()         {}
func (Fetch) effect()        {}
func (Place) effect()        {}
func (Unsettle) effect()     {}
func (Recheck) effect()      {}
func (Wake) effect()         {}
