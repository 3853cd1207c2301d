package daemon

import (
	"cmp"
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
		return ignoreStopped(run.PeerDown(ctx, q.device))
	}
	if err := f.takeIndexID(ctx, s, q.device, said); err != nil {
		return err
	}
	known, records, err := f.known(ctx, s, said)
	if err != nil {
		return err
	}
	if known < 0 {
		return f.renew(ctx, fmt.Sprintf("Another device knows more of the index of %s than is here, as if an older copy had been restored; it goes on under a new identity, and nothing is lost.", f.conf.Path))
	}
	f.peers.group.Go(func() { f.greet(ctx, run, s, q, known, records) })
	return nil
}

// greet sends a device the records it lacks, and then lets the exchange of
// entries begin. It runs beside the handlers of the session, which must not
// wait for anything to be sent.
func (f *folder) greet(ctx context.Context, run *drive.Folder, s *store.Store, q *peer, known, records int64) {
	if err := f.sendRecords(ctx, s, q, records); err != nil {
		f.log.Debug("records were not sent", "device", q.device.Short(), "err", err)
		return
	}
	q.parting.Lock()
	defer q.parting.Unlock()
	if q.parted {
		return
	}
	if err := run.PeerUp(ctx, q.device, known); err != nil {
		f.log.Debug("exchange did not begin", "device", q.device.Short(), "err", err)
	}
}

// takeIndexID forgets what a device announced under another index ID.
func (f *folder) takeIndexID(ctx context.Context, s *store.Store, d device.ID, said *session.Folder) error {
	theirs := find(said, d)
	remote, err := s.Remote(ctx, d)
	if err != nil || theirs == nil || theirs.IndexID == remote.Index {
		return err
	}
	return s.ResetRemote(ctx, d, theirs.IndexID)
}

// known returns how much of our index and records a device has; -1 if it has
// seen more than there is.
func (f *folder) known(ctx context.Context, s *store.Store, said *session.Folder) (entries, records int64, err error) {
	who, err := s.Identity(ctx)
	if err != nil {
		return 0, 0, err
	}
	ours := find(said, f.self)
	switch {
	case ours == nil || ours.IndexID != who.Index:
		return 0, 0, nil
	case ours.MaxSequence > who.Sequence:
		return -1, 0, nil
	}
	return ours.MaxSequence, ours.RecordSequence, nil
}

func find(said *session.Folder, d device.ID) *session.Device {
	if i := slices.IndexFunc(said.Devices, func(x session.Device) bool { return x.ID == d }); i >= 0 {
		return &said.Devices[i]
	}
	return nil
}

// pageRecords is how many records are sent at a time.
const pageRecords = 500

// sendRecords sends a device our records after a sequence: before any entry, so
// that it knows who a replica is when it meets it.
func (f *folder) sendRecords(ctx context.Context, s *store.Store, q *peer, after int64) error {
	for {
		page, err := s.RecordsSince(ctx, after, pageRecords)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		if err := q.session.SendRecords(ctx, f.conf.ID, page); err != nil {
			return err
		}
		after = page[len(page)-1].Sequence
		if len(page) < pageRecords {
			return nil
		}
	}
}

// spreadRecords hands on records to the devices other than the one they came
// from. It must not wait for the session that delivered them.
func (f *folder) spreadRecords(ctx context.Context, from device.ID, changed []index.Record) {
	slices.SortFunc(changed, func(a, b index.Record) int { return cmp.Compare(a.Sequence, b.Sequence) })
	for _, q := range f.peers.all() {
		if q.device == from || q.said(f.conf.ID) == nil || f.peers.folders.shared(f.conf.ID, q.device) != f {
			continue
		}
		f.peers.group.Go(func() {
			if err := q.session.SendRecords(ctx, f.conf.ID, changed); err != nil {
				f.log.Debug("records were not handed on", "device", q.device.Short(), "err", err)
			}
		})
	}
}

// meetAll meets the devices that were connected before the folder ran.
func (f *folder) meetAll(ctx context.Context) {
	for _, q := range f.peers.all() {
		if said := q.said(f.conf.ID); said != nil && f.peers.folders.shared(f.conf.ID, q.device) == f {
			if err := f.meet(ctx, q, said); err != nil && ctx.Err() == nil {
				f.log.Error("exchange did not begin", "folder", f.conf.ID, "device", q.device.Short(), "err", err)
			}
		}
	}
}

// part ends the exchange with a device.
func (f *folder) part(ctx context.Context, d device.ID) {
	if run, _ := f.running(); run != nil {
		if err := ignoreStopped(run.PeerDown(ctx, d)); err != nil {
			f.log.Debug("device was not taken leave of", "device", d.Short(), "err", err)
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
	if err != nil {
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
