package tool

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Syncthing is Syncthing with a given watcher delay. It runs at normal
// priority, so that the delay is all that differs from its defaults and other
// load on the machine hits all tools alike.
type Syncthing struct {
	Program string
	Delay   time.Duration // from a change to the scan it causes
}

// Version returns what "syncthing --version" prints, up to the build's host.
func (t Syncthing) Version(ctx context.Context) (string, error) {
	text, err := output(ctx, nil, t.Program, "--version")
	before, _, _ := strings.Cut(text, " \"")
	return before, err
}

// New makes identities and writes the configuration files.
func (t Syncthing) New(ctx context.Context, dir string, n int) (Cluster, error) {
	l, err := newLayout(dir, n)
	if err != nil {
		return nil, err
	}
	c := &syncthing{layout: l, tool: t, started: make([]time.Time, n)}
	for i := range n {
		if _, err := output(ctx, nil, t.Program, "generate", "--home="+l.Home(i), "--no-default-folder"); err != nil {
			return nil, err
		}
		id, err := output(ctx, nil, t.Program, "--home="+l.Home(i), "--device-id")
		if err != nil {
			return nil, err
		}
		c.ids = append(c.ids, id)
	}
	for i := range n {
		text, err := xml.MarshalIndent(c.config(i), "", "    ")
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(l.Home(i), "config.xml"), text, 0o600); err != nil {
			return nil, err
		}
	}
	return c, nil
}

type syncthing struct {
	layout
	tool    Syncthing
	ids     []string
	started []time.Time
}

func (c *syncthing) Start(i int) (err error) {
	c.started[i] = time.Now()
	c.procs[i], err = launch(c.logPath(i), nil, c.tool.Program, "serve", "--home="+c.Home(i), "--no-browser", "--no-upgrade", "--no-restart")
	return err
}

// get asks a device. ok is false while it does not answer yet.
func (c *syncthing) get(ctx context.Context, i int, path string, into any) (ok bool, err error) {
	if c.procs[i] == nil || !c.procs[i].running() {
		return false, fmt.Errorf("device %d does not run, see %s", i, c.logPath(i))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.at(askPort, i)+"/rest/"+path, nil)
	if err != nil {
		return false, err
	}
	req.Header.Set("X-API-Key", apiKey)
	resp, err := http.DefaultClient.Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, nil
	}
	return true, json.NewDecoder(resp.Body).Decode(into)
}

// folderStatus is part of what db/status tells.
type folderStatus struct {
	State      string `json:"state"`
	LocalFiles int64  `json:"localFiles"`
	NeedItems  int64  `json:"needTotalItems"`
}

type connections struct {
	Total struct {
		Sent int64 `json:"outBytesTotal"`
	} `json:"total"`
	Connections map[string]struct {
		Connected bool `json:"connected"`
	} `json:"connections"`
}

func (c *syncthing) Linked(ctx context.Context) (bool, error) {
	for i := range c.procs {
		var s folderStatus
		if ok, err := c.get(ctx, i, "db/status?folder=bench", &s); !ok || err != nil || s.State != "idle" || s.NeedItems > 0 {
			return false, err
		}
		var conns connections
		if ok, err := c.get(ctx, i, "system/connections", &conns); !ok || err != nil {
			return false, err
		}
		for j, id := range c.ids {
			if j == i {
				continue
			}
			if !conns.Connections[id].Connected {
				return false, nil
			}
			var comp struct {
				NeedItems int64 `json:"needItems"`
			}
			if ok, err := c.get(ctx, i, "db/completion?folder=bench&device="+id, &comp); !ok || err != nil || comp.NeedItems > 0 {
				return false, err
			}
		}
	}
	return true, nil
}

func (c *syncthing) Scanned(ctx context.Context, i int) (int64, bool, error) {
	var stats map[string]struct {
		LastScan time.Time `json:"lastScan"`
	}
	if ok, err := c.get(ctx, i, "stats/folder", &stats); !ok || err != nil || !stats["bench"].LastScan.After(c.started[i].Truncate(time.Second)) {
		return 0, false, err
	}
	var s folderStatus
	ok, err := c.get(ctx, i, "db/status?folder=bench", &s)
	return s.LocalFiles, ok && s.State == "idle", err
}

func (c *syncthing) Carry(context.Context) error { return nil }

func (c *syncthing) Uploaded(ctx context.Context, i int) (int64, error) {
	var conns connections
	_, err := c.get(ctx, i, "system/connections", &conns)
	return conns.Total.Sent, err
}
