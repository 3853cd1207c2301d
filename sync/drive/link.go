package drive

import (
	"context"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/engine"
)

// Link carries announcements to one device, from a PeerUp to the next one or to
// PeerDown. It must be comparable.
type Link interface {
	// Announce sends a page of updates; last is the highest sequence of ours
	// that they cover. An error means that the link has ended.
	Announce(ctx context.Context, updates []index.Update, last int64) error
}

// outlets are the links in use. They belong to the loop.
type outlets map[device.ID]*outlet

type outlet struct {
	link Link          // nil while the device is not connected
	sent chan struct{} // closed when the last page begun has been sent or given up
}

// use makes link the one by which pages begun from now on go.
func (o outlets) use(d device.ID, link Link) {
	if o[d] == nil {
		o[d] = &outlet{sent: make(chan struct{})}
		close(o[d].sent)
	}
	o[d].link = link
}

// drop forgets a link, and reports whether it was the one in use.
func (o outlets) drop(d device.ID, link Link) bool {
	if o[d] == nil || o[d].link != link {
		return false
	}
	o[d].link = nil
	return true
}

// page is a page's place in the order of those to one device.
type page struct {
	link   Link
	before <-chan struct{} // closed when the page before has been sent
	sent   chan<- struct{} // to be closed
}

func (o outlets) next(d device.ID) page {
	out := o[d]
	sent := make(chan struct{})
	p := page{link: out.link, before: out.sent, sent: sent}
	out.sent = sent
	return p
}

// pageUpdates is how many updates are sent at a time.
const pageUpdates = 1000

// send announces a page. The page is read when its turn has come: one read
// before and sent after another would take back what that one said.
func (f *Folder) send(ctx context.Context, x engine.Send, p page) error {
	defer close(p.sent)
	select {
	case <-p.before:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := engine.Sent{ID: x.ID, Device: x.Device, Upto: x.After}
	// The highest sequence is read before the page: what is recorded in between
	// must not count as sent.
	who, err := f.opt.Index.Identity(ctx)
	if err != nil {
		return err
	}
	updates, err := f.opt.Index.Since(ctx, x.After, pageUpdates)
	if err != nil {
		return fmt.Errorf("read what to announce: %w", err)
	}
	last := who.Sequence
	if n := len(updates); n > 0 {
		last = max(last, updates[n-1].Sequence)
	}
	if len(updates) == pageUpdates {
		last, done.More = updates[len(updates)-1].Sequence, true
	}
	if err := p.link.Announce(ctx, updates, last); err != nil {
		done.Failed = true // the link has ended; another one begins with PeerUp
	} else {
		done.Upto = last
	}
	return f.post(ctx, done)
}
