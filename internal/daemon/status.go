package daemon

import (
	"context"
	"slices"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/pool"
)

// Status implements server.Node.
func (d *Daemon) Status(ctx context.Context) (api.Status, error) {
	d.mu.Lock()
	conf := d.conf
	d.mu.Unlock()
	started := d.started
	s := api.Status{
		DeviceID: d.self.String(), Name: conf.Name, Version: d.opt.Version, Running: true, Started: &started,
		API: tcpAPI(conf.API), LogLevel: logLevelText(d.opt.LogLevel.Level()),
		SendLimit: int64(conf.Limits.Send), ReceiveLimit: int64(conf.Limits.Receive), LastEvent: d.events.Last(),
	}
	if p := d.clock.problem(); p != nil {
		s.Errors = append(s.Errors, *p)
	}
	for _, a := range d.pool.Addresses() {
		s.Listen = append(s.Listen, a.String())
	}
	running := d.running()
	for i := range conf.Folders {
		if r := running[conf.Folders[i].ID]; r != nil {
			s.Folders = append(s.Folders, d.folderStatus(ctx, r.folder))
		}
	}
	byID, standing := map[device.ID]pool.Status{}, d.pool.Status()
	for _, st := range standing {
		byID[st.ID] = st
	}
	if p := d.ownTwinProblem(standing); p != nil {
		s.Errors = append(s.Errors, *p)
	}
	s.Errors = append(s.Errors, d.twinProblems(conf, time.Now())...)
	for i := range conf.Devices {
		s.Devices = append(s.Devices, d.deviceStatus(ctx, &conf.Devices[i], byID[conf.Devices[i].ID], running))
	}
	return s, nil
}

func (d *Daemon) deviceStatus(ctx context.Context, c *config.Device, st pool.Status, running map[string]*running) api.Device {
	out := api.Device{
		ID: c.ID.String(), Name: c.Name, Addresses: c.Addresses, Paused: c.Paused,
		SendLimit: int64(c.SendLimit), ReceiveLimit: int64(c.ReceiveLimit),
	}
	now, moved := time.Now(), d.peers.moved(c.ID)
	out.BytesSent, out.BytesReceived = moved.sent, moved.received
	q := d.peers.get(c.ID)
	if q != nil {
		stats := q.session.Stats()
		out.Connected, out.Transport, out.Bulk, out.Address = true, stats.Control, stats.Bulk, stats.Address
		out.RTTMillis = float64(stats.RTT.Microseconds()) / 1000
		out.SendRate = d.rates.of("sent "+c.ID.String(), moved.sent, now)
		out.ReceiveRate = d.rates.of("received "+c.ID.String(), moved.received, now)
		out.ClientVersion = q.session.Hello().ClientVersion
		d.saw(c.ID, now)
	} else if st.Err != nil {
		out.Error = st.Err.Error()
	}
	if seen, ok := d.lastSeen(c.ID); ok {
		out.LastSeen = &seen
	}
	for _, r := range running {
		run, _ := r.folder.running()
		if run == nil || !slices.Contains(r.conf.Devices, c.ID) || q != nil && takesNothing(q.said(r.conf.ID)) {
			continue
		}
		if files, bytes, err := run.Behind(ctx, c.ID); err == nil {
			out.NeedFiles += files
			out.NeedBytes += bytes
		}
	}
	return out
}

func (d *Daemon) saw(id device.ID, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[id] = at
}

func (d *Daemon) lastSeen(id device.ID) (time.Time, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.seen[id]
	return at, ok
}
