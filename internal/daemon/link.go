package daemon

import (
	"context"
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
)

// link is the exchange of one folder with one device, from one greeting to the
// next. It implements drive.Link.
type link struct {
	q      *peer
	folder string

	mu      sync.Mutex // held while records are sent, so that they go in order
	records int64      // our sequence up to which the device has been sent records
	greeted bool       // it has been sent all that there were at first
}

// link begins an exchange of a folder: what is left of the one before ends.
func (q *peer) link(folder string, records int64) *link {
	q.exchange.Lock()
	defer q.exchange.Unlock()
	l := &link{q: q, folder: folder, records: records}
	if !q.over {
		q.links[folder] = l
	}
	return l
}

// linkOf returns the exchange of a folder, nil for none.
func (q *peer) linkOf(folder string) *link {
	q.exchange.Lock()
	defer q.exchange.Unlock()
	return q.links[folder]
}

// part ends the exchange of a folder.
func (q *peer) part(ctx context.Context, folder string) {
	q.exchange.Lock()
	defer q.exchange.Unlock()
	q.partFrom(ctx, folder)
}

// partAll ends all exchanges for good.
func (q *peer) partAll(ctx context.Context) {
	q.exchange.Lock()
	defer q.exchange.Unlock()
	q.over = true
	for folder := range q.links {
		q.partFrom(ctx, folder)
	}
}

// partUnsaid ends the exchanges of folders that the device shares no more.
func (q *peer) partUnsaid(ctx context.Context) {
	q.exchange.Lock()
	defer q.exchange.Unlock()
	for folder := range q.links {
		if q.said(folder) == nil {
			q.partFrom(ctx, folder)
		}
	}
}

// partFrom is called with exchange held.
func (q *peer) partFrom(ctx context.Context, folder string) {
	l := q.links[folder]
	delete(q.links, folder)
	if f := q.folders.shared(folder, q.device); f != nil && l != nil {
		f.part(ctx, l)
	}
}

// Announce implements drive.Link.
func (l *link) Announce(ctx context.Context, updates []index.Update, last int64) error {
	return l.q.session.SendIndex(ctx, l.folder, updates, last)
}

// pageRecords is how many records are sent at a time.
const pageRecords = 500

// sendRecords sends the device the records it has not been sent yet: in a
// greeting before any entry, so that it knows who a replica is when it meets
// it, and later whenever there are new ones.
func (l *link) sendRecords(ctx context.Context, s *store.Store, greeting bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.greeted && !greeting {
		return nil // the greeting sends them
	}
	for {
		page, err := s.RecordsSince(ctx, l.records, pageRecords)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			if err := l.q.session.SendRecords(ctx, l.folder, page); err != nil {
				return err
			}
			l.records = page[len(page)-1].Sequence
		}
		if len(page) < pageRecords {
			l.greeted = true
			return nil
		}
	}
}
