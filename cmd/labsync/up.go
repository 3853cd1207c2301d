package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

func upCommand(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:   "up [PATH]",
		Short: "Run the daemon in the foreground; PATH becomes a folder",
		Long: "Runs the daemon until it is interrupted. The first run makes the identity and the configuration.\n" +
			"PATH becomes a folder if it is none yet. What happens is printed, one line each; the log goes to stderr.",
		Args: takes(0, 1, "the path of a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := e.home()
			if err != nil {
				return err
			}
			if err := e.prepare(cmd.Context(), home, args); err != nil {
				return err
			}
			return e.up(cmd.Context(), home)
		},
	}
}

// prepare makes identity, configuration and folder where they are missing.
func (e *environment) prepare(ctx context.Context, home string, args []string) error {
	if _, err := e.running(ctx); err == nil {
		return alreadyUp(home, len(args) > 0)
	} else if !errors.Is(err, api.ErrNoDaemon) {
		return err
	}
	if _, err := config.Update(home, func(*config.Config) error { return nil }); err != nil {
		return err
	}
	if _, _, err := device.LoadOrCreate(home, rand.Reader); err != nil {
		return err
	}
	if len(args) == 0 {
		return nil
	}
	return ensureFolder(ctx, edit.Home(home), args[0])
}

func alreadyUp(home string, withPath bool) error {
	if withPath {
		return fmt.Errorf("a labsync daemon runs on %s already: add the folder to it with \"labsync folder add PATH\"", home)
	}
	return fmt.Errorf("a labsync daemon runs on %s already: see \"labsync status\"", home)
}

// ensureFolder adds the folder unless the path is one.
func ensureFolder(ctx context.Context, ed editor, typed string) error {
	path, err := config.AbsPath(typed)
	if err != nil {
		return misuse("%v", err)
	}
	st, err := os.Stat(path)
	switch {
	case err == nil && !st.IsDir():
		return misuse("%s is a file and cannot be a folder: choose a directory", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look at the folder: %w", err)
	}
	list, err := ed.Folders(ctx)
	if err != nil {
		return err
	}
	for _, f := range list {
		other, err := os.Stat(f.Path)
		if filepath.Clean(f.Path) == path || err == nil && st != nil && os.SameFile(st, other) {
			return nil
		}
	}
	_, err = ed.AddFolder(ctx, api.FolderAdd{Path: path})
	return err
}

// up runs the daemon and prints what it tells until ctx ends.
func (e *environment) up(ctx context.Context, home string) error {
	var printing sync.WaitGroup
	defer printing.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the wait: the printer ends with ctx
	log, level := e.logger()
	return e.daemon(ctx, home, daemonOptions{Version: version(), Made: made(), Log: log, Level: level}, func(n server.Node) {
		printing.Go(func() {
			s, err := n.Status(ctx)
			if err != nil {
				return // the daemon ends already, and says why
			}
			e.say("%s", e.greeting(&s))
			e.printEvents(ctx, n, "")
		})
	})
}

// printEvents prints a line for each event that a person cares for, until ctx
// ends.
func (e *environment) printEvents(ctx context.Context, n server.Node, who string) {
	err := n.Events(ctx, 0, func(ev api.Event) error {
		if !worthALine(ev) {
			return nil
		}
		_, err := fmt.Fprintln(e.stdout, who+eventLine(ev))
		return err
	})
	if ctx.Err() == nil && err != nil {
		fmt.Fprintf(e.stderr, "labsync: what happens is not printed any more: %s\n", escape(sentence(err)))
	}
}
