package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

func demoCommand(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Two throw-away paired devices on this machine, to see it work",
		Long: "Runs two devices on loopback, each with a folder, until it is interrupted: edit in one, see it in the other.\n" +
			"The folders \"left\" and \"right\" are made in DIR, where they stay, or in a temporary directory, which goes.",
		Args: takes(0, 1, "a directory for the two folders"),
		RunE: func(cmd *cobra.Command, args []string) error {
			temp, err := os.MkdirTemp("", "labsync-demo-")
			if err != nil {
				return fmt.Errorf("make a directory for the demo: %w", err)
			}
			defer os.RemoveAll(temp)
			top := temp
			if len(args) > 0 {
				if top, err = config.AbsPath(args[0]); err != nil {
					return misuse("%v", err)
				}
			}
			shared := *e // two devices print at once
			shared.stdout, shared.stderr = &locked{w: e.stdout}, &locked{w: e.stderr}
			d := &demo{e: &shared, keeps: len(args) > 0}
			for i, name := range []string{"left", "right"} {
				d.sides[i] = side{name: name, home: filepath.Join(temp, "home-"+name), folder: filepath.Join(top, name), up: make(chan struct{})}
			}
			return d.run(cmd.Context())
		},
	}
}

// locked lets one write through at a time, so that lines stay whole.
type locked struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

// Write writes all of p before another write begins.
func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// demo is two devices in this process.
type demo struct {
	e     *environment
	keeps bool // the folders stay afterwards
	sides [2]side
}

type side struct {
	name, home, folder string
	node               server.Node   // set when up is closed
	up                 chan struct{} // closed when the daemon is ready
}

// run runs both daemons, and beside them one goroutine that pairs them and one
// per side that prints its events. All end with ctx, or with the first failure.
func (d *demo) run(ctx context.Context) error {
	for i := range d.sides {
		if err := d.sides[i].prepare(); err != nil {
			return err
		}
	}
	var printing sync.WaitGroup
	defer printing.Wait()
	group, ctx := errgroup.WithContext(ctx)
	for i := range d.sides {
		s := &d.sides[i]
		group.Go(func() error {
			log, level := d.e.logger()
			o := daemonOptions{Version: version(), Log: log.With("device", s.name), Level: level}
			return d.e.daemon(ctx, s.home, o, func(n server.Node) {
				s.node = n
				close(s.up)
			})
		})
	}
	group.Go(func() error {
		err := d.pair(ctx)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err == nil {
			d.explain()
			for i := range d.sides {
				printing.Go(func() { d.e.printEvents(ctx, d.sides[i].node, fmt.Sprintf("%-6s", d.sides[i].name)) })
			}
		}
		return err
	})
	return group.Wait()
}

// prepare makes the home of a device that only this machine can reach.
func (s *side) prepare() error {
	_, err := config.Update(s.home, func(c *config.Config) error {
		c.Name = s.name
		c.Listen = []string{"quic://127.0.0.1:0", "tcp://127.0.0.1:0"}
		c.API = "off"
		c.LogLevel = "warn"
		return nil
	})
	if err != nil {
		return err
	}
	_, _, err = device.LoadOrCreate(s.home, rand.Reader)
	return err
}

// pair tells the two of each other once both are up, through the API as a
// person would by the command line.
func (d *demo) pair(ctx context.Context) error {
	var known [2]api.Status
	for i := range d.sides {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.sides[i].up:
		}
		var err error
		if known[i], err = d.sides[i].node.Status(ctx); err != nil {
			return err
		}
	}
	id, err := config.NewFolderID()
	if err != nil {
		return err
	}
	for i := range d.sides {
		s, other := &d.sides[i], known[1-i]
		d := api.DeviceConfig{ID: other.DeviceID, Name: other.Name}
		if i > 0 {
			d.Addresses = other.Listen // it knows this side by now, and lets it in
		}
		if _, err := s.node.AddDevice(ctx, d); err != nil {
			return err
		}
		if _, err := s.node.AddFolder(ctx, api.FolderAdd{Path: s.folder, ID: id, Label: "demo", Devices: []string{other.DeviceID}}); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) explain() {
	d.e.say("two devices run, each with a folder:\n\n  left   %s\n  right  %s\n", escape(d.sides[0].folder), escape(d.sides[1].folder))
	end := "Ctrl-C ends both and removes all of it, the two folders too."
	if d.keeps {
		end = "Ctrl-C ends both; the two folders stay."
	}
	d.e.say("Edit in one and see it in the other. %s\n", end)
}
