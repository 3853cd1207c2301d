package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/serve"
)

// link joins two devices; session counts how often it has come up.
type link struct {
	a, b    *Device
	up      bool
	session int
}

// message is what one device tells another: that it is there and what it knows
// (as in a ClusterConfig), that it is gone, or a page of updates.
type message struct {
	at      int64
	hello   *hello
	down    bool
	updates []index.Update
}

// hello is what a device knows when a session begins.
type hello struct {
	index uint64            // identifies the sender's sequence numbers
	knows index.RemoteIndex // what the sender has of the receiver
}

// inbox holds the messages from one sender in order. busy tells that the last
// one is still being recorded.
type inbox struct {
	queue []message
	busy  bool
}

func (in *inbox) push(w *World, m message) {
	m.at = w.now + 1 + w.net.Int64N(int64(50*time.Millisecond))
	if n := len(in.queue); n > 0 {
		m.at = max(m.at, in.queue[n-1].at)
	}
	in.queue = append(in.queue, m)
}

func (w *World) linkOf(a, b *Device) *link {
	for _, l := range w.links {
		if l.a == a && l.b == b || l.a == b && l.b == a {
			return l
		}
	}
	return nil
}

func (w *World) connected(a, b *Device) bool {
	l := w.linkOf(a, b)
	return l != nil && l.up
}

// session numbers the session that a device sends in.
func (w *World) session(d *Device, to device.ID) int {
	if l := w.linkOf(d, w.deviceOf(to)); l != nil {
		return l.session
	}
	return -1
}

func (w *World) deviceOf(id device.ID) *Device {
	for _, d := range w.devices {
		if d.id == id {
			return d
		}
	}
	return nil
}

// connect begins a session: each side tells the other what it knows.
func (w *World) connect(l *link) {
	if l.up {
		return
	}
	l.up = true
	l.session++
	w.note(nil, " ", fmt.Sprintf("link %s-%s comes up", l.a.name, l.b.name))
	for _, way := range [][2]*Device{{l.a, l.b}, {l.b, l.a}} {
		from, to := way[0], way[1]
		who, err := from.index.Identity(w.ctx)
		from.check("Identity", err)
		knows, err := from.index.Remote(w.ctx, to.id)
		from.check("Remote", err)
		to.inbox[from].push(w, message{hello: &hello{who.Index, knows}})
	}
}

// cut ends a session: what is on its way is lost.
func (w *World) cut(l *link) {
	if !l.up {
		return
	}
	l.up = false
	w.note(nil, " ", fmt.Sprintf("link %s-%s is cut", l.a.name, l.b.name))
	for _, in := range []*inbox{l.a.inbox[l.b], l.b.inbox[l.a]} {
		in.queue = nil
		in.push(w, message{down: true})
	}
}

// deliver takes the first message of an inbox.
func (d *Device) deliver(from *Device) {
	in := d.inbox[from]
	m := in.queue[0]
	in.queue = in.queue[1:]
	switch {
	case m.down:
		d.step(engine.PeerDown{Device: from.id})
	case m.hello != nil:
		in.busy = true
		d.begin("meet "+from.name, laneFree, func(t *task) { d.meet(t, from, m.hello) })
	default:
		in.busy = true
		d.step(engine.Received{Device: from.id, Updates: m.updates})
	}
}

// meet begins the exchange with a device that has said what it knows.
func (d *Device) meet(t *task, from *Device, said *hello) {
	session := d.w.session(d, from.id)
	remote, err := d.index.Remote(d.w.ctx, from.id)
	d.check("Remote", err)
	if remote.Index != said.index {
		d.check("ResetRemote", d.index.ResetRemote(d.w.ctx, from.id, said.index))
	}
	t.pause()
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	var known int64
	if said.knows.Index == who.Index {
		known = said.knows.Sequence
	}
	d.inbox[from].busy = false
	if d.w.connected(d, from) && d.w.session(d, from.id) == session {
		d.step(engine.PeerUp{Device: from.id, Known: known})
	}
}

// source finds the connected devices that announce a content.
type source struct{ d *Device }

func (s source) Peers(content index.Hash) []pull.Peer {
	holders, err := s.d.index.Holders(s.d.w.ctx, content)
	s.d.check("Holders", err)
	var out []pull.Peer
	for _, id := range holders {
		if other := s.d.w.deviceOf(id); s.d.w.connected(s.d, other) {
			out = append(out, peer{s.d, other})
		}
	}
	return out
}

// peer asks another device for blocks.
type peer struct{ d, other *Device }

func (p peer) Device() device.ID { return p.other.id }

var errCut = errors.New("session has ended")

func (p peer) Request(ctx context.Context, want []pull.Range) ([][]byte, error) {
	p.wait()
	if !p.d.w.connected(p.d, p.other) {
		return nil, errCut
	}
	ask := make([]serve.Range, len(want))
	for i := range want {
		ask[i] = serve.Range(want[i])
	}
	answers := make([][]byte, len(want))
	err := p.other.serve.Serve(ctx, ask, func(i int, data []byte, err error) error {
		if err == nil {
			answers[i] = append([]byte{}, data...)
		}
		return nil
	})
	p.wait()
	if !p.d.w.connected(p.d, p.other) {
		return nil, errCut
	}
	return answers, err
}

func (p peer) wait() {
	if t := p.d.current; t != nil {
		t.pause()
	}
}
