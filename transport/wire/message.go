package wire

import (
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// Type is the kind of a message. Numbers below 1000 are BEP's.
type Type uint16

// The message types.
const (
	TypeClusterConfig    Type = 0
	TypeIndex            Type = 1
	TypeIndexUpdate      Type = 2
	TypeRequest          Type = 3
	TypeResponse         Type = 4
	TypeDownloadProgress Type = 5
	TypePing             Type = 6
	TypeClose            Type = 7

	TypeHello          Type = 1000
	TypePong           Type = 1001
	TypeAck            Type = 1002
	TypeRecords        Type = 1003
	TypeBlocksRequest  Type = 1004
	TypeBlocksResponse Type = 1005
	TypeBlocksCancel   Type = 1006
	TypeJoin           Type = 1007
)

// Hello is the first thing each side says on a connection.
type Hello struct {
	DeviceName    string // as its owner calls the device
	ClientName    string // "labsync", "syncthing"
	ClientVersion string // "v1.2.3"
	// Instance is a random number of the running process, zero from BEP peers.
	// Two numbers seen from one device at the same time are two processes with
	// one identity: a copied home.
	Instance uint64
}

// ClusterConfig says which folders a device shares with the one it talks to,
// and how far it knows everybody's index.
type ClusterConfig struct {
	Folders []Folder
}

// Direction is what a device does with a folder; the values are BEP's.
type Direction int32

// The directions.
const (
	SendReceive Direction = iota
	SendOnly
	ReceiveOnly
	ReceiveEncrypted // Syncthing's untrusted devices; labsync never says it
)

// Folder is one shared folder.
type Folder struct {
	ID        string
	Label     string
	Direction Direction
	Paused    bool
	Devices   []Device
}

// Device is a device that shares a folder. Of the sender itself IndexID and
// MaxSequence are its index and how far that reaches; of any other device they
// are what the sender knows of that device's index. The receiver starts sending
// after the numbers it finds for itself if the index ID is its own, and from
// the beginning otherwise (BEP's delta indexes).
type Device struct {
	ID          device.ID
	Name        string
	IndexID     uint64
	MaxSequence int64
	// RecordSequence is the same for replicated records, which are numbered on
	// their own under the same IndexID.
	RecordSequence int64
}

// Index is a batch of announcements.
type Index struct {
	Folder  string
	Updates []index.Update // in ascending sequence
	// Last is the highest sequence covered: the sender has announced
	// everything up to it. Previous is the Last before.
	Last, Previous int64
	// Rejected are the updates that were received and are not in Updates.
	Rejected []Rejected
}

// Covers is the highest sequence that is announced when in has been sent.
func (in *Index) Covers() int64 {
	covers := max(in.Last, in.Previous)
	if n := len(in.Updates); n > 0 {
		covers = max(covers, in.Updates[n-1].Sequence)
	}
	return covers
}

// Rejected is an announcement that breaks a rule. It is left out, the rest of
// its batch stands.
type Rejected struct {
	Name     string // as received, perhaps no valid text: quote it
	Sequence int64
	Reason   string // why, in a few words
}

// Records is a batch of replicated records.
type Records struct {
	Folder  string
	Records []index.Record // in ascending sequence
}

// Range is a part of a block that is asked for.
type Range struct {
	Name   string     // of the file, as the one who asks knows it
	Hash   index.Hash // of the whole block
	Offset int64      // of the range in the file
	Size   int32      // 1 to MaxRange bytes
}

// BlocksRequest asks for ranges; answers name them by their position.
type BlocksRequest struct {
	Folder string
	Ranges []Range
}
