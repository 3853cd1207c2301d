package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/config"
)

// probeTimeout is how long a daemon may take to answer whether it is there. One
// that is busy starting holds its socket only when it can answer.
const probeTimeout = 10 * time.Second

// environment is what commands share: where they print, and the home.
type environment struct {
	stdout, stderr io.Writer
	arg0           string // the program as it was called
	homeFlag       string
	daemon         daemonRunner
}

// daemonRunner runs a daemon on a home until ctx ends. It calls ready once,
// when devices and programs can connect, and does not wait for what ready
// starts.
type daemonRunner func(ctx context.Context, home string, o daemonOptions, ready func(server.Node)) error

// daemonOptions are what the command line tells the daemon.
type daemonOptions struct {
	Version string
	Made    time.Time // zero if it is not known
	Log     *slog.Logger
	// Level is Log's; the daemon sets it from its configuration and at run time.
	Level *slog.LevelVar
}

var _, _ editor = (*api.Client)(nil), edit.Home("")

// editor is what can be done with and without a daemon; api.Client and
// edit.Home satisfy it.
type editor interface {
	Devices(ctx context.Context) ([]api.DeviceConfig, error)
	AddDevice(ctx context.Context, d api.DeviceConfig) (api.DeviceConfig, error)
	RemoveDevice(ctx context.Context, id string) error
	PauseDevice(ctx context.Context, id string, paused bool) error
	Folders(ctx context.Context) ([]api.FolderConfig, error)
	AddFolder(ctx context.Context, a api.FolderAdd) (api.FolderConfig, error)
	SetFolder(ctx context.Context, id string, s api.FolderSet) (api.FolderConfig, error)
	RemoveFolder(ctx context.Context, id string) error
	PauseFolder(ctx context.Context, id string, paused bool) error
	SetLimit(ctx context.Context, l api.LimitSet) error
}

func (e *environment) home() (string, error) { return config.Home(e.homeFlag) }

// client returns a client of the home's daemon, which may not run.
func (e *environment) client() (*api.Client, error) {
	home, err := e.home()
	if err != nil {
		return nil, err
	}
	return api.NewClient(config.SocketPath(home)), nil
}

// running returns a client of the daemon, or an error that wraps
// api.ErrNoDaemon if none runs.
func (e *environment) running(ctx context.Context) (*api.Client, error) {
	c, err := e.client()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if _, err := c.Folders(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// editor returns the daemon's client, or an editor of the files without one.
func (e *environment) editor(ctx context.Context) (editor, error) {
	c, err := e.running(ctx)
	if err == nil {
		return c, nil
	}
	if !errors.Is(err, api.ErrNoDaemon) {
		return nil, err
	}
	home, err := e.home()
	return edit.Home(home), err
}

// say prints a line to stdout.
func (e *environment) say(format string, args ...any) {
	fmt.Fprintf(e.stdout, format+"\n", args...)
}

// printJSON prints v indented.
func (e *environment) printJSON(v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print the answer: %w", err)
	}
	return nil
}

// logger returns the log of a daemon, which goes to stderr.
func (e *environment) logger() (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	return slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level})), level
}

// version is the module's version, or the commit it was built from.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := build.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// made is when the source that this was built from was committed, zero if that
// is not known.
func made() time.Time {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.time" {
			if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool { return f != nil && terminalWidth(f) > 0 }
