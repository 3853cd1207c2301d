package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait for something that has to happen.
const patience = 30 * time.Second

// site is one device of a test: a home, a folder and, while it runs, a daemon.
type site struct {
	*Daemon
	t          *testing.T
	name       string
	home, root string
	clock      func() time.Time // nil: the system's
	stop       func()
}

const lab = "lab" // the folder's ID

func newSite(t *testing.T, name string) *site {
	t.Helper()
	s := &site{t: t, name: name, home: t.TempDir(), root: filepath.Join(t.TempDir(), name)}
	text := fmt.Sprintf("name = %q\nlisten = [\"quic://127.0.0.1:0\", \"tcp://127.0.0.1:0\"]\napi = \"off\"\n", name)
	s.must(os.WriteFile(filepath.Join(s.home, "config.toml"), []byte(text), 0o600))
	s.must(os.Mkdir(s.root, 0o755))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", s.name, err)
	}
}

// start runs the daemon until stop, or the test's end.
func (s *site) start() {
	s.t.Helper()
	d, err := New(s.home, Options{Version: "test", Clock: s.clock})
	s.must(err)
	s.Daemon = d
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- d.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		s.t.Fatalf("%s did not start: %v", s.name, err)
	}
	s.stop = sync.OnceFunc(func() {
		cancel()
		began := time.Now()
		if err := <-ended; err != nil {
			s.t.Errorf("%s ended with %v", s.name, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			s.t.Errorf("%s took %v to end", s.name, took)
		}
	})
	s.t.Cleanup(s.stop)
}

func (s *site) bounded() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.t.Cleanup(cancel)
	return ctx
}

var errFound = errors.New("found")

// await waits for an event after since and returns its ID.
func (s *site) await(since int64, what string, is func(api.Event) bool) int64 {
	s.t.Helper()
	var id int64
	err := s.Events(s.bounded(), since, func(e api.Event) error {
		if is(e) {
			id = e.ID
			return errFound
		}
		return nil
	})
	if !errors.Is(err, errFound) {
		s.t.Fatalf("%s: no event of %s: %v", s.name, what, err)
	}
	return id
}

func (s *site) awaitPath(since int64, kind event.Type, path string) int64 {
	s.t.Helper()
	return s.await(since, string(kind)+" "+path, func(e api.Event) bool { return e.Type == string(kind) && e.Path == path })
}

func (s *site) awaitCode(since int64, code string) int64 {
	s.t.Helper()
	return s.await(since, code, func(e api.Event) bool { return e.Fields["code"] == code })
}

// count returns how many events there have been.
func (s *site) count(is func(api.Event) bool) int {
	n := 0
	page, _ := s.events.Since(0, eventsKept)
	for _, e := range page {
		if is(api.Event{Type: string(e.Type), Path: e.Path, Device: e.Device, Fields: e.Fields}) {
			n++
		}
	}
	return n
}

// inSync waits until the device agrees with those connected.
func (s *site) inSync() {
	s.t.Helper()
	if err := s.Wait(s.bounded(), lab); err != nil {
		status, _ := s.Status(context.Background())
		s.t.Fatalf("%s: %v\n%+v", s.name, err, status)
	}
}

func (s *site) save(name, content string) {
	s.t.Helper()
	s.must(os.WriteFile(filepath.Join(s.root, name), []byte(content), 0o644))
}

func (s *site) holds(name, content string) {
	s.t.Helper()
	got, err := os.ReadFile(filepath.Join(s.root, name))
	if err != nil || string(got) != content {
		s.t.Errorf("%s: %s holds %q, %v; want %q", s.name, name, got, err, content)
	}
}

// knows makes one running site add another, with its addresses if it has any.
func (s *site) knows(other *site) {
	s.t.Helper()
	var addresses []string
	for _, a := range other.pool.Addresses() {
		addresses = append(addresses, a.String())
	}
	_, err := s.AddDevice(s.bounded(), api.DeviceConfig{ID: other.self.String(), Name: other.name, Addresses: addresses})
	s.must(err)
}

func (s *site) shares(with ...*site) {
	s.t.Helper()
	var ids []string
	for _, o := range with {
		ids = append(ids, o.self.String())
	}
	_, err := s.AddFolder(s.bounded(), api.FolderAdd{Path: s.root, ID: lab, Devices: ids})
	s.must(err)
}

// pair returns two running sites that share a folder and agree.
func pair(t *testing.T) (a, b *site) {
	t.Helper()
	a, b = newSite(t, "a"), newSite(t, "b")
	join(a, b)
	return a, b
}

func join(a, b *site) {
	a.start()
	b.start()
	a.knows(b)
	b.knows(a)
	a.shares(b)
	b.shares(a)
	a.inSync()
	b.inSync()
}

func (s *site) folderStatus(id string) api.Folder {
	s.t.Helper()
	status, err := s.Status(s.bounded())
	s.must(err)
	i := slices.IndexFunc(status.Folders, func(f api.Folder) bool { return f.ID == id })
	if i < 0 {
		s.t.Fatalf("%s: no folder %s in %+v", s.name, id, status)
	}
	return status.Folders[i]
}

// shortly is a context that ends soon: a pause between looks that anything
// worth waiting for cuts short.
func shortly(t *testing.T, look int) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(min(look, 20)+1)*5*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
