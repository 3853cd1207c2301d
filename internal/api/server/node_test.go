package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/labsync/labsync/internal/api"
)

var _ Node = (*api.Client)(nil)

// nopNode answers nothing; tests embed it.
type nopNode struct{ Node }

func (nopNode) Status(context.Context) (api.Status, error) { return api.Status{}, nil }

// fakeNode is a Node in memory.
type fakeNode struct {
	mu      sync.Mutex
	folders []api.FolderConfig // guarded by mu
	calls   []string           // guarded by mu

	events  chan api.Event
	settled chan struct{}
}

func newFakeNode() *fakeNode {
	return &fakeNode{events: make(chan api.Event, 16), settled: make(chan struct{})}
}

func (n *fakeNode) call(text string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, text)
	return nil
}

func (n *fakeNode) Status(context.Context) (api.Status, error) {
	return api.Status{DeviceID: "AAAAAAA", Name: "bench", Running: true,
		Folders: []api.Folder{{ID: "a/b", State: api.FolderIdle}}}, nil
}

func (n *fakeNode) Events(ctx context.Context, since int64, each func(api.Event) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-n.events:
			if e.ID <= since {
				continue
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

func (n *fakeNode) Wait(ctx context.Context, _ string) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-n.settled:
		return nil
	}
}

func (n *fakeNode) Devices(context.Context) ([]api.DeviceConfig, error) { return nil, nil }

func (n *fakeNode) AddDevice(_ context.Context, d api.DeviceConfig) (api.DeviceConfig, error) {
	return d, n.call("add device " + d.ID)
}

func (n *fakeNode) RemoveDevice(_ context.Context, id string) error {
	return api.NotFound("there is no device " + id + ": see \"labsync device list\"")
}

func (n *fakeNode) PauseDevice(_ context.Context, id string, paused bool) error {
	return n.call("pause device " + id)
}

func (n *fakeNode) Folders(context.Context) ([]api.FolderConfig, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.folders, nil
}

func (n *fakeNode) AddFolder(_ context.Context, a api.FolderAdd) (api.FolderConfig, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := api.FolderConfig{ID: a.ID, Path: a.Path, Devices: a.Devices}
	n.folders = append(n.folders, f)
	return f, nil
}

func (n *fakeNode) SetFolder(_ context.Context, id string, s api.FolderSet) (api.FolderConfig, error) {
	return api.FolderConfig{ID: id, Strategy: s.Strategy}, nil
}

func (n *fakeNode) RemoveFolder(_ context.Context, id string) error {
	return n.call("remove folder " + id)
}

func (n *fakeNode) PauseFolder(_ context.Context, id string, paused bool) error {
	return n.call("pause folder " + id)
}

func (n *fakeNode) RescanFolder(_ context.Context, id, name string) error {
	return n.call("rescan folder " + id + " " + name)
}

func (n *fakeNode) OverrideFolder(_ context.Context, id string) error {
	return api.Refused("the folder " + id + " is not send-only")
}

func (n *fakeNode) RevertFolder(context.Context, string) error {
	return errors.New("the disk is on fire")
}

func (n *fakeNode) SetLimit(_ context.Context, l api.LimitSet) error {
	return n.call("limit " + l.Device)
}

func (n *fakeNode) SetLogLevel(_ context.Context, level string) error {
	return n.call("log level " + level)
}

func (n *fakeNode) Shutdown(context.Context) error { return n.call("shutdown") }

var someTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
