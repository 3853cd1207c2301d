package engine

import (
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/plan"
)

// Event is something that happened to the folder.
type Event interface{ event() }

// Scope is a part of the folder to scan: a name, or all that is below it.
type Scope struct {
	Name      string // "" is the root
	Recursive bool
}

// The events. An ID repeats that of the effect whose end is told.
type (
	// Started begins the folder's work: a scan of all, before anything is placed.
	Started struct{ Sequence int64 }
	// Changed tells of names that may have changed on disk. At those in Gone
	// nothing was found any more: they may have been renamed.
	Changed struct {
		Scopes []Scope
		Gone   []string
	}
	// Scanned brings a batch of what a scan found.
	Scanned struct {
		ID       ID
		Seen     []plan.Observation
		Again    []string // still changing: look again in a moment
		Problems []plan.Problem
	}
	// ScanDone ends a scan. A failed one is tried again.
	ScanDone struct {
		ID  ID
		Err error
	}
	// Committed ends a Commit. Stale lists names that had changed meanwhile.
	Committed struct {
		ID       ID
		Stale    []string
		Sequence int64 // highest of ours now
	}
	// PeerUp tells that a device is connected and takes part in the folder.
	// Known is the highest sequence of ours that it has.
	PeerUp struct {
		Device device.ID
		Known  int64
	}
	// PeerDown tells that it is gone.
	PeerDown struct{ Device device.ID }
	// Received brings what a device announces.
	Received struct {
		Device  device.ID
		Updates []index.Update
	}
	// RemoteRecorded ends a RecordRemote.
	RemoteRecorded struct {
		ID     ID
		Device device.ID
	}
	// Sent ends a Send: the device has been sent all up to a sequence. More
	// tells that there was more than a page.
	Sent struct {
		ID     ID
		Device device.ID
		Upto   int64
		More   bool
		Failed bool
	}
	// Fetched ends a Fetch.
	Fetched struct {
		ID       ID
		Outcomes []plan.Outcome
	}
	// Placed ends a Place.
	Placed struct {
		ID       ID
		Outcomes []plan.Outcome
		Sequence int64
	}
	// Unsettled ends an Unsettle.
	Unsettled struct{ ID ID }
	// Rechecked ends a Recheck of displaced files. Heads counts those that had
	// become a head; Next is when to look again (unix ns, 0: no need).
	Rechecked struct {
		Heads    int
		Next     int64
		Sequence int64
		// Unsettled tells that it is still not known what stands at names whose
		// placement ended so.
		Unsettled bool
	}
	// RulesChanged tells that other names are ignored now.
	RulesChanged struct{}
	// Override sets what is here over what others have (send-only folders).
	Override struct{}
	// Revert takes back what was changed here (receive-only folders).
	Revert struct{}
	// Tick tells that a Wake's time has come.
	Tick struct{}
)

func (Started) event()        {}
func (Changed) event()        {}
func (Scanned) event()        {}
func (ScanDone) event()       {}
func (Committed) event()      {}
func (PeerUp) event()         {}
func (PeerDown) event()       {}
func (Received) event()       {}
func (RemoteRecorded) event() {}
func (Sent) event()           {}
func (Fetched) event()        {}
func (Placed) event()         {}
func (Unsettled) event()      {}
func (Rechecked) event()      {}
func (RulesChanged) event()   {}
func (Override) event()       {}
func (Revert) event()         {}
func (Tick) event()           {}
