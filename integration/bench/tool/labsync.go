package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// Labsync is labsync, built from this tree.
type Labsync struct {
	Program string
	Schemes []string // to listen on and dial, nil for quic and tcp
	Blocks  string   // block policy, "" for the default
}

// Version returns what "labsync --version" prints.
func (t Labsync) Version(ctx context.Context) (string, error) {
	return output(ctx, nil, t.Program, "--version")
}

// New makes identities and configurations by the command line.
func (t Labsync) New(ctx context.Context, dir string, n int) (Cluster, error) {
	l, err := newLayout(dir, n)
	if err != nil {
		return nil, err
	}
	c := &labsync{layout: l, tool: t, started: make([]time.Time, n)}
	// Sockets need short paths.
	if c.sockets, err = os.MkdirTemp("", "lsb"); err != nil {
		return nil, err
	}
	if err := c.configure(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

type labsync struct {
	layout
	tool    Labsync
	sockets string
	started []time.Time
}

func (c *labsync) configure(ctx context.Context) error {
	n := len(c.procs)
	ids := make([]string, n)
	for i := range n {
		var err error
		ids[i], err = c.cli(ctx, i, "init", "--name", fmt.Sprintf("node%d", i), "--listen", c.listen(i), "--api", c.at(askPort, i), "--discovery", "none")
		if err != nil {
			return err
		}
	}
	for i := range n {
		share := []string{"folder", "add", c.Folder(i), "--id", "bench", "--label", "bench"}
		if c.tool.Blocks != "" {
			share = append(share, "--blocks", c.tool.Blocks)
		}
		for j := range n {
			if i == j {
				continue
			}
			if _, err := c.cli(ctx, i, "device", "add", ids[j], "--name", fmt.Sprintf("node%d", j), "--address", c.listen(j)); err != nil {
				return err
			}
			share = append(share, "--device", ids[j])
		}
		if _, err := c.cli(ctx, i, share...); err != nil {
			return err
		}
	}
	return nil
}

func (c *labsync) listen(i int) string {
	schemes := c.tool.Schemes
	if schemes == nil {
		schemes = []string{"quic", "tcp"}
	}
	var list []string
	for _, s := range schemes {
		list = append(list, s+"://"+c.at(devicePort, i))
	}
	return strings.Join(list, ",")
}

func (c *labsync) environ() []string { return []string{"XDG_RUNTIME_DIR=" + c.sockets} }

func (c *labsync) cli(ctx context.Context, i int, args ...string) (string, error) {
	return output(ctx, c.environ(), append([]string{c.tool.Program, "--home", c.Home(i)}, args...)...)
}

func (c *labsync) Start(i int) (err error) {
	c.started[i] = time.Now()
	c.procs[i], err = launch(c.logPath(i), c.environ(), c.tool.Program, "--home", c.Home(i), "up")
	return err
}

// status asks a device; it is nil while the device does not answer yet.
func (c *labsync) status(ctx context.Context, i int) (*api.Status, error) {
	if c.procs[i] == nil || !c.procs[i].running() {
		return nil, fmt.Errorf("device %d does not run, see %s", i, c.logPath(i))
	}
	token, err := os.ReadFile(filepath.Join(c.Home(i), "api-token"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	client := api.NewTokenClient(c.at(askPort, i), strings.TrimSpace(string(token)))
	defer client.Close()
	s, err := client.Status(ctx)
	if errors.Is(err, api.ErrNoDaemon) {
		return nil, nil
	}
	return &s, err
}

func (c *labsync) Linked(ctx context.Context) (bool, error) {
	for i := range c.procs {
		s, err := c.status(ctx, i)
		if s == nil || err != nil {
			return false, err
		}
		for _, d := range s.Devices {
			if !d.Connected || d.NeedFiles > 0 {
				return false, nil
			}
		}
		for _, f := range s.Folders {
			if f.State != api.FolderIdle || f.NeedFiles > 0 {
				return false, nil
			}
		}
	}
	return true, nil
}

func (c *labsync) Scanned(ctx context.Context, i int) (int64, bool, error) {
	s, err := c.status(ctx, i)
	if s == nil || err != nil || len(s.Folders) != 1 {
		return 0, false, err
	}
	f := s.Folders[0]
	return f.LocalFiles, f.State == api.FolderIdle && f.LastScan != nil && f.LastScan.After(c.started[i]), nil
}

func (c *labsync) Carry(context.Context) error { return nil }

func (c *labsync) Uploaded(ctx context.Context, i int) (sum int64, err error) {
	s, err := c.status(ctx, i)
	if s == nil || err != nil {
		return 0, err
	}
	for _, d := range s.Devices {
		sum += d.BytesSent
	}
	return sum, nil
}

func (c *labsync) Close() error {
	return errors.Join(c.layout.Close(), os.RemoveAll(c.sockets))
}
