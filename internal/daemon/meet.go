package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/drive"
	"github.com/labsync/labsync/transport/session"
)

// meet begins, or begins anew, the exchange of the folder with a device that
// has said what it knows.
func (f *folder) meet(ctx context.Context, q *peer, said *session.Folder) error {
	run, s := f.running()
	if run == nil {
		return nil
	}
	if said.Paused {
		q.part(ctx, f.conf.ID)
		return nil
	}
	known, records, err := f.compare(ctx, run, s, q.device, said)
	f.doubt(err)
	switch {
	case errors.Is(err, drive.ErrStopped) || err != nil && !f.runs(s):
		return nil // the index was closed meanwhile; the next run meets the device
	case err != nil:
		return err
	case known < 0:
		f.askRenewal(fmt.Sprintf("Another device knows more of the index of %s than is here, as if an older copy had been restored; it goes on under a new identity, and what differs is kept from both.", f.conf.Path))
		return nil
	}
	l := q.link(f.conf.ID, records)
	f.peers.group.Go(func() { f.greet(ctx, run, s, l, known) })
	return nil
}

// compare takes in which index a device has, and returns how much it knows of
// ours and of our records.
func (f *folder) compare(ctx context.Context, run *drive.Folder, s *store.Store, d device.ID, said *session.Folder) (known, records int64, err error) {
	if err := f.takeIndexID(ctx, run, s, d, said); err != nil {
		return 0, 0, err
	}
	return f.known(ctx, s, said)
}

// runs reports whether the folder runs on this store.
func (f *folder) runs(s *store.Store) bool {
	_, now := f.running()
	return now == s
}

// greet sends a device the records it lacks, and then lets the exchange of
// entries begin, unless it has said something newer meanwhile. It runs beside
// the handlers of the session, which must not wait for anything to be sent.
func (f *folder) greet(ctx context.Context, run *drive.Folder, s *store.Store, l *link, known int64) {
	if err := l.sendRecords(ctx, s, true); err != nil {
		f.doubt(err)
		f.log.Debug("records were not sent", "device", l.q.device.Short(), "err", err)
		return
	}
	who, err := s.Identity(ctx)
	if err != nil {
		f.doubt(err)
		return
	}
	l.q.tellFirst(ctx, f.conf.ID, who.Index)
	l.q.exchange.Lock()
	defer l.q.exchange.Unlock()
	if l.q.links[f.conf.ID] != l {
		return
	}
	if err := run.PeerUp(ctx, l.q.device, known, l); err != nil {
		f.log.Debug("exchange did not begin", "device", l.q.device.Short(), "err", err)
	}
}

// takeIndexID forgets what a device announced under another index ID.
func (f *folder) takeIndexID(ctx context.Context, run *drive.Folder, s *store.Store, d device.ID, said *session.Folder) error {
	theirs := find(said, d)
	remote, err := s.Remote(ctx, d)
	if err != nil || theirs == nil || theirs.IndexID == remote.Index {
		return err
	}
	if err := f.changeRefusals(ctx, func(r refusals) bool { return r.forget(func(x device.ID) bool { return x == d }) }); err != nil {
		return err
	}
	return run.Reset(ctx, d, theirs.IndexID)
}

// known returns how much of our index and records a device has; -1 if it has
// heard of a sequence that this index never used.
func (f *folder) known(ctx context.Context, s *store.Store, said *session.Folder) (entries, records int64, err error) {
	who, err := s.Identity(ctx)
	if err != nil {
		return 0, 0, err
	}
	ours := find(said, f.self)
	switch {
	case ours == nil || ours.IndexID != who.Index:
		return 0, 0, nil
	case ours.MaxSequence > who.Sequence || !f.used(ours.MaxSequence):
		return -1, 0, nil
	}
	return ours.MaxSequence, ours.RecordSequence, nil
}

// used reports whether the index may have announced a sequence.
func (f *folder) used(n int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.past.used(n)
}

func find(said *session.Folder, d device.ID) *session.Device {
	if i := slices.IndexFunc(said.Devices, func(x session.Device) bool { return x.ID == d }); i >= 0 {
		return &said.Devices[i]
	}
	return nil
}

// spreadRecords hands on what was recorded, to every device that has been
// greeted. It must not wait for the session that delivered it.
func (f *folder) spreadRecords() {
	f.mu.Lock()
	ctx, s := f.ctx, f.store
	f.mu.Unlock()
	if s == nil {
		return
	}
	for _, q := range f.peers.all() {
		if l := q.linkOf(f.conf.ID); l != nil && f.peers.folders.shared(f.conf.ID, q.device) == f {
			f.peers.group.Go(func() {
				if err := l.sendRecords(ctx, s, false); err != nil {
					f.doubt(err)
					f.log.Debug("records were not handed on", "device", q.device.Short(), "err", err)
				}
			})
		}
	}
}

// meetAll meets the devices that were connected before the folder ran. With one
// that announced something meanwhile, which was missed, a new session is begun:
// in this one nobody could tell what comes after the gap.
func (f *folder) meetAll(ctx context.Context) {
	for _, q := range f.peers.all() {
		if f.peers.folders.shared(f.conf.ID, q.device) != f {
			continue
		}
		if err := f.meetAgain(ctx, q); err != nil && ctx.Err() == nil {
			f.log.Error("exchange did not begin", "folder", f.conf.ID, "device", q.device.Short(), "err", err)
		}
	}
}

func (f *folder) meetAgain(ctx context.Context, q *peer) error {
	q.meeting.Lock()
	defer q.meeting.Unlock()
	said := q.said(f.conf.ID)
	switch {
	case said == nil:
		return nil
	case q.missedSome(f.conf.ID):
		q.beginAnew()
		return nil
	}
	return f.meet(ctx, q, said)
}

// part ends the exchange with a device.
func (f *folder) part(ctx context.Context, l *link) {
	if run, _ := f.running(); run != nil {
		if err := ignoreStopped(run.PeerDown(ctx, l.q.device, l)); err != nil {
			f.log.Debug("device was not taken leave of", "device", l.q.device.Short(), "err", err)
		}
	}
}

func ignoreStopped(err error) error {
	if errors.Is(err, drive.ErrStopped) {
		return nil
	}
	return err
}

// describe says to a device what we know of the folder's indexes.
func (f *folder) describe(ctx context.Context, with device.ID) session.Folder {
	out := session.Folder{ID: f.conf.ID, Label: f.conf.Label, Direction: sessionDirection(f.conf.Direction), Paused: f.conf.Paused}
	self, other := session.Device{ID: f.self, Name: f.author.Device}, session.Device{ID: with}
	_, s := f.running()
	if s == nil {
		out.Paused = true // nothing can be exchanged before it runs
		out.Devices = []session.Device{self, other}
		return out
	}
	who, err := s.Identity(ctx)
	if err == nil {
		self.IndexID, self.MaxSequence = who.Index, who.Sequence
		var remote index.RemoteIndex
		if remote, err = s.Remote(ctx, with); err == nil {
			other.IndexID, other.MaxSequence = remote.Index, remote.Sequence
			other.RecordSequence, err = s.RemoteRecords(ctx, with)
		}
	}
	if f.doubt(err); err != nil {
		f.log.Error("what is known of a device could not be read", "folder", f.conf.ID, "err", err)
		out.Paused = true
	}
	out.Devices = []session.Device{self, other}
	return out
}

func sessionDirection(s string) session.Direction {
	switch s {
	case config.SendOnly:
		return session.SendOnly
	case config.ReceiveOnly:
		return session.ReceiveOnly
	}
	return session.SendReceive
}
