package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/server"
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
		s, err := run.Status(ctx)
		if err != nil || stateOf(&s) != api.FolderIdle || s.Counts.NeedFiles > 0 {
			return false, nil // it may be starting anew; the next look tells
		}
		for _, device := range r.conf.Devices {
			if q := d.peers.get(device); q == nil || q.said(id) == nil {
				continue
			}
			met = true
			if files, _, err := run.Behind(ctx, device); err != nil || files > 0 {
				return false, err
			}
		}
	}
	return met, nil
}
