package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

func statusCommand(e *environment) *cobra.Command {
	var asJSON, watch bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show folders, devices and problems",
		Args:  takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON && watch {
				return misuse("--json and --watch cannot both be given: use \"labsync events --json\" to follow what happens")
			}
			if watch {
				return e.watchStatus(cmd.Context())
			}
			s, err := e.status(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return e.printJSON(s)
			}
			_, err = io.WriteString(e.stdout, statusText(&s, time.Now()))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&watch, "watch", false, "go on showing it, with progress bars, until interrupted")
	return cmd
}

// status asks the daemon, or makes up the status of one that does not run.
func (e *environment) status(ctx context.Context) (api.Status, error) {
	c, err := e.client()
	if err != nil {
		return api.Status{}, err
	}
	defer c.Close()
	s, err := c.Status(ctx)
	if errors.Is(err, api.ErrNoDaemon) {
		return e.stopped()
	}
	return s, err
}

// stopped is the status without a daemon: what is configured, and no counts.
func (e *environment) stopped() (api.Status, error) {
	home, err := e.home()
	if err != nil {
		return api.Status{}, err
	}
	c, err := config.Load(home)
	if err != nil {
		return api.Status{}, err
	}
	s := api.Status{Name: c.Name, Version: version(), LogLevel: c.LogLevel,
		SendLimit: int64(c.Limits.Send), ReceiveLimit: int64(c.Limits.Receive)}
	if id, err := device.Load(home); err == nil { // without one nothing has been started yet
		s.DeviceID = id.ID().String()
	}
	for _, f := range c.Folders {
		set := edit.Folder(f)
		s.Folders = append(s.Folders, api.Folder{ID: set.ID, Label: set.Label, Path: set.Path, Strategy: set.Strategy,
			Direction: set.Direction, Blocks: set.Blocks, Devices: set.Devices, State: api.FolderStopped})
	}
	for _, d := range c.Devices {
		set := edit.Device(d)
		s.Devices = append(s.Devices, api.Device{ID: set.ID, Name: set.Name, Addresses: set.Addresses, Paused: set.Paused,
			SendLimit: set.SendLimit, ReceiveLimit: set.ReceiveLimit})
	}
	return s, nil
}
