package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/overquic"
	"github.com/labsync/labsync/transport/overtcp"
)

// Options say who we are and who hears of what.
type Options struct {
	Identity device.Identity
	// Instance is this daemon's random number; zero makes one.
	Instance uint64
	// Listen are quic and tcp addresses; port 0 takes a free one.
	Listen []addr.Candidate
	// Trusted reports whether a device may connect; nil trusts those wanted.
	// A trusted device that is not wanted is refused as well.
	Trusted func(device.ID) bool
	// OnConn is given each new connection and returns soon. Who gets it closes
	// it, but the pool does so too when the device is removed or Run ends.
	OnConn func(transport.Conn)
	// Refused is told of a device that is not trusted, once a minute each.
	Refused func(device.ID, net.Addr)
	// SecondInstance is told of each connection that was refused because another
	// instance of the device is connected and answers.
	SecondInstance func(device.ID)
	// Limits apply to all devices together.
	Limits Limits
	Log    *slog.Logger
}

// Wanted is a device to keep connected.
type Wanted struct {
	ID device.ID
	// Candidates are where to dial it; none means that it will come.
	Candidates []addr.Candidate
	Paused     bool
	Limits     Limits
}

// Pool keeps devices connected.
type Pool struct {
	options Options
	self    device.ID
	all     buckets
	policy  admission.Policy
	gate    admission.Gate
	refused refusals
	sockets sockets
	tcp     []*net.TCPListener

	mu     sync.Mutex // guards the fields below and everything in peers
	peers  map[device.ID]*peer
	open   map[*entry]struct{} // connections not known to have ended
	run    context.Context     // nil unless Run runs
	tasks  sync.WaitGroup      // keepers and probes; Add only under mu while run is set
	listen bool                // Listen has succeeded
}

// New returns a Pool that does nothing yet.
func New(o Options) *Pool {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Instance == 0 {
		o.Instance = max(rand.Uint64(), 1)
	}
	p := &Pool{
		options: o, self: o.Identity.ID(), all: newBuckets(o.Limits),
		peers: make(map[device.ID]*peer), open: make(map[*entry]struct{}),
	}
	p.policy = admission.Policy{
		Identity: o.Identity, Instance: o.Instance,
		Trusted: p.trusted, Refused: p.report, Incoming: p.incoming,
	}
	return p
}

// Run listens, accepts and dials until ctx ends, and returns when all
// connections are closed. It fails if an address cannot be listened on.
func (p *Pool) Run(ctx context.Context) error {
	if err := p.Listen(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The sockets outlive everything that says goodbye through them.
	socketCtx, stopSockets := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSockets()
	p.sockets.start(socketCtx, cancel)

	serving, ctx := errgroup.WithContext(ctx)
	for _, s := range p.sockets.listening() {
		serving.Go(func() error { return overquic.Serve(ctx, s, p.policy) })
	}
	for _, ln := range p.tcp {
		serving.Go(func() error { return overtcp.Serve(ctx, ln, &p.gate, p.policy, p.options.Log) })
	}
	p.begin(ctx)
	<-ctx.Done()
	p.end()
	err := serving.Wait()
	p.closeAll("the other device is stopping")
	stopSockets()
	return errors.Join(err, p.sockets.wait())
}

// begin starts the keepers of all devices.
func (p *Pool) begin(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run = ctx
	for _, pe := range p.peers {
		p.startKeepers(pe)
	}
}

// end waits for keepers and probes, whose context has ended.
func (p *Pool) end() {
	p.mu.Lock()
	p.run = nil
	p.mu.Unlock()
	p.tasks.Wait()
}

func (p *Pool) closeAll(reason string) {
	p.mu.Lock()
	var conns []transport.Conn
	for e := range p.open {
		conns = append(conns, e.conn)
	}
	p.mu.Unlock()
	closeTogether(conns, reason)
}

// closeTogether closes connections side by side: each may take a moment.
func closeTogether(conns []transport.Conn, reason string) {
	var closing sync.WaitGroup
	for _, c := range conns {
		closing.Go(func() { _ = c.Close(reason) })
	}
	closing.Wait()
}

// SetLimits changes the limits of all devices together, at once.
func (p *Pool) SetLimits(l Limits) { p.all.set(l) }

func (p *Pool) trusted(id device.ID) bool {
	if p.options.Trusted != nil && !p.options.Trusted(id) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peers[id] != nil
}

func (p *Pool) report(id device.ID, from net.Addr) {
	if !p.refused.first(id, time.Now()) {
		return
	}
	p.options.Log.Warn(fmt.Sprintf("refused device %s at %s: it is not known here; add it with 'labsync device add %s'", id.Short(), from, id))
	if p.options.Refused != nil {
		p.options.Refused(id, from)
	}
}
