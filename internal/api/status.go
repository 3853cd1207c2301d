package api

import "time"

// Status is how a device and all its folders are.
type Status struct {
	Schema   Schema `json:"schema"`
	DeviceID string `json:"device_id"`
	Name     string `json:"name"`
	Version  string `json:"version"`
	// Running is false in the status that the command line makes up from the
	// configuration when no daemon runs.
	Running bool       `json:"running"`
	Started *time.Time `json:"started"`
	// Listen are the addresses that devices can connect to, as bound.
	Listen List[string] `json:"listen"`
	// API is the loopback address of the web page and API, "" for none.
	API          string       `json:"api"`
	LogLevel     string       `json:"log_level"`
	SendLimit    int64        `json:"send_limit"`    // bytes per second, 0 for none
	ReceiveLimit int64        `json:"receive_limit"` // bytes per second, 0 for none
	LastEvent    int64        `json:"last_event"`    // ID of the newest event, 0 for none
	Folders      List[Folder] `json:"folders"`
	Devices      List[Device] `json:"devices"` // the others
	// Errors are problems that belong to no folder and no device.
	Errors List[Problem] `json:"errors"`
}

// FolderState is what a folder is doing.
type FolderState string

// The states of a folder.
const (
	FolderIdle     FolderState = "idle"
	FolderScanning FolderState = "scanning"
	FolderSyncing  FolderState = "syncing"
	FolderPaused   FolderState = "paused"
	FolderError    FolderState = "error"   // nothing happens until what errors says is put right
	FolderWaiting  FolderState = "waiting" // a brake or question holds; Waiting says which
	FolderStopped  FolderState = "stopped" // no daemon runs
)

// FolderStates returns the closed list of states.
func FolderStates() []FolderState {
	return []FolderState{FolderIdle, FolderScanning, FolderSyncing, FolderPaused, FolderError, FolderWaiting, FolderStopped}
}

// Folder is how a folder is.
type Folder struct {
	ID        string       `json:"id"`
	Label     string       `json:"label"`
	Path      string       `json:"path"`
	Strategy  string       `json:"strategy"`
	Direction string       `json:"direction"`
	Blocks    string       `json:"blocks"`
	Devices   List[string] `json:"devices"` // IDs of the devices it is shared with
	State     FolderState  `json:"state"`

	LocalFiles  int64 `json:"local_files"` // regular files and symbolic links held
	LocalBytes  int64 `json:"local_bytes"`
	NeedFiles   int64 `json:"need_files"` // names on which this disk is behind, deletions among them
	NeedBytes   int64 `json:"need_bytes"` // at most this much is still to be fetched
	NeedDeletes int64 `json:"need_deletes"`
	// ChangedHere counts what override would announce in a send-only folder,
	// or revert undo in a receive-only one.
	ChangedHere int64 `json:"changed_here"`
	Conflicts   int64 `json:"conflicts"` // names with more than one head
	// Displaced files were taken out of the way and are still kept.
	DisplacedFiles int64 `json:"displaced_files"`
	DisplacedBytes int64 `json:"displaced_bytes"`

	// Watching is false while changes are found by scanning alone.
	Watching bool       `json:"watching"`
	LastScan *time.Time `json:"last_scan"`
	Waiting  *Waiting   `json:"waiting"`
	// Hashing and Transfer are what is under way, nil for nothing.
	Hashing  *Progress     `json:"hashing"`
	Transfer *Progress     `json:"transfer"`
	Errors   List[Problem] `json:"errors"`
}

// Waiting is what holds a folder until a person decides.
type Waiting struct {
	Reason  string    `json:"reason"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"` // what to type
}

// Progress is how far a task has come. Totals may grow while it runs.
type Progress struct {
	Files          int64   `json:"files"`
	TotalFiles     int64   `json:"total_files"` // 0 while not known
	Bytes          int64   `json:"bytes"`
	TotalBytes     int64   `json:"total_bytes"`      // 0 while not known
	BytesPerSecond float64 `json:"bytes_per_second"` // over the last few seconds
}

// SecondsLeft estimates the time left, ok is false if nothing can be said.
func (p *Progress) SecondsLeft() (seconds float64, ok bool) {
	if p == nil || p.TotalBytes <= p.Bytes || p.BytesPerSecond <= 0 {
		return 0, false
	}
	return float64(p.TotalBytes-p.Bytes) / p.BytesPerSecond, true
}

// Problem is something that is not in order, and stays listed until it is.
type Problem struct {
	Path  string    `json:"path"` // in the folder, "" for the folder or device as a whole
	Code  string    `json:"code"` // from the closed list in docs/problems.md
	Text  string    `json:"text"` // one sentence: what happened, to what, what to do
	Since time.Time `json:"since"`
}

// Transports of a connection.
const (
	TransportQUIC  = "quic"
	TransportTCP   = "tcp"
	TransportRelay = "relay"
)

// Device is how another device is.
type Device struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Addresses List[string] `json:"addresses"` // as configured
	Paused    bool         `json:"paused"`
	Connected bool         `json:"connected"`
	// Transport and Address are of the control connection, Bulk is the
	// transport of the one that carries the blocks; "" while not connected.
	Transport string  `json:"transport"`
	Bulk      string  `json:"bulk"`
	Address   string  `json:"address"`
	RTTMillis float64 `json:"rtt_ms"`

	BytesSent     int64   `json:"bytes_sent"` // since the daemon started
	BytesReceived int64   `json:"bytes_received"`
	SendRate      float64 `json:"send_rate"` // bytes per second, over the last few seconds
	ReceiveRate   float64 `json:"receive_rate"`
	SendLimit     int64   `json:"send_limit"` // bytes per second, 0 for none
	ReceiveLimit  int64   `json:"receive_limit"`

	NeedFiles int64 `json:"need_files"` // names it lacks in the folders shared with it
	NeedBytes int64 `json:"need_bytes"`
	// ClientVersion is what the other side says it runs.
	ClientVersion string     `json:"client_version"`
	LastSeen      *time.Time `json:"last_seen"`
	Error         string     `json:"error"` // why it is not connected, one sentence
}
