package daemon

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/pool"
	"github.com/labsync/labsync/transport/session"
)

// Options of New. The zero value works.
type Options struct {
	// Version is shown in status and to other devices.
	Version string
	// Log takes what the daemon logs; LogLevel, if set, is its level, which
	// the API may change.
	Log      *slog.Logger
	LogLevel *slog.LevelVar
	// Fault is called at failpoints, for tests of crashes.
	Fault func(point string) error
	// Clock is the wall clock by which versions are dated; nil is time.Now.
	Clock func() time.Time
	// Made is when the program was built: a clock before that is wrong. Zero
	// takes the day of the first release.
	Made time.Time
}

// Daemon is one device at work. It implements server.Node.
type Daemon struct {
	edit.Home
	opt      Options
	self     device.ID
	identity device.Identity
	started  time.Time
	events   *event.Log
	pool     *pool.Pool
	peers    *peers
	rates    rates
	clock    *clock
	twins    twins
	unlock   func()
	working  context.Context // of Run, set before anything connects
	shutdown context.CancelFunc
	nudge    chan chan struct{} // the configuration has changed; closed when it is in effect
	stamp    string             // of the configuration files, when follow last looked
	loading  sync.Mutex         // held from reading the configuration to taking it

	// As far as people were told; follow's own.
	clockWrong, keptOut bool

	mu      sync.Mutex // guards all below
	conf    *config.Config
	folders map[string]*running
	seen    map[device.ID]time.Time // when a device was last connected
}

// running is a folder with its supervisor.
type running struct {
	*folder
	cancel context.CancelFunc
	done   chan struct{}
}

// ErrHomeInUse tells that another daemon runs on the same home.
var ErrHomeInUse = errors.New("another labsync runs on this home")

// eventsKept is how many events a slow reader may be behind.
const eventsKept = 10_000

// New reads configuration and identity of a home and takes its lock. It starts
// nothing; Run must be called, or Close.
func New(home string, o Options) (*Daemon, error) {
	unlock, err := config.TryLock(filepath.Join(home, "lock"))
	if errors.Is(err, config.ErrLocked) {
		return nil, fmt.Errorf("%w: %s; stop it first, or give this one a home of its own with --home", ErrHomeInUse, home)
	}
	if err != nil {
		return nil, err
	}
	d, err := open(home, o)
	if err != nil {
		unlock()
		return nil, err
	}
	d.unlock = unlock
	return d, nil
}

func open(home string, o Options) (*Daemon, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.LogLevel == nil {
		o.LogLevel = new(slog.LevelVar)
	}
	conf, err := config.Load(home)
	if err != nil {
		return nil, err
	}
	identity, _, err := device.LoadOrCreate(home, rand.Reader)
	if err != nil {
		return nil, err
	}
	var instance [8]byte
	rand.Read(instance[:])
	d := &Daemon{
		Home: edit.Home(home), opt: o, self: identity.ID(), identity: identity, events: event.New(eventsKept), conf: conf, nudge: make(chan chan struct{}),
		folders: map[string]*running{}, seen: map[device.ID]time.Time{}, clock: newClock(o.Clock, o.Made),
	}
	hello := session.Hello{
		DeviceName: conf.Name, ClientName: "labsync", ClientVersion: o.Version, Instance: binary.BigEndian.Uint64(instance[:]),
	}
	d.peers = newPeers(hello, d, d.clock, d.tell, o.Log)
	listen, err := listenOn(conf)
	if err != nil {
		return nil, err
	}
	d.pool = pool.New(pool.Options{
		Identity: identity, Instance: hello.Instance, Listen: listen, Refused: d.refused, SecondInstance: d.secondInstance, OnConn: d.accept,
		Limits: limits(conf.Limits.Send, conf.Limits.Receive), Log: o.Log,
	})
	return d, d.setLogLevel(conf.LogLevel)
}

func listenOn(c *config.Config) ([]addr.Candidate, error) {
	out := make([]addr.Candidate, len(c.Listen))
	for i, text := range c.Listen {
		var err error
		if out[i], err = addr.ParseListen(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func limits(send, receive config.Rate) pool.Limits {
	return pool.Limits{Send: int64(send), Receive: int64(receive)}
}

// Run works until ctx ends or Shutdown is called, and returns when all it
// started has ended. It calls ready once everything listens.
func (d *Daemon) Run(ctx context.Context, ready func()) error {
	defer d.unlock()
	ctx, d.shutdown = context.WithCancel(ctx)
	defer d.shutdown()
	d.started = time.Now()
	api := server.New(d, server.Options{
		Socket: config.SocketPath(string(d.Home)), TCP: tcpAPI(d.conf.API), TokenFile: filepath.Join(string(d.Home), "api-token"), Logger: d.opt.Log,
	})
	if err := d.pool.Listen(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	d.working = ctx
	group.Go(func() error { return d.pool.Run(ctx) })
	if err := api.Listen(); err != nil {
		d.shutdown()
		return errors.Join(err, ignoreCanceled(group.Wait()))
	}
	group.Go(func() error { return api.Run(ctx) })
	d.apply(ctx)
	group.Go(func() error { return d.follow(ctx) })
	d.tell(event.Event{Type: event.Started, Text: "labsync is up"})
	ready()
	err := group.Wait()
	d.stopFolders()
	d.peers.group.Wait()
	return ignoreCanceled(err)
}

// Close gives back what New took when Run is not called.
func (d *Daemon) Close() { d.unlock() }

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (d *Daemon) accept(conn transport.Conn) {
	d.peers.group.Go(func() { d.peers.accept(d.working, conn) })
}

func tcpAPI(text string) string {
	if text == "off" {
		return ""
	}
	return text
}

// lookEvery is how often the configuration files are looked at: a person may
// have edited them.
const lookEvery = 2 * time.Second

// follow puts changes of the configuration into effect.
func (d *Daemon) follow(ctx context.Context) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	d.lookAtClock()
	for {
		select {
		case done := <-d.nudge:
			d.apply(ctx)
			d.peers.announce(ctx)
			close(done)
		case <-look.C:
			d.lookAtFiles()
			d.lookAtClock()
			d.lookForTwin()
		case <-ctx.Done():
			return nil
		}
	}
}

// Reload reads the configuration again. It is in effect when Reload returns. A
// configuration that is not valid is refused, and the old one holds.
func (d *Daemon) Reload() error {
	if _, err := d.load(); err != nil {
		return err
	}
	return d.applied() // also if follow has just taken the same: it may not be in effect yet
}

// applied lets follow put the configuration into effect and waits for that.
func (d *Daemon) applied() error {
	done := make(chan struct{})
	select {
	case d.nudge <- done:
		<-done
	case <-d.working.Done():
	}
	return nil
}

// apply makes pool and folders what the configuration says.
func (d *Daemon) apply(ctx context.Context) {
	d.mu.Lock()
	conf := d.conf
	d.mu.Unlock()
	d.pool.SetLimits(limits(conf.Limits.Send, conf.Limits.Receive))
	d.pool.SetDevices(wanted(conf))
	d.applyFolders(ctx, conf)
}

func wanted(c *config.Config) []pool.Wanted {
	out := make([]pool.Wanted, len(c.Devices))
	for i := range c.Devices {
		x := &c.Devices[i]
		out[i] = pool.Wanted{ID: x.ID, Candidates: x.Candidates(), Paused: x.Paused, Limits: limits(x.SendLimit, x.ReceiveLimit)}
	}
	return out
}

// refused tells of a device that nobody here knows.
func (d *Daemon) refused(id device.ID, from net.Addr) {
	d.tell(event.Event{
		Type: event.DeviceRefused, Device: id.String(), Fields: map[string]string{"address": from.String()},
		Text: fmt.Sprintf("unknown device %s tried to connect from %s; if it is yours, type: labsync device add %s", id, from, id),
	})
}

func (d *Daemon) tell(e event.Event) { d.events.Append(e) }

// Shutdown ends Run.
func (d *Daemon) Shutdown(context.Context) error {
	d.shutdown()
	return nil
}

// SetLogLevel implements server.Node.
func (d *Daemon) SetLogLevel(_ context.Context, level string) error { return d.setLogLevel(level) }

func (d *Daemon) setLogLevel(level string) error {
	if err := d.opt.LogLevel.UnmarshalText([]byte(level)); err != nil {
		return api.Misuse(fmt.Sprintf("%q is no log level; use debug, info, warn or error.", level))
	}
	return nil
}
