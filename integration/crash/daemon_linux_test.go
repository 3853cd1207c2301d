package crash

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

// folderID is of the folder that the daemons share.
const folderID = "shared"

// daemon is one real labsync.
type daemon struct {
	t                   *testing.T
	program, name, home string
	folder, logs        string
	id                  string // device ID
	client              *api.Client
	cmd                 *exec.Cmd // nil while none runs
}

// buildProgram builds labsync once for a test, and gives sockets a directory
// with a short path.
func buildProgram(t *testing.T) string {
	t.Helper()
	dir := shortDir(t)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	program := filepath.Join(dir, "program")
	out, err := exec.Command("go", "build", "-o", program, "github.com/labsync/labsync/cmd/labsync").CombinedOutput()
	if err != nil {
		t.Fatalf("build labsync: %v: %s", err, out)
	}
	return program
}

// newDaemon makes identity and configuration.
func newDaemon(t *testing.T, program, name, home, folder string) *daemon {
	t.Helper()
	d := &daemon{t: t, program: program, name: name, home: home, folder: folder, logs: t.TempDir()}
	for _, dir := range []string{home, folder} {
		must(t, os.MkdirAll(dir, 0o700))
	}
	must(t, os.WriteFile(filepath.Join(home, config.ConfigFile), []byte("rescan_interval = \"off\"\n"), 0o600))
	out, err := d.command("init", "--name", name, "--listen", "tcp://127.0.0.1:0", "--api", "off", "--discovery", "none").Output()
	must(t, err)
	d.id = strings.TrimSpace(string(out))
	d.client = api.NewClient(config.SocketPath(home))
	t.Cleanup(d.kill)
	return d
}

func (d *daemon) command(args ...string) *exec.Cmd {
	cmd := exec.Command(d.program, append([]string{"--home", d.home}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start starts the daemon and waits until it answers.
func (d *daemon) start() {
	d.t.Helper()
	log, err := os.OpenFile(d.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	must(d.t, err)
	defer log.Close() // the daemon has its own
	d.cmd = d.command("up")
	d.cmd.Stdout, d.cmd.Stderr = log, log
	must(d.t, d.cmd.Start())
	err = await(d.name+" to answer", func() (bool, error) {
		_, err := d.client.Status(context.Background())
		return err == nil, nil
	})
	if err != nil {
		d.t.Fatalf("%v; its log:\n%s", err, d.tail())
	}
}

func (d *daemon) log() string { return filepath.Join(d.logs, d.name+".log") }

// tail is the end of the log.
func (d *daemon) tail() string {
	const most = 4000
	text, err := os.ReadFile(d.log())
	must(d.t, err)
	return string(text[max(0, len(text)-most):])
}

// kill ends the daemon at once. What it writes to may be dead.
func (d *daemon) kill() {
	if d.cmd == nil {
		return
	}
	if err := errors.Join(d.cmd.Process.Kill(), unlessKilled(d.cmd.Wait())); err != nil {
		d.t.Error(err)
	}
	d.client.Close()
	d.cmd = nil
}

func unlessKilled(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

// meet tells two running daemons where the other listens.
func meet(a, b *daemon) {
	a.t.Helper()
	for _, x := range [][2]*daemon{{a, b}, {b, a}} {
		s, err := x[1].client.Status(context.Background())
		must(a.t, err)
		_, err = x[0].client.AddDevice(context.Background(), api.DeviceConfig{ID: x[1].id, Name: x[1].name, Addresses: s.Listen})
		must(a.t, err)
	}
}

// share adds the folder to both.
func share(a, b *daemon) {
	a.t.Helper()
	for _, x := range [][2]*daemon{{a, b}, {b, a}} {
		add := api.FolderAdd{Path: x[0].folder, ID: folderID, Label: folderID, Devices: []string{x[1].id}}
		_, err := x[0].client.AddFolder(context.Background(), add)
		must(a.t, err)
	}
}

// agreed waits until both show the same and need nothing, and returns what they
// show.
func agreed(a, b *daemon) tree {
	a.t.Helper()
	var first tree
	var why string
	err := await("the daemons to agree", func() (bool, error) {
		for _, d := range []*daemon{a, b} {
			s, err := d.client.Status(context.Background())
			if err != nil {
				return false, err
			}
			if why = unrest(&s); why != "" {
				why = d.name + " " + why
				return false, nil
			}
		}
		var err error
		if first, err = shown(a.folder); err != nil {
			return false, unlessOvertaken(err)
		}
		second, err := shown(b.folder)
		why = first.difference(second)
		return err == nil && why == "", unlessOvertaken(err)
	})
	if err != nil {
		a.t.Fatalf("%v: %s\n%s's log:\n%s\n%s's log:\n%s", err, why, a.name, a.tail(), b.name, b.tail())
	}
	return first
}

// unrest says why a daemon is not at rest, "" if it is.
func unrest(s *api.Status) string {
	switch {
	case len(s.Folders) != 1:
		return "has no folder"
	case s.Folders[0].State != api.FolderIdle || s.Folders[0].NeedFiles > 0:
		return "is " + string(s.Folders[0].State)
	case len(s.Devices) != 1 || !s.Devices[0].Connected:
		return "is not connected"
	case s.Devices[0].NeedFiles > 0:
		return "waits for the other"
	}
	return ""
}
