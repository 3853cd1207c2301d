package daemon

import (
	"context"

	"github.com/labsync/labsync/internal/api"
)

// The edits of server.Node: each changes the files as the command line without
// a daemon does, and puts the outcome into effect.

// AddDevice implements server.Node.
func (d *Daemon) AddDevice(ctx context.Context, in api.DeviceConfig) (api.DeviceConfig, error) {
	return then(d, func() (api.DeviceConfig, error) { return d.Home.AddDevice(ctx, in) })
}

// RemoveDevice implements server.Node.
func (d *Daemon) RemoveDevice(ctx context.Context, id string) error {
	return d.after(d.Home.RemoveDevice(ctx, id))
}

// PauseDevice implements server.Node.
func (d *Daemon) PauseDevice(ctx context.Context, id string, paused bool) error {
	return d.after(d.Home.PauseDevice(ctx, id, paused))
}

// AddFolder implements server.Node.
func (d *Daemon) AddFolder(ctx context.Context, a api.FolderAdd) (api.FolderConfig, error) {
	return then(d, func() (api.FolderConfig, error) { return d.Home.AddFolder(ctx, a) })
}

// SetFolder implements server.Node.
//
// What it says to other devices is sent after the command that asked has ended.
func (d *Daemon) SetFolder(ctx context.Context, id string, s api.FolderSet) (api.FolderConfig, error) {
	accept := s.AcceptIgnore
	s.AcceptIgnore = false
	if accept {
		if err := d.acceptRules(ctx, id); err != nil {
			return api.FolderConfig{}, err
		}
	}
	out, err := then(d, func() (api.FolderConfig, error) { return d.Home.SetFolder(ctx, id, s) })
	if r := d.running()[id]; err == nil && r != nil {
		err = r.setRegisters(d.working, map[string]string{keyStrategy: s.Strategy, keyLabel: s.Label})
	}
	return out, err
}

// acceptRules puts the ignore file in force that waits for it.
func (d *Daemon) acceptRules(ctx context.Context, id string) error {
	_, run, err := d.find(id)
	if err != nil {
		return err
	}
	return run.AcceptRules(ctx)
}

// RemoveFolder implements server.Node.
func (d *Daemon) RemoveFolder(ctx context.Context, id string) error {
	return d.after(d.Home.RemoveFolder(ctx, id))
}

// PauseFolder implements server.Node.
func (d *Daemon) PauseFolder(ctx context.Context, id string, paused bool) error {
	return d.after(d.Home.PauseFolder(ctx, id, paused))
}

// SetLimit implements server.Node.
func (d *Daemon) SetLimit(ctx context.Context, l api.LimitSet) error {
	return d.after(d.Home.SetLimit(ctx, l))
}

func then[T any](d *Daemon, edit func() (T, error)) (T, error) {
	out, err := edit()
	return out, d.after(err)
}

// after puts what an edit has written into effect, unless it failed.
func (d *Daemon) after(err error) error {
	if err != nil {
		return err
	}
	return d.Reload()
}
