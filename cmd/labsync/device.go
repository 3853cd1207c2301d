package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

func deviceCommand(e *environment) *cobra.Command {
	return group("device", "Other devices: add, list, remove, pause, resume",
		deviceAdd(e), deviceList(e), deviceRemove(e),
		devicePause(e, "pause", "Stop talking to a device until it is resumed", true),
		devicePause(e, "resume", "Talk to a paused device again", false))
}

func deviceAdd(e *environment) *cobra.Command {
	var name, addresses string
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Trust another device",
		Long: "Trusts the device with that ID, which \"labsync id\" prints there. Both sides must add each other.\n" +
			"Adding one again renews its name and addresses.",
		Example: "labsync device add MFZWI3D-... --name bench --address quic://192.168.1.7:22025,tcp://192.168.1.7:22025",
		Args:    takes(1, 1, "a device ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := device.ParseID(args[0])
			if err != nil {
				return misuse("%v", err)
			}
			list := commas(addresses)
			for _, a := range list {
				if _, err := addr.Parse(a); err != nil && a != addr.Dynamic {
					return misuse("%v", err)
				}
			}
			ed, err := e.editor(cmd.Context())
			if err != nil {
				return err
			}
			d, err := ed.AddDevice(cmd.Context(), api.DeviceConfig{ID: id.String(), Name: name, Addresses: list})
			if err != nil {
				return err
			}
			e.say("device %s is trusted as %s", d.ID, escape(d.Name))
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what to call it here (default: the first part of its ID)")
	cmd.Flags().StringVar(&addresses, "address", "", "where to reach it, as quic://HOST:PORT,tcp://HOST:PORT; without, it must connect to this device")
	return cmd
}

func deviceList(e *environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the other devices as configured",
		Args:  takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ed, err := e.editor(cmd.Context())
			if err != nil {
				return err
			}
			list, err := ed.Devices(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return e.printJSON(api.List[api.DeviceConfig](list))
			}
			w := tabwriter.NewWriter(e.stdout, 0, 8, 2, ' ', 0)
			for _, d := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", escape(d.Name), d.ID, escape(strings.Join(d.Addresses, ",")), deviceNotes(d))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func deviceNotes(d api.DeviceConfig) string {
	var notes []string
	if d.Paused {
		notes = append(notes, "paused")
	}
	if d.SendLimit > 0 {
		notes = append(notes, "send "+config.Rate(d.SendLimit).String()+"/s")
	}
	if d.ReceiveLimit > 0 {
		notes = append(notes, "receive "+config.Rate(d.ReceiveLimit).String()+"/s")
	}
	return strings.Join(notes, ", ")
}

func deviceRemove(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:               "remove DEVICE",
		Short:             "Trust a device no more and stop sharing with it",
		Args:              takes(1, 1, "a device's ID or name"),
		ValidArgsFunction: completeDevices(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			ed, d, err := e.device(cmd, args[0])
			if err != nil {
				return err
			}
			if err := ed.RemoveDevice(cmd.Context(), d.ID); err != nil {
				return err
			}
			e.say("device %s is trusted no more; what it has stays there", escape(d.Name))
			return nil
		},
	}
}

func devicePause(e *environment, use, short string, paused bool) *cobra.Command {
	return &cobra.Command{
		Use:               use + " DEVICE",
		Short:             short,
		Args:              takes(1, 1, "a device's ID or name"),
		ValidArgsFunction: completeDevices(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			ed, d, err := e.device(cmd, args[0])
			if err != nil {
				return err
			}
			return ed.PauseDevice(cmd.Context(), d.ID, paused)
		},
	}
}

// device finds a device and what to change it with.
func (e *environment) device(cmd *cobra.Command, typed string) (editor, api.DeviceConfig, error) {
	ed, err := e.editor(cmd.Context())
	if err != nil {
		return nil, api.DeviceConfig{}, err
	}
	list, err := ed.Devices(cmd.Context())
	if err != nil {
		return nil, api.DeviceConfig{}, err
	}
	d, err := findDevice(list, typed)
	return ed, d, err
}
