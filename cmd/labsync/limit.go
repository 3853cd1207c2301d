package main

import (
	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

func limitCommand(e *environment) *cobra.Command {
	var name, send, receive string
	cmd := &cobra.Command{
		Use:     "limit",
		Short:   "Limit the rate of sending and receiving",
		Example: "labsync limit --send 500KiB --receive 10MiB\nlabsync limit --device bench --send off",
		Args:    takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if send == "" && receive == "" {
				return misuse("\"labsync limit\" needs --send or --receive with a rate, as 500KiB, 10MiB or off")
			}
			var l api.LimitSet
			var err error
			if l.Send, err = rate(send); err != nil {
				return err
			}
			if l.Receive, err = rate(receive); err != nil {
				return err
			}
			ed, err := e.editor(cmd.Context())
			if err != nil {
				return err
			}
			if name != "" {
				_, d, err := e.device(cmd, name)
				if err != nil {
					return err
				}
				l.Device = d.ID
			}
			return ed.SetLimit(cmd.Context(), l)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "device", "", "only with this device (ID or name); without, with all together")
	f.StringVar(&send, "send", "", "most to send per second: 500KiB, 10MiB or off")
	f.StringVar(&receive, "receive", "", "most to receive per second: 500KiB, 10MiB or off")
	completeFlag(cmd, "device", completeDevices(e))
	return cmd
}

// rate reads a rate in bytes per second, nil if none is given.
func rate(typed string) (*int64, error) {
	if typed == "" {
		return nil, nil
	}
	r, err := config.ParseRate(typed)
	if err != nil {
		return nil, misuse("%v", err)
	}
	n := int64(r)
	return &n, nil
}
