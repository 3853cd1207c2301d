package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/serve"
	"github.com/labsync/labsync/transport/session"
)

// peer is a device we talk to. It handles what the device says.
type peer struct {
	*peers
	session *session.Session
	device  device.ID
	gone    chan struct{} // closed when all of the session is over

	meeting sync.Mutex        // held while exchanges begin as the device has said last
	telling sync.Mutex        // held while we say what is shared; guards told
	told    map[string]uint64 // under which index each folder runs, as we said last
	queued  atomic.Bool       // somebody waits for telling, and will say all that is so by then

	exchange sync.Mutex       // held while exchanges begin and end; guards what follows
	links    map[string]*link // by folder: the exchanges, from the greeting on
	over     bool             // none begins any more

	mu     sync.Mutex             // guards what follows
	config *session.ClusterConfig // what it said last
	missed map[string]bool        // folders of which an announcement was not recorded
}

func newPeer(p *peers, d device.ID) *peer {
	return &peer{peers: p, device: d, gone: make(chan struct{}), told: map[string]uint64{}, links: map[string]*link{}, missed: map[string]bool{}}
}

// tellShared tells the device what is shared with it. What is said last is how
// things are: it is put together while nobody else says anything.
func (q *peer) tellShared(ctx context.Context) {
	if !q.queued.Swap(true) {
		q.tellNow(ctx)
	}
}

func (q *peer) tellNow(ctx context.Context) {
	q.telling.Lock()
	defer q.telling.Unlock()
	q.queued.Store(false)
	c := q.folders.clusterConfig(ctx, q.device)
	if err := q.session.SendClusterConfig(ctx, c); err != nil {
		q.log.Debug("could not say what is shared", "device", q.device.Short(), "err", err)
		return
	}
	clear(q.told)
	for _, x := range c.Folders {
		if !x.Paused {
			q.told[x.ID] = x.Devices[0].IndexID // ours comes first: see folder.describe
		}
	}
}

// tellFirst tells the device what is shared unless it knows that a folder goes
// on under this index: what is announced before would be taken for something of
// an index before, and forgotten.
func (q *peer) tellFirst(ctx context.Context, folder string, id uint64) {
	q.telling.Lock()
	knows := q.told[folder] == id
	q.telling.Unlock()
	if !knows {
		q.tellNow(ctx)
	}
}

// miss notes that an announcement of a folder was not recorded. Those after it
// must not be either: the last of them would stand for all.
func (q *peer) miss(folder string) {
	q.mu.Lock()
	q.missed[folder] = true
	q.mu.Unlock()
	// If the folder has begun to run meanwhile it may not have seen that.
	if f := q.folders.shared(folder, q.device); f != nil {
		if run, _ := f.running(); run != nil {
			q.beginAnew()
		}
	}
}

func (q *peer) missedSome(folder string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.missed[folder]
}

// beginAnew ends the session. The pool connects again, and both sides say what
// they have.
func (q *peer) beginAnew() { q.session.Close("a folder begins anew") }

// ClusterConfig implements session.Handler.
func (q *peer) ClusterConfig(ctx context.Context, c session.ClusterConfig) error {
	q.meeting.Lock()
	defer q.meeting.Unlock()
	q.mu.Lock()
	q.config = &c
	q.mu.Unlock()
	q.partUnsaid(ctx)
	var err error
	for i := range c.Folders {
		if f := q.folders.shared(c.Folders[i].ID, q.device); f != nil {
			err = errors.Join(err, f.meet(ctx, q, &c.Folders[i]))
		}
	}
	return err
}

// said returns what the device said of a folder, nil for nothing.
func (q *peer) said(folder string) *session.Folder {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.config == nil {
		return nil
	}
	for i := range q.config.Folders {
		if q.config.Folders[i].ID == folder {
			return &q.config.Folders[i]
		}
	}
	return nil
}

// Index implements session.Handler.
func (q *peer) Index(ctx context.Context, id string, batch []index.Update, last int64, rejected []session.Rejected) error {
	f := q.folders.shared(id, q.device)
	if f == nil {
		q.miss(id)
		return nil
	}
	for _, r := range rejected {
		q.log.Warn("announcement left out", "folder", id, "device", q.device.Short(), "name", r.Name, "reason", r.Reason)
	}
	if err := f.rejected(ctx, q.device, batch, rejected); err != nil {
		return fmt.Errorf("note what was refused: %w", err)
	}
	q.clock.hear(batch)
	return f.announced(ctx, q, batch, last)
}

// Records implements session.Handler.
func (q *peer) Records(ctx context.Context, id string, records []index.Record) error {
	f := q.folders.shared(id, q.device)
	if f == nil {
		q.miss(id)
		return nil
	}
	return f.joinRecords(ctx, q, records)
}

// Serve implements session.Handler.
func (q *peer) Serve(ctx context.Context, id string, want []session.Range, reply func(i int, data []byte, err error) error) error {
	f := q.folders.shared(id, q.device)
	if f == nil {
		return serve.ErrNoBlock
	}
	return f.serve(ctx, want, reply)
}
