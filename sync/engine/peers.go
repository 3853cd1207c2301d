package engine

import (
	"bytes"
	"slices"

	"github.com/labsync/labsync/internal/device"
)

// peers are the connected devices, in order of ID: effects follow that order.
type peers []peer

type peer struct {
	device  device.ID
	sent    int64 // our sequence up to which it has been sent everything
	sending ID    // the page under way, 0 for none
	more    bool  // the last page was not the last one
	retry   bool  // the last page failed; PeerUp begins anew
}

func (p *peers) find(d device.ID) (int, bool) {
	return slices.BinarySearchFunc(*p, d, func(p peer, d device.ID) int { return bytes.Compare(p.device[:], d[:]) })
}

func (p *peers) remove(d device.ID) {
	if i, ok := p.find(d); ok {
		*p = slices.Delete(*p, i, i+1)
	}
}

func (p *peers) sent(ev Sent) {
	i, ok := p.find(ev.Device)
	if !ok || (*p)[i].sending != ev.ID {
		return // begun before the device began anew
	}
	q := &(*p)[i]
	q.sending, q.more, q.retry = 0, ev.More, ev.Failed
	if !ev.Failed {
		q.sent = max(q.sent, ev.Upto)
	}
}

// peerUp begins anew with a device: what it knows of our index decides what it
// is sent. Files that failed for want of a source are tried again.
func (e *Engine) peerUp(ev PeerUp) {
	e.peers.remove(ev.Device)
	i, _ := e.peers.find(ev.Device)
	e.peers = slices.Insert(e.peers, i, peer{device: ev.Device, sent: ev.Known})
	e.work.forgiveAll()
	e.cycle.again = true
}

// sendNext begins the next page for every device that lacks some.
func (e *Engine) sendNext() {
	for i := range e.peers {
		p := &e.peers[i]
		if p.sending != 0 || p.retry || p.sent >= e.sequence && !p.more {
			continue
		}
		p.sending = e.newID()
		e.emit(Send{ID: p.sending, Device: p.device, After: p.sent})
	}
}

// received hands on what a device announces. Names that failed here are tried
// again: the device may have what was missing.
func (e *Engine) received(ev Received) {
	again := false
	for i := range ev.Updates {
		if heads := ev.Updates[i].Heads; len(heads) > 0 {
			e.work.forgive(heads[0].Name)
			again = e.announced(heads) || again
		}
	}
	e.receiving++
	id := e.newID()
	e.work.announces(id, ev.Updates)
	e.emit(RecordRemote{ID: id, After: e.work.replaced(ev.Updates), Device: ev.Device, Updates: ev.Updates})
	if again {
		e.emit(Unsettle{ID: e.newID()})
	}
}
