package main

import (
	"context"
	"os"

	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/daemon"
	"github.com/labsync/labsync/internal/fault"
)

// faultVariable names failpoints for tests of crashes; see internal/fault.
const faultVariable = "LABSYNC_FAULT"

// runDaemon is the one place where the command line meets the daemon.
func runDaemon(ctx context.Context, home string, o daemonOptions, ready func(server.Node)) error {
	points, err := fault.Parse(os.Getenv(faultVariable))
	if err != nil {
		return misuse("%s: %v", faultVariable, err)
	}
	d, err := daemon.New(home, daemon.Options{Version: o.Version, Log: o.Log, LogLevel: o.Level, Made: o.Made, Fault: points.Hit, Clock: points.Clock()})
	if err != nil {
		return err
	}
	return d.Run(ctx, func() { ready(d) })
}
