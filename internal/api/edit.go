package api

// Strategies of a folder.
const (
	StrategyNone      = "none"
	StrategySimple    = "simple"
	StrategyStaggered = "staggered"
)

// Directions of a folder.
const (
	SendReceive = "send-receive"
	SendOnly    = "send-only"
	ReceiveOnly = "receive-only"
)

// Ways to cut the files changed here into blocks.
const (
	BlocksContent = "content"
	BlocksFixed   = "fixed"
)

// DeviceConfig is a device as configured.
type DeviceConfig struct {
	Schema       Schema       `json:"schema"`
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Addresses    List[string] `json:"addresses"` // quic://H:P, tcp://H:P or dynamic
	Paused       bool         `json:"paused"`
	SendLimit    int64        `json:"send_limit"` // bytes per second, 0 for none
	ReceiveLimit int64        `json:"receive_limit"`
}

// FolderConfig is a folder as configured.
type FolderConfig struct {
	Schema    Schema       `json:"schema"`
	ID        string       `json:"id"`
	Label     string       `json:"label"`
	Path      string       `json:"path"` // absolute
	Devices   List[string] `json:"devices"`
	Strategy  string       `json:"strategy"`
	Blocks    string       `json:"blocks"`
	Direction string       `json:"direction"`
	Paused    bool         `json:"paused"`
}

// FolderAdd asks for a folder. Where the path is a folder already, it is
// shared with the devices given, and takes the ID given if no one else shares
// it yet. What is left empty gets its default, or stays.
type FolderAdd struct {
	Path string `json:"path"` // absolute
	ID   string `json:"id"`
	// Join is an ID to meet under: as ID, but where the path is a folder with
	// an ID of its own, the smaller of the two IDs holds. Two people who each
	// made a folder and type each other's line so end up with one. UUIDv7 grow
	// with time, so the older folder keeps its ID.
	Join      string       `json:"join"`
	Label     string       `json:"label"`
	Devices   List[string] `json:"devices"`
	Strategy  string       `json:"strategy"`
	Blocks    string       `json:"blocks"`
	Direction string       `json:"direction"`
}

// FolderSet changes a folder. What is empty stays.
type FolderSet struct {
	Label         string       `json:"label"`
	Strategy      string       `json:"strategy"`
	Blocks        string       `json:"blocks"`
	Direction     string       `json:"direction"`
	AddDevices    List[string] `json:"add_devices"`
	RemoveDevices List[string] `json:"remove_devices"`
	// AcceptIgnore puts an ignore file in force that another device changed so
	// that it ignores less, and that waits for someone here. It needs a running
	// daemon.
	AcceptIgnore bool `json:"accept_ignore"`
}

// LimitSet changes rate limits, in bytes per second, 0 for none. What is nil
// stays.
type LimitSet struct {
	Device  string `json:"device"` // ID, "" for all devices together
	Send    *int64 `json:"send"`
	Receive *int64 `json:"receive"`
}

// Pause says whether something shall pause or go on.
type Pause struct {
	Paused bool `json:"paused"`
}

// LogLevel is how much the daemon logs: debug, info, warn or error.
type LogLevel struct {
	Level string `json:"level"`
}
