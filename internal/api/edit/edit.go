// Package edit carries out the API's edits of the configuration in a home. The
// daemon and a command line without one do the same by it: the daemon loads the
// configuration again afterwards, the command line is done.
//
// A folder that comes or goes begins with a new index; see OutdatedMark.
//
// Nothing is cached: each method is one config.Update, which concurrent
// processes may make too. A refusal is an *api.Error. No goroutine is started.
package edit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

// Home is the home directory whose configuration is edited. Its methods are
// those of server.Node that need no running daemon.
type Home string

// update is config.Update with refusals as the API has them. The index of a
// folder that comes or goes is marked as outdated.
func (h Home) update(change func(*config.Config) error) (*config.Config, error) {
	var marks []string
	c, err := config.Update(string(h), func(c *config.Config) (err error) {
		before := slices.Clone(c.Folders)
		if err := change(c); err != nil {
			return err
		}
		marks, err = h.markOutdated(before, c.Folders)
		return err
	})
	if invalid := (*config.Invalid)(nil); errors.As(err, &invalid) {
		removeAll(marks) // nothing was changed
		// What was just asked for stands nowhere yet, so it needs no place.
		return nil, api.Refused(strings.ReplaceAll(invalid.Error(), "the command line: ", ""))
	}
	return c, err
}

// Devices lists the other devices.
func (h Home) Devices(context.Context) ([]api.DeviceConfig, error) {
	c, err := config.Load(string(h))
	if err != nil {
		return nil, err
	}
	list := make([]api.DeviceConfig, len(c.Devices))
	for i, d := range c.Devices {
		list[i] = Device(d)
	}
	return list, nil
}

// AddDevice adds a device. One that is there takes the name and the addresses,
// if given, so that typing a line twice does no harm.
func (h Home) AddDevice(_ context.Context, in api.DeviceConfig) (api.DeviceConfig, error) {
	id, err := device.ParseID(in.ID)
	if err != nil {
		return api.DeviceConfig{}, api.Misuse(err.Error())
	}
	if own, err := device.Load(string(h)); err == nil && own.ID() == id {
		return api.DeviceConfig{}, api.Refused("that is the ID of this device itself: type the line on the other device")
	}
	for _, a := range in.Addresses {
		if _, err := addr.Parse(a); err != nil && a != addr.Dynamic {
			return api.DeviceConfig{}, api.Misuse(err.Error())
		}
	}
	c, err := h.update(func(c *config.Config) error {
		d := c.Device(id)
		if d == nil {
			c.Devices = append(c.Devices, config.Device{ID: id, Name: in.Name, Paused: in.Paused,
				SendLimit: config.Rate(in.SendLimit), ReceiveLimit: config.Rate(in.ReceiveLimit)})
			d = &c.Devices[len(c.Devices)-1]
		}
		if in.Name != "" {
			d.Name = in.Name
		}
		if d.Name == "" {
			d.Name = id.Short()
		}
		if len(in.Addresses) > 0 {
			d.Addresses = in.Addresses
		}
		return nil
	})
	if err != nil {
		return api.DeviceConfig{}, err
	}
	return Device(*c.Device(id)), nil
}

// RemoveDevice forgets a device and stops sharing folders with it.
func (h Home) RemoveDevice(_ context.Context, id string) error {
	return h.changeDevice(id, func(c *config.Config, d *config.Device) { c.RemoveDevice(d.ID) })
}

// PauseDevice pauses a device or lets it go on.
func (h Home) PauseDevice(_ context.Context, id string, paused bool) error {
	return h.changeDevice(id, func(_ *config.Config, d *config.Device) { d.Paused = paused })
}

// SetLimit changes the limits of all devices together, or of one.
func (h Home) SetLimit(_ context.Context, l api.LimitSet) error {
	set := func(send, receive *config.Rate) {
		if l.Send != nil {
			*send = config.Rate(*l.Send)
		}
		if l.Receive != nil {
			*receive = config.Rate(*l.Receive)
		}
	}
	for _, rate := range []*int64{l.Send, l.Receive} {
		if rate != nil && *rate < 0 {
			return api.Misuse("a rate cannot be negative: 0 means no limit")
		}
	}
	if l.Device != "" {
		return h.changeDevice(l.Device, func(_ *config.Config, d *config.Device) { set(&d.SendLimit, &d.ReceiveLimit) })
	}
	_, err := h.update(func(c *config.Config) error {
		set(&c.Limits.Send, &c.Limits.Receive)
		return nil
	})
	return err
}

func (h Home) changeDevice(text string, change func(*config.Config, *config.Device)) error {
	id, err := device.ParseID(text)
	if err != nil {
		return api.Misuse(err.Error())
	}
	_, err = h.update(func(c *config.Config) error {
		d := c.Device(id)
		if d == nil {
			return api.NotFound(fmt.Sprintf("device %s is not known here: see \"labsync device list\"", id))
		}
		change(c, d)
		return nil
	})
	return err
}

// Folders lists the folders.
func (h Home) Folders(context.Context) ([]api.FolderConfig, error) {
	c, err := config.Load(string(h))
	if err != nil {
		return nil, err
	}
	list := make([]api.FolderConfig, len(c.Folders))
	for i, f := range c.Folders {
		list[i] = Folder(f)
	}
	return list, nil
}

// SetFolder changes a folder.
func (h Home) SetFolder(_ context.Context, id string, s api.FolderSet) (api.FolderConfig, error) {
	if s.AcceptIgnore { // the daemon takes it out before it comes here
		return api.FolderConfig{}, fmt.Errorf("accept the ignore file: %w", api.ErrNoDaemon)
	}
	add, err := deviceIDs(s.AddDevices)
	if err != nil {
		return api.FolderConfig{}, err
	}
	remove, err := deviceIDs(s.RemoveDevices)
	if err != nil {
		return api.FolderConfig{}, err
	}
	return h.changeFolder(id, func(f *config.Folder) {
		overwrite(&f.Label, s.Label)
		overwrite(&f.Strategy, s.Strategy)
		overwrite(&f.Blocks, s.Blocks)
		overwrite(&f.Direction, s.Direction)
		f.Devices = slices.DeleteFunc(union(f.Devices, add), func(d device.ID) bool { return slices.Contains(remove, d) })
	})
}

// RemoveFolder forgets a folder; its files stay.
func (h Home) RemoveFolder(_ context.Context, id string) error {
	_, err := h.update(func(c *config.Config) error {
		if !c.RemoveFolder(id) {
			return noFolder(id)
		}
		return nil
	})
	return err
}

// PauseFolder pauses a folder or lets it go on.
func (h Home) PauseFolder(_ context.Context, id string, paused bool) error {
	_, err := h.changeFolder(id, func(f *config.Folder) { f.Paused = paused })
	return err
}

func (h Home) changeFolder(id string, change func(*config.Folder)) (api.FolderConfig, error) {
	c, err := h.update(func(c *config.Config) error {
		f := c.Folder(id)
		if f == nil {
			return noFolder(id)
		}
		change(f)
		return nil
	})
	if err != nil {
		return api.FolderConfig{}, err
	}
	return Folder(*c.Folder(id)), nil
}

func noFolder(id string) error {
	return api.NotFound(fmt.Sprintf("there is no folder %q here: see \"labsync folder list\"", id))
}
