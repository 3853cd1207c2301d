package daemon

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"reflect"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/sync/drive"
	"github.com/labsync/labsync/transport/session"
)

// applyFolders starts and stops folders as the configuration says. A folder
// whose configuration has changed is stopped and started anew, and so is one
// that was removed and added again before anybody looked.
func (d *Daemon) applyFolders(ctx context.Context, conf *config.Config) {
	for id, r := range d.running() {
		want := conf.Folder(id)
		if want == nil || !sameFolder(r.conf, *want) || r.rescan != conf.Rescan(*want) || isOutdated(r.indexPath()) {
			d.stopFolder(id, r)
			if want == nil {
				d.tell(event.Event{Type: event.FolderRemoved, Folder: id, Text: "folder " + r.conf.Label + " is not synchronised any more"})
			}
		}
	}
	if err := setStraysAside(d.Home, conf); err != nil {
		d.opt.Log.Error("the index of a removed folder could not be set aside", "err", err)
	}
	started := d.running()
	for _, f := range conf.Folders {
		if started[f.ID] == nil {
			d.startFolder(ctx, conf, f)
		}
	}
}

// sameFolder compares what a running folder depends on.
func sameFolder(a, b config.Folder) bool {
	return a.ID == b.ID && a.Path == b.Path && a.Label == b.Label && a.Strategy == b.Strategy && a.Blocks == b.Blocks &&
		a.Direction == b.Direction && a.Paused == b.Paused && slices.Equal(a.Ignore, b.Ignore) && reflect.DeepEqual(a.Devices, b.Devices)
}

func (d *Daemon) startFolder(ctx context.Context, conf *config.Config, f config.Folder) {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{cancel: cancel, done: make(chan struct{}), folder: &folder{
		conf: f, rescan: conf.Rescan(f), home: string(d.Home), self: d.self, peers: d.peers,
		author: conflict.Author{Person: conf.Person, Device: conf.Name},
		clock:  d.clock, fault: d.opt.Fault, tell: d.tell, log: d.opt.Log.With("folder", f.ID),
	}}
	d.mu.Lock()
	d.folders[f.ID] = r
	d.mu.Unlock()
	go func() {
		defer close(r.done)
		if f.Paused {
			<-ctx.Done()
			return
		}
		r.keep(ctx)
	}()
}

func (d *Daemon) stopFolder(id string, r *running) {
	r.cancel()
	<-r.done
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.folders, id)
}

func (d *Daemon) stopFolders() {
	running := d.running()
	for _, r := range running {
		r.cancel()
	}
	for id, r := range running {
		d.stopFolder(id, r)
	}
}

func (d *Daemon) running() map[string]*running {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[string]*running, len(d.folders))
	for id, r := range d.folders {
		out[id] = r
	}
	return out
}

// shared implements sharing.
func (d *Daemon) shared(id string, with device.ID) *folder {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.folders[id]
	if r == nil || r.conf.Paused || !slices.Contains(r.conf.Devices, with) {
		return nil
	}
	return r.folder
}

// clusterConfig implements sharing.
func (d *Daemon) clusterConfig(ctx context.Context, with device.ID) session.ClusterConfig {
	var c session.ClusterConfig
	running := d.running()
	ids := make([]string, 0, len(running))
	for id := range running {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if f := running[id]; slices.Contains(f.conf.Devices, with) {
			c.Folders = append(c.Folders, f.describe(ctx, with))
		}
	}
	return c
}

// find returns a folder that runs, for a command, and what runs.
func (d *Daemon) find(id string) (*folder, *drive.Folder, error) {
	r := d.running()[id]
	switch {
	case r == nil:
		return nil, nil, noFolder(id)
	case r.conf.Paused:
		return nil, nil, api.Refused("Folder " + id + " is paused; resume it first with labsync folder resume.")
	}
	run, _ := r.folder.running()
	if run == nil {
		return nil, nil, api.Refused("Folder " + id + " does not run; labsync status says why.")
	}
	return r.folder, run, nil
}

// RescanFolder implements server.Node.
func (d *Daemon) RescanFolder(ctx context.Context, id, name string) error {
	_, run, err := d.find(id)
	if err != nil {
		return err
	}
	if name == "" {
		return run.Rescan(ctx)
	}
	name = norm.NFC.String(path.Clean(filepath.ToSlash(name)))
	if name == "." {
		return run.Rescan(ctx)
	}
	if err := index.CheckName(name); err != nil {
		return api.Misuse(fmt.Sprintf("%q is no name in a folder: %v.", name, err))
	}
	return run.Rescan(ctx, name)
}

// OverrideFolder implements server.Node.
func (d *Daemon) OverrideFolder(ctx context.Context, id string) error {
	f, run, err := d.find(id)
	if err != nil {
		return err
	}
	if f.conf.Direction != config.SendOnly {
		return api.Refused("Folder " + id + " is not send-only; only there can what is here be set over what others have.")
	}
	return run.Override(ctx)
}

// RevertFolder implements server.Node.
func (d *Daemon) RevertFolder(ctx context.Context, id string) error {
	f, run, err := d.find(id)
	if err != nil {
		return err
	}
	if f.conf.Direction != config.ReceiveOnly {
		return api.Refused("Folder " + id + " is not receive-only; only there can changes made here be taken back.")
	}
	return run.Revert(ctx)
}

func noFolder(id string) error {
	return api.NotFound("There is no folder " + id + " here; see labsync folder list.")
}
