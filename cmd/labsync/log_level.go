package main

import (
	"github.com/spf13/cobra"
)

func logLevelCommand(e *environment) *cobra.Command {
	levels := []string{"debug", "info", "warn", "error"}
	return &cobra.Command{
		Use:   "log-level LEVEL",
		Short: "Change how much the running daemon logs: debug, info, warn or error",
		Long: "Changes how much the running daemon logs, until it ends: debug, info, warn or error.\n" +
			"What holds from the next start stands as log_level in config.toml.",
		Args:      takes(1, 1, "a level: debug, info, warn or error"),
		ValidArgs: levels,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("level", args[0], levels...); err != nil {
				return misuse("%q is no level: choose one of debug, info, warn, error", args[0])
			}
			c, err := e.running(cmd.Context())
			if err != nil {
				return err
			}
			return c.SetLogLevel(cmd.Context(), args[0])
		},
	}
}
