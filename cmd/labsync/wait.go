package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
)

func waitCommand(e *environment) *cobra.Command {
	var folder string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait",
		Short: "Wait until connected devices are in sync",
		Long:  "Returns when at least one device is connected and all connected ones have what this one has, and the other way round.",
		Args:  takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if timeout < 0 {
				return misuse("--timeout is a time from now, as 30s or 5m")
			}
			c, err := e.running(cmd.Context())
			if err != nil {
				return err
			}
			if folder != "" {
				if folder, err = folderID(cmd.Context(), c, folder); err != nil {
					return err
				}
			}
			ctx, cancel := cmd.Context(), context.CancelFunc(func() {})
			if timeout > 0 {
				ctx, cancel = context.WithTimeout(ctx, timeout)
			}
			defer cancel()
			err = c.Wait(ctx, folder)
			if errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("not in sync after %v: %s", timeout, missing(cmd.Context(), c, folder))
			}
			return err
		},
	}
	cmd.Flags().StringVar(&folder, "folder", "", "only this folder (ID, label or path)")
	cmd.Flags().DurationVar(&timeout, "timeout", 0, "give up after this time, as 30s or 5m (default: never)")
	completeFlag(cmd, "folder", completeFolders(e))
	return cmd
}

// missing says in a few words what is not in sync.
func missing(ctx context.Context, c *api.Client, folder string) string {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	s, err := c.Status(ctx)
	if err != nil {
		return "the daemon does not answer"
	}
	connected := false
	for _, d := range s.Devices {
		connected = connected || d.Connected
		if d.Connected && d.NeedFiles > 0 && folder == "" {
			return fmt.Sprintf("%s still needs %s", d.Name, count(d.NeedFiles, "file"))
		}
	}
	if !connected {
		return "no device is connected"
	}
	for _, f := range s.Folders {
		if folder != "" && f.ID != folder {
			continue
		}
		if f.State != api.FolderIdle || f.NeedFiles > 0 {
			return fmt.Sprintf("folder %s is %s and needs %s", f.Label, f.State, count(f.NeedFiles, "file"))
		}
	}
	return "another device still needs files"
}
