package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/config"
)

// fakeDaemon is a Node that edits a home and says that all is well.
type fakeDaemon struct {
	edit.Home
	did chan string // what was asked of the running daemon
}

func (d *fakeDaemon) Status(context.Context) (api.Status, error) {
	return api.Status{Name: "fake", DeviceID: "ID", Running: true, Listen: []string{"quic://127.0.0.1:7"}}, nil
}

func (d *fakeDaemon) Events(ctx context.Context, since int64, each func(api.Event) error) error {
	for id := since + 1; id <= 3; id++ {
		if err := each(api.Event{ID: id, Time: time.Unix(0, 0), Type: "started", Text: "event\x1b[2J " + string(rune('0'+id))}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *fakeDaemon) Wait(ctx context.Context, folder string) error {
	if folder != "" {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (d *fakeDaemon) note(s string) error { d.did <- s; return nil }

func (d *fakeDaemon) RescanFolder(_ context.Context, id, name string) error {
	return d.note("rescan " + id + " " + name)
}
func (d *fakeDaemon) OverrideFolder(_ context.Context, id string) error {
	return d.note("override " + id)
}
func (d *fakeDaemon) RevertFolder(context.Context, string) error {
	return api.Refused("the folder docs is not receive-only: only such a folder can be reverted")
}
func (d *fakeDaemon) SetLogLevel(_ context.Context, level string) error {
	return d.note("level " + level)
}
func (d *fakeDaemon) Shutdown(context.Context) error { return nil }

// home makes a short directory for a home and its socket.
func home(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cli")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("HOME", dir)
	return filepath.Join(dir, "home")
}

// serveFake serves a fake daemon of the home until the test ends.
func serveFake(t *testing.T, home string) *fakeDaemon {
	t.Helper()
	d := &fakeDaemon{Home: edit.Home(home), did: make(chan string, 8)}
	s := server.New(d, server.Options{Socket: config.SocketPath(home)})
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return d
}

// labsync runs a command line in this process.
func labsync(ctx context.Context, home string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	e := &environment{stdout: &out, stderr: &errs, arg0: "labsync", homeFlag: home}
	code = run(ctx, e, append([]string{"--home", home}, args...))
	return code, out.String(), errs.String()
}

func TestCommandsGoThroughARunningDaemon(t *testing.T) {
	h := home(t)
	d := serveFake(t, h)
	folder := filepath.Join(filepath.Dir(h), "docs")
	for _, line := range []string{
		"folder add " + folder + " --id docs", "folder pause docs", "folder list", "limit --send 1MiB",
		"folder rescan docs:sub/dir", "folder rescan " + folder + "/other", "folder override docs", "log-level debug", "wait --folder docs",
	} {
		if code, _, stderr := labsync(t.Context(), h, strings.Fields(line)...); code != 0 {
			t.Errorf("%s: exit %d: %s", line, code, stderr)
		}
	}
	for _, want := range []string{"rescan docs sub/dir", "rescan docs other", "override docs", "level debug"} {
		if got := <-d.did; got != want {
			t.Errorf("the daemon was asked for %q, want %q", got, want)
		}
	}
	if code, _, stderr := labsync(t.Context(), h, "folder", "revert", "docs"); code != exitFailed || !strings.Contains(stderr, "not receive-only") {
		t.Errorf("revert: exit %d: %s", code, stderr)
	}
	if code, out, _ := labsync(t.Context(), h, "status", "--json"); code != 0 || !strings.Contains(out, `"name": "fake"`) {
		t.Errorf("status: exit %d: %s", code, out)
	}
	if code, _, stderr := labsync(t.Context(), h, "up"); code != exitFailed || !strings.Contains(stderr, "already") {
		t.Errorf("a second up: exit %d: %s", code, stderr)
	}
}

func TestWaitGivesUpAndSaysWhy(t *testing.T) {
	h := home(t)
	serveFake(t, h)
	code, _, stderr := labsync(t.Context(), h, "wait", "--timeout", "1ms")
	if code != exitFailed || !strings.Contains(stderr, "no device is connected") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// stopAt is a writer that cancels once it holds a text.
type stopAt struct {
	bytes.Buffer
	text   string
	cancel context.CancelFunc
}

func (w *stopAt) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.text) {
		w.cancel()
	}
	return n, err
}

func TestEventsFollowUntilInterrupted(t *testing.T) {
	h := home(t)
	serveFake(t, h)
	for _, asJSON := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &stopAt{text: " 3", cancel: cancel}
		args := []string{"--home", h, "events", "--since", "1"}
		if asJSON {
			args = append(args, "--json")
		}
		if code := run(ctx, &environment{stdout: out, stderr: os.Stderr}, args); code != 0 {
			t.Errorf("exit %d", code)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 {
			t.Fatalf("%d lines: %q", len(lines), lines)
		}
		var ev api.Event
		switch {
		case !asJSON && (!strings.HasSuffix(lines[0], `event\x1b[2J 2`) || !strings.HasSuffix(lines[1], " 3")):
			t.Errorf("lines %q", lines)
		case asJSON && (json.Unmarshal([]byte(lines[1]), &ev) != nil || ev.ID != 3):
			t.Errorf("line %q is no event 3", lines[1])
		}
	}
}

func TestUpMakesDeviceAndFolderAndPrintsUntilInterrupted(t *testing.T) {
	defer goleak.VerifyNone(t)
	h := home(t)
	folder := filepath.Join(filepath.Dir(h), "Sync")
	daemon := func(ctx context.Context, home string, _ daemonOptions, ready func(server.Node)) error {
		ready(&fakeDaemon{Home: edit.Home(home)})
		<-ctx.Done()
		return nil
	}
	for range 2 { // the second run finds what the first has made
		ctx, cancel := context.WithCancel(t.Context())
		out := &stopAt{text: " 3\n", cancel: cancel}
		if code := run(ctx, &environment{stdout: out, stderr: os.Stderr, arg0: "labsync", daemon: daemon}, []string{"--home", h, "up", folder}); code != 0 {
			t.Fatalf("exit %d", code)
		}
		if !strings.Contains(out.String(), "device add") || !strings.Contains(out.String(), `event\x1b[2J 1`) {
			t.Errorf("up printed %q", out.String())
		}
	}
	list, err := edit.Home(h).Folders(t.Context())
	if err != nil || len(list) != 1 || list[0].Path != folder {
		t.Errorf("folders %v, %v", list, err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Error(err)
	}
}

func TestDemoPairsTwoDevicesAndCleansUp(t *testing.T) {
	defer goleak.VerifyNone(t)
	home(t)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	keep := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	out := &stopAt{text: "Edit in one", cancel: cancel}
	paired := make(chan string, 2)
	daemon := func(ctx context.Context, home string, _ daemonOptions, ready func(server.Node)) error {
		n := &demoNode{fakeDaemon{Home: edit.Home(home)}}
		ready(n)
		<-ctx.Done()
		devices, err := n.Devices(context.Background())
		folders, err2 := n.Folders(context.Background())
		if err := errors.Join(err, err2); err != nil || len(devices) != 1 || len(folders) != 1 {
			return errors.New("not paired")
		}
		paired <- folders[0].ID
		return nil
	}
	if code := run(ctx, &environment{stdout: out, stderr: os.Stderr, daemon: daemon}, []string{"demo", keep}); code != 0 {
		t.Fatalf("exit %d", code)
	}
	if a, b := <-paired, <-paired; a != b {
		t.Errorf("the folders are %s and %s", a, b)
	}
	names := []string{}
	entries, _ := os.ReadDir(keep)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	left, _ := os.ReadDir(tmp)
	if !slices.Equal(names, []string{"left", "right"}) || len(left) != 0 {
		t.Errorf("kept %v, left over %v", names, left)
	}
}

// demoNode has the ID of its home.
type demoNode struct{ fakeDaemon }

func (n *demoNode) Status(ctx context.Context) (api.Status, error) {
	e := environment{homeFlag: string(n.Home)}
	id, err := e.identity()
	return api.Status{DeviceID: id.String(), Name: filepath.Base(string(n.Home)), Listen: []string{"quic://127.0.0.1:7"}}, err
}
