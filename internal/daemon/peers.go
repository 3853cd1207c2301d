package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/session"
)

// sharing is what peers asks of the daemon.
type sharing interface {
	// shared returns the folder if it is shared with the device, else nil.
	shared(id string, with device.ID) *folder
	// secondInstance is told of a connection of a second instance.
	secondInstance(id device.ID)
	// clusterConfig says what is shared with a device.
	clusterConfig(ctx context.Context, with device.ID) session.ClusterConfig
}

// peers keeps the session of each connected device.
type peers struct {
	self    session.Hello
	folders sharing
	clock   *clock
	tell    func(event.Event)
	log     *slog.Logger
	group   sync.WaitGroup

	mu       sync.Mutex          // guards all below
	sessions map[device.ID]*peer // those that are up
	past     map[device.ID]traffic
}

// traffic is what the sessions of a device that have ended have moved, in bytes.
type traffic struct{ sent, received int64 }

func newPeers(self session.Hello, folders sharing, c *clock, tell func(event.Event), log *slog.Logger) *peers {
	return &peers{self: self, folders: folders, clock: c, tell: tell, log: log, sessions: map[device.ID]*peer{}, past: map[device.ID]traffic{}}
}

// accept takes a new connection: a first one begins a session, a further one
// joins it. It returns when the session that it began has ended.
func (p *peers) accept(ctx context.Context, conn transport.Conn) {
	link, err := session.Greet(ctx, conn, p.self)
	if err != nil {
		p.log.Debug("no conversation", "device", conn.Device().Short(), "err", err)
		return
	}
	for {
		q, first, err := p.enter(link)
		if err != nil {
			p.log.Debug("no conversation", "device", conn.Device().Short(), "err", err)
			conn.Close("no conversation")
			return
		}
		if first {
			p.converse(ctx, q)
			return
		}
		err = q.session.Attach(ctx, link)
		switch {
		case errors.Is(err, session.ErrSecondInstance):
			p.folders.secondInstance(conn.Device())
			return
		case errors.Is(err, session.ErrEnded):
			select { // the link is good for a session of its own, once all of the old one is over
			case <-q.gone:
				continue
			case <-ctx.Done():
				conn.Close("shutting down")
				return
			}
		case err != nil:
			p.log.Debug("connection was not added", "device", conn.Device().Short(), "err", err)
		}
		return
	}
}

// enter returns the session of the link's device, and whether it is a new one.
func (p *peers) enter(link *session.Link) (q *peer, first bool, err error) {
	id := link.Conn().Device()
	p.mu.Lock()
	defer p.mu.Unlock()
	if q, ok := p.sessions[id]; ok {
		return q, false, nil
	}
	q = newPeer(p, id)
	if q.session, err = session.New(link, q, session.Options{Now: p.clock.now, Log: p.log}); err != nil {
		return nil, false, err
	}
	p.sessions[id] = q
	return q, true, nil
}

// leave takes out a session that is over; the device may begin another one.
func (p *peers) leave(q *peer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, q.device)
	stats, t := q.session.Stats(), p.past[q.device]
	p.past[q.device] = traffic{t.sent + stats.Sent, t.received + stats.Received}
	close(q.gone)
}

// moved returns what has been moved to and from a device since the start.
func (p *peers) moved(id device.ID) traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.past[id]
	if q := p.sessions[id]; q != nil {
		stats := q.session.Stats()
		t.sent, t.received = t.sent+stats.Sent, t.received+stats.Received
	}
	return t
}

// converse runs a session from its beginning to its end.
func (p *peers) converse(ctx context.Context, q *peer) {
	stats := q.session.Stats()
	p.tell(event.Event{
		Type: event.DeviceConnected, Device: q.device.String(), Text: fmt.Sprintf("%s is connected over %s", q.session.Hello().DeviceName, stats.Control),
		Fields: map[string]string{"transport": stats.Control, "address": stats.Address, "name": q.session.Hello().DeviceName},
	})
	p.group.Go(func() { q.tellShared(ctx) })
	err := q.session.Run(ctx)
	q.partAll(context.WithoutCancel(ctx))
	p.tell(event.Event{Type: event.DeviceDisconnected, Device: q.device.String(), Text: fmt.Sprintf("%s is disconnected: %v", q.session.Hello().DeviceName, err)})
	p.leave(q)
}

// announce tells every device anew what is shared with it.
func (p *peers) announce(ctx context.Context) {
	for _, q := range p.all() {
		p.group.Go(func() { q.tellShared(ctx) })
	}
}

func (p *peers) all() []*peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*peer, 0, len(p.sessions))
	for _, q := range p.sessions {
		out = append(out, q)
	}
	return out
}

// get returns the session of a device, nil if it is not connected.
func (p *peers) get(id device.ID) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sessions[id]
}

// source finds devices to fetch a folder's files from; see pull.Source.
type source struct {
	*peers
	folder  string
	holders func(index.Hash) []device.ID
}

// Peers implements pull.Source.
func (s source) Peers(content index.Hash) []pull.Peer {
	var out []pull.Peer
	for _, id := range s.holders(content) {
		if q := s.get(id); q != nil && s.folders.shared(s.folder, id) != nil {
			out = append(out, holder{q, s.folder})
		}
	}
	return out
}

// holder is a connected device that has a file; see pull.Peer.
type holder struct {
	*peer
	folder string
}

// Device implements pull.Peer.
func (h holder) Device() device.ID { return h.device }

// Request implements pull.Peer.
func (h holder) Request(ctx context.Context, want []pull.Range) ([][]byte, error) {
	ranges := make([]session.Range, len(want))
	for i := range want {
		ranges[i] = session.Range(want[i])
	}
	return h.session.Request(ctx, h.folder, ranges)
}
