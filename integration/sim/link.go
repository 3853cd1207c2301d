package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/engine"
)

// link joins two devices. At most one session carries messages on it; each end
// learns by messages that one has begun or is over, so the two may disagree.
type link struct {
	a, b    *Device
	wanted  bool  // the network is there
	live    bool  // the session carries messages
	session int   // counts them
	at      int64 // when to try again to connect
	slow    int64 // until when messages take long
	ends    [2]int
}

// end is the session that a device believes to be in, 0 for none.
func (l *link) end(d *Device) *int {
	if d == l.a {
		return &l.ends[0]
	}
	return &l.ends[1]
}

// message is what one device tells another in a session: that it is there and
// what it knows (as in a ClusterConfig), that the session is over, or a page of
// updates.
type message struct {
	at      int64
	session int
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

// push sends a message on its way.
func (w *World) push(l *link, from, to *Device, m message, delay int64) {
	in := to.inbox[from]
	m.session, m.at = l.session, w.now+delay+w.lag(l)
	if n := len(in.queue); n > 0 {
		m.at = max(m.at, in.queue[n-1].at)
	}
	in.queue = append(in.queue, m)
}

// travel is how long what is asked for takes on a link.
func (w *World) travel(l *link) int64 { return w.delay() + w.lag(l) }

// lag is how much longer than usual something takes on a link.
func (w *World) lag(l *link) int64 {
	if w.now < l.slow {
		return w.net.Int64N(int64(10 * time.Second))
	}
	return 0
}

func (w *World) delay() int64 { return 1 + w.net.Int64N(int64(50*time.Millisecond)) }

func (w *World) linkOf(a, b *Device) *link {
	for _, l := range w.links {
		if l.a == a && l.b == b || l.a == b && l.b == a {
			return l
		}
	}
	return nil
}

// connected reports whether what a sends in its session reaches b.
func (w *World) connected(a, b *Device) bool {
	l := w.linkOf(a, b)
	return l != nil && l.live && *l.end(a) == l.session
}

// session numbers the session that a device believes to be in with another.
func (w *World) session(d *Device, to device.ID) int {
	if l := w.linkOf(d, w.deviceOf(to)); l != nil {
		return *l.end(d)
	}
	return 0
}

func (w *World) deviceOf(id device.ID) *Device {
	for _, d := range w.devices {
		if d.id == id {
			return d
		}
	}
	return nil
}

// apart reports whether two devices will connect.
func (l *link) apart() bool {
	return l.wanted && !l.live && l.a.engine != nil && l.b.engine != nil
}

// connect begins a session: each side tells the other what it knows. It takes
// the place of one that an end still believes in.
func (w *World) connect(l *link) {
	l.live = true
	l.session++
	w.note(nil, " ", fmt.Sprintf("link %s-%s comes up", l.a.name, l.b.name))
	for _, way := range [][2]*Device{{l.a, l.b}, {l.b, l.a}} {
		from, to := way[0], way[1]
		queue := to.inbox[from].queue
		for i := range queue {
			queue[i].at = min(queue[i].at, w.now)
		}
		who, err := from.index.Identity(w.ctx)
		from.check("Identity", err)
		knows, err := from.index.Remote(w.ctx, to.id)
		from.check("Remote", err)
		w.push(l, from, to, message{hello: &hello{who.Index, knows}}, w.delay())
	}
}

// cut ends a session: what is on its way is lost. If the ends learn of it apart,
// some of it may still arrive, and one of them may learn late.
func (w *World) cut(l *link, apart bool) {
	if !l.live {
		return
	}
	l.live = false
	l.at = w.now + w.net.Int64N(int64(5*time.Second))
	w.note(nil, " ", fmt.Sprintf("link %s-%s is cut", l.a.name, l.b.name))
	for _, way := range [][2]*Device{{l.a, l.b}, {l.b, l.a}} {
		in := way[1].inbox[way[0]]
		kept, delay := 0, w.delay()
		if apart {
			kept = w.net.IntN(len(in.queue) + 1)
			if w.net.IntN(2) == 0 {
				delay = w.net.Int64N(int64(30 * time.Second))
			}
		}
		in.queue = slices.Clone(in.queue[:kept])
		w.push(l, way[0], way[1], message{down: true}, delay)
	}
}

// deliver takes the first message of an inbox.
func (d *Device) deliver(from *Device) {
	in := d.inbox[from]
	d.w.activity = d.w.now
	m := in.queue[0]
	in.queue = in.queue[1:]
	end := d.w.linkOf(d, from).end(d)
	switch {
	case m.hello != nil:
		*end = m.session
		in.busy = true
		d.begin("meet "+from.name, laneFree, func(t *task) { d.meet(t, from, m.hello) })
	case *end != m.session:
	case m.down:
		*end = 0
		d.step(engine.PeerDown{Device: from.id})
	default:
		in.busy = true
		d.step(engine.Received{Device: from.id, Updates: m.updates})
	}
}

// meet begins the exchange with a device that has said what it knows.
func (d *Device) meet(t *task, from *Device, said *hello) {
	remote, err := d.index.Remote(d.w.ctx, from.id)
	d.check("Remote", err)
	if remote.Index != said.index {
		for at := d.placement(); at != nil; at = d.placement() {
			t.after = at
			t.pause()
		}
		d.check("ResetRemote", d.index.ResetRemote(d.w.ctx, from.id, said.index))
	}
	t.pause()
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	var known int64
	if said.knows.Index == who.Index {
		known = said.knows.Sequence
		if known > who.Sequence || !d.used(known) {
			d.fork()
			return
		}
	}
	d.inbox[from].busy = false
	d.step(engine.PeerUp{Device: from.id, Known: known})
}
