package main

import (
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/device"
)

func idCommand(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "id",
		Short: "Print the ID of this device",
		Args:  takes(0, 0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			id, err := e.identity()
			if err != nil {
				return err
			}
			e.say("%s", id)
			return nil
		},
	}
}

// identity returns the ID of the home's device.
func (e *environment) identity() (device.ID, error) {
	home, err := e.home()
	if err != nil {
		return device.ID{}, err
	}
	id, err := device.Load(home)
	if errors.Is(err, fs.ErrNotExist) {
		return device.ID{}, errors.New("no device has been made in " + home + " yet: type \"labsync init\" or \"labsync up PATH\"")
	}
	return id.ID(), err
}
