package session

import (
	"context"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire"
)

// What is said in a session; see package wire.
type (
	Hello         = wire.Hello
	ClusterConfig = wire.ClusterConfig
	Folder        = wire.Folder
	Device        = wire.Device
	Direction     = wire.Direction
	Rejected      = wire.Rejected
	Range         = wire.Range
)

// The directions of a Folder.
const (
	SendReceive = wire.SendReceive
	SendOnly    = wire.SendOnly
	ReceiveOnly = wire.ReceiveOnly
)

// Handler takes what the other device says. Its methods must not call Send
// methods and wait for them: two devices that did would wait for each other.
// ClusterConfig, Index and Records
// are called one at a time, in the order sent; Serve is called from several
// goroutines at once. Contexts end with the session. An error that
// a method other than Serve returns ends the session; the other device is told
// of an internal error, not which.
type Handler interface {
	// ClusterConfig comes first, and again whenever it has changed.
	ClusterConfig(ctx context.Context, c ClusterConfig) error
	// Index takes a batch of announcements in ascending sequence. last is the
	// highest sequence covered, also when the batch is empty. Rejected updates
	// are not in the batch. Folder may be one that is not shared with the
	// device: then nothing is to be done.
	Index(ctx context.Context, folder string, batch []index.Update, last int64, rejected []Rejected) error
	// Records takes replicated records in ascending sequence.
	Records(ctx context.Context, folder string, records []index.Record) error
	// Serve answers a batch. It calls reply for each range in any order, from
	// one goroutine or several; an error says that it cannot be had here.
	// reply blocks while the connection is busy, does not keep data, and
	// returns an error if answering on is useless. A range whose reply is left
	// out, or of the wrong length, counts as an error.
	Serve(ctx context.Context, folder string, want []Range, reply func(i int, data []byte, err error) error) error
}
