//go:build unix

package growth

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

// daemon is a labsync with a home and a folder of its own.
type daemon struct {
	program, home, folder, id string
	client                    *api.Client
	cmd                       *exec.Cmd
}

func build(b *testing.B, top string) {
	b.Helper()
	cmd := exec.Command("go", "build", "-o", filepath.Join(top, "labsync"), "github.com/labsync/labsync/cmd/labsync")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building labsync: %v\n%s", err, out)
	}
}

func newDaemon(b *testing.B, top, name string) *daemon {
	b.Helper()
	d := &daemon{program: filepath.Join(top, "labsync"), home: filepath.Join(top, "home-"+name), folder: filepath.Join(top, name)}
	makeDirectory(b, d.folder)
	out, err := exec.Command(d.program, "--home", d.home, "init", "--name", name,
		"--listen", "quic://127.0.0.1:0,tcp://127.0.0.1:0", "--api", "off", "--discovery", "none").Output()
	if err != nil {
		b.Fatalf("%s: init: %v", name, err)
	}
	d.id = strings.TrimSpace(string(out))
	d.client = api.NewClient(config.SocketPath(d.home))
	return d
}

func (d *daemon) start(b *testing.B) {
	b.Helper()
	log, err := os.OpenFile(d.home+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(d.program, "--home", d.home, "up")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	d.cmd = cmd
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // after stop both fail
	d.until(b, "an answer", func() bool { _, err := d.client.Status(b.Context()); return err == nil })
}

func (d *daemon) stop(b *testing.B) {
	b.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		b.Fatalf("the daemon ended with %v", err)
	}
	d.client.Close()
}

func (d *daemon) addFolder(b *testing.B) {
	b.Helper()
	if _, err := d.client.AddFolder(b.Context(), api.FolderAdd{Path: d.folder, ID: "growth", Label: "growth"}); err != nil {
		b.Fatal(err)
	}
}

// introduce lets two daemons know each other and share the folder.
func introduce(b *testing.B, one, two *daemon) {
	b.Helper()
	for _, pair := range [][2]*daemon{{one, two}, {two, one}} {
		d, other := pair[0], pair[1]
		_, err := d.client.AddDevice(b.Context(), api.DeviceConfig{ID: other.id, Name: filepath.Base(other.folder), Addresses: other.status(b).Listen})
		if err != nil {
			b.Fatal(err)
		}
		out, err := exec.Command(d.program, "--home", d.home, "folder", "set", "growth", "--device", other.id).CombinedOutput()
		if err != nil {
			b.Fatalf("sharing: %v: %s", err, out)
		}
	}
}

// agree waits until both say that they are in sync with the other.
func agree(b *testing.B, one, two *daemon, synced func(api.Folder) bool) {
	b.Helper()
	for _, d := range []*daemon{one, two} {
		d.until(b, "agreement", func() bool {
			s := d.status(b)
			return len(s.Devices) == 1 && s.Devices[0].Connected && s.Devices[0].NeedFiles == 0 && synced(s.Folders[0])
		})
		if out, err := exec.Command(d.program, "--home", d.home, "wait", "--timeout", "1h").CombinedOutput(); err != nil {
			b.Fatalf("wait: %v: %s", err, out)
		}
	}
}

func (d *daemon) status(b *testing.B) api.Status {
	b.Helper()
	s, err := d.client.Status(b.Context())
	if err != nil {
		b.Fatalf("status: %v", err)
	}
	return s
}

func (d *daemon) await(b *testing.B, what string, f func(api.Folder) bool) {
	b.Helper()
	d.until(b, what, func() bool {
		s := d.status(b)
		return len(s.Folders) == 1 && f(s.Folders[0])
	})
}

// until asks again and again: ten times a second is little beside what is
// measured, and a file is a millionth of it.
func (d *daemon) until(b *testing.B, what string, f func() bool) {
	b.Helper()
	for end := time.Now().Add(time.Hour); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			log, _ := os.ReadFile(d.home + ".log")
			b.Fatalf("waited an hour for %s:\n%s", what, log[max(0, len(log)-4000):])
		}
	}
}

// peakResident is what the process had in memory at most, in bytes.
func (d *daemon) peakResident(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		b.Skipf("memory is measured on Linux only: %v", err)
	}
	var kib int64
	for _, line := range strings.Split(string(text), "\n") {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	b.Fatal("the kernel does not say what the daemon took")
	return 0
}

func makeDirectory(b *testing.B, path string) {
	b.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		b.Fatal(err)
	}
}

func writeFile(b *testing.B, path, text string, changed time.Time) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Chtimes(path, changed, changed); err != nil {
		b.Fatal(err)
	}
}
