package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/server"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/session"
)

var _ server.Node = (*Daemon)(nil)

// pageEvents is how many events are read at a time.
const pageEvents = 256

// Events implements server.Node.
func (d *Daemon) Events(ctx context.Context, since int64, each func(api.Event) error) error {
	if since == api.SinceNow {
		since = d.events.Last()
	}
	for {
		if err := d.events.Wait(ctx, since); err != nil {
			return err
		}
		page, next := d.events.Since(since, pageEvents)
		since = next
		for _, e := range page {
			err := each(api.Event{
				ID: e.ID, Time: e.Time, Type: string(e.Type), Folder: e.Folder, Device: e.Device, Path: e.Path, Text: e.Text, Fields: e.Fields,
			})
			if err != nil {
				return err
			}
		}
	}
}

// waitEvery is how often Wait looks.
const waitEvery = 50 * time.Millisecond

// Wait implements server.Node.
func (d *Daemon) Wait(ctx context.Context, folder string) error {
	if folder != "" && d.running()[folder] == nil {
		return noFolder(folder)
	}
	look := time.NewTicker(waitEvery)
	defer look.Stop()
	for {
		done, err := d.inSync(ctx, folder)
		if err != nil || done {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the devices to be in sync: %w", ctx.Err())
		}
	}
}

// inSync reports whether a device is connected and all connected ones agree
// with this one on a folder, on all folders if it is "".
func (d *Daemon) inSync(ctx context.Context, folder string) (bool, error) {
	met := false
	for id, r := range d.running() {
		if folder != "" && id != folder || r.conf.Paused {
			continue
		}
		run, _ := r.folder.running()
		if run == nil {
			return false, nil
		}
		if settled, err := run.Settled(ctx); err != nil || !settled {
			return false, nil // it may be starting anew; the next look tells
		}
		for _, id := range r.conf.Devices {
			agrees, takesPart := r.folder.agrees(ctx, id)
			if takesPart && !agrees {
				return false, nil
			}
			met = met || takesPart
		}
	}
	return met, nil
}

// agrees reports whether a device has all that is here, and all that it had
// when it came has been heard; and whether it takes part at present.
func (f *folder) agrees(ctx context.Context, d device.ID) (agrees, takesPart bool) {
	q := f.peers.get(d)
	if q == nil {
		return false, false
	}
	said := q.said(f.conf.ID)
	if said == nil || said.Paused {
		return false, false
	}
	run, s := f.running()
	if run == nil || q.linkOf(f.conf.ID) == nil {
		return false, true
	}
	if theirs := find(said, d); theirs != nil {
		heard, err := s.Remote(ctx, d)
		if err != nil || heard.Index != theirs.IndexID || heard.Sequence < theirs.MaxSequence {
			return false, true
		}
	}
	files, _, err := run.Behind(ctx, d)
	return err == nil && (files == 0 || takesNothing(said)), true
}

// takesNothing reports whether a device shares the folder without taking what
// others have: it never needs anything.
func takesNothing(said *session.Folder) bool {
	return said != nil && said.Direction == session.SendOnly
}
