package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/labsync/labsync/integration/bench/report"
	"github.com/labsync/labsync/integration/bench/tool"
)

// column is a tool in one of its settings. Those of the floor have none: their
// work is done in this process.
type column struct {
	name string
	tool tool.Tool
}

// build builds labsync into dir, unless a binary is given.
func build(ctx context.Context, given, dir string) (string, error) {
	if given != "" {
		return filepath.Abs(given)
	}
	program := filepath.Join(dir, "labsync")
	out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=auto", "-trimpath", "-o", program, "github.com/labsync/labsync/cmd/labsync").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build labsync: %w: %s", err, out)
	}
	return program, nil
}

// columns are all there are, in the order in which they take turns.
func columns(program string) []column {
	return []column{
		{report.Labsync, tool.Labsync{Program: program}},
		{report.LabsyncQUIC, tool.Labsync{Program: program, Schemes: []string{"quic"}}},
		{report.LabsyncTCP, tool.Labsync{Program: program, Schemes: []string{"tcp"}}},
		{report.LabsyncFixed, tool.Labsync{Program: program, Blocks: "fixed"}},
		{report.Rsync, tool.Rsync{Program: "rsync"}},
		{report.Syncthing10, tool.Syncthing{Program: "syncthing", Delay: 10 * time.Second}},
		{report.Syncthing1, tool.Syncthing{Program: "syncthing", Delay: time.Second}},
		{report.Floor, nil}, {report.ChunkContent, nil}, {report.ChunkFixed, nil}, {report.HashAlone, nil},
	}
}

// wanted reads a list of names of columns; nil stands for all.
func wanted(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	names := strings.Split(list, ",")
	for _, name := range names {
		if !slices.ContainsFunc(columns(""), func(c column) bool { return c.name == name }) {
			return nil, fmt.Errorf("there is no tool %q", name)
		}
	}
	return names, nil
}

// installed returns the columns among those named, nil for all, whose programs
// are there. Labsync has to be, and what is named.
func installed(ctx context.Context, program string, names []string) ([]column, error) {
	var found []column
	for _, c := range columns(program) {
		if names != nil && !slices.Contains(names, c.name) {
			continue
		}
		if c.tool != nil {
			if _, err := c.tool.Version(ctx); err != nil {
				if _, ours := c.tool.(tool.Labsync); ours || names != nil {
					return nil, fmt.Errorf("look for the tools: %w", err)
				}
				continue
			}
		}
		found = append(found, c)
	}
	return found, nil
}
