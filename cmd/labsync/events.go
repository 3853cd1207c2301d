package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
)

func eventsCommand(e *environment) *cobra.Command {
	var asJSON bool
	var since int64
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Print what happens, one line each, until interrupted",
		Args:  takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since < api.SinceNow {
				return misuse("--since is the ID of an event: 0 for all that are kept, -1 for those to come")
			}
			c, err := e.running(cmd.Context())
			if err != nil {
				return err
			}
			enc := json.NewEncoder(e.stdout)
			enc.SetEscapeHTML(false)
			last := since
			err = c.Events(cmd.Context(), since, func(ev api.Event) error {
				missed := last > 0 && ev.ID > last+1
				last = ev.ID
				if asJSON {
					return enc.Encode(ev)
				}
				if missed {
					e.say("(some events before this one are not kept any more)")
				}
				_, err := fmt.Fprintln(e.stdout, eventLine(ev))
				return err
			})
			if errors.Is(err, context.Canceled) {
				return nil // interrupted, which is how this command ends
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	cmd.Flags().Int64Var(&since, "since", api.SinceNow, "begin after this event ID, 0 with the oldest kept (default: with the next)")
	return cmd
}

// eventLine is an event for a person.
func eventLine(ev api.Event) string {
	return ev.Time.Local().Format("15:04:05") + "  " + escape(ev.Text)
}
