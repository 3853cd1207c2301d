package server

import (
	"context"

	"github.com/labsync/labsync/internal/api"
)

// Node is what the API offers of a daemon. The daemon implements it, and so
// does api.Client: a program can use one in process or over the socket alike.
//
// Methods may be called from any goroutine. IDs are exact; finding a folder by
// its label or a device by its name is the caller's business. A refusal that a
// person caused is an *api.Error; any other error is reported as a failure.
// Edits are durable, and in effect or under way, when they return.
type Node interface {
	Status(ctx context.Context) (api.Status, error)

	// Events calls each with every event whose ID is greater than since, oldest
	// first, the ones to come included; api.SinceNow skips the past. It returns
	// when ctx ends, with its error, or each fails, with that error.
	Events(ctx context.Context, since int64, each func(api.Event) error) error

	// Wait returns when at least one device is connected and all connected ones
	// agree with this one on the folder, on all of them if it is "".
	Wait(ctx context.Context, folder string) error

	Devices(ctx context.Context) ([]api.DeviceConfig, error)
	// AddDevice adds a device; one that exists takes the name, if given, and
	// the addresses, if any.
	AddDevice(ctx context.Context, d api.DeviceConfig) (api.DeviceConfig, error)
	RemoveDevice(ctx context.Context, id string) error
	PauseDevice(ctx context.Context, id string, paused bool) error

	Folders(ctx context.Context) ([]api.FolderConfig, error)
	AddFolder(ctx context.Context, a api.FolderAdd) (api.FolderConfig, error)
	SetFolder(ctx context.Context, id string, s api.FolderSet) (api.FolderConfig, error)
	// RemoveFolder forgets the folder and leaves its files alone.
	RemoveFolder(ctx context.Context, id string) error
	PauseFolder(ctx context.Context, id string, paused bool) error
	// RescanFolder compares the disk with the index, beneath the name if it is
	// not "", and returns when that is under way.
	RescanFolder(ctx context.Context, id, name string) error
	// OverrideFolder makes the content of a send-only folder newer than what
	// others have.
	OverrideFolder(ctx context.Context, id string) error
	// RevertFolder makes a receive-only folder equal to what others have; what
	// was changed here is kept displaced.
	RevertFolder(ctx context.Context, id string) error

	SetLimit(ctx context.Context, l api.LimitSet) error
	// SetLogLevel changes how much is logged, until the daemon ends.
	SetLogLevel(ctx context.Context, level string) error
	// Shutdown asks the daemon to end cleanly; it may return before that.
	Shutdown(ctx context.Context) error
}
