package drive

import (
	"context"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/serve"
)

// PeerUp tells that a device is connected and shares the folder, or that the
// exchange with it begins anew. known is the highest sequence of ours that it
// has; announcements go by link from now on.
func (f *Folder) PeerUp(ctx context.Context, d device.ID, known int64, link Link) error {
	return f.hand(ctx, posted{event: engine.PeerUp{Device: d, Known: known}, link: link})
}

// PeerDown tells that a link has ended. It does nothing if another PeerUp has
// taken its place.
func (f *Folder) PeerDown(ctx context.Context, d device.ID, link Link) error {
	return f.hand(ctx, posted{event: engine.PeerDown{Device: d}, link: link})
}

// Announced takes what a device announces and returns when it is recorded.
func (f *Folder) Announced(ctx context.Context, d device.ID, updates []index.Update) error {
	return f.postAndWait(ctx, engine.Received{Device: d, Updates: updates})
}

// Reset forgets what a device announced, of which another index is known now,
// once all that it announced before has been recorded.
func (f *Folder) Reset(ctx context.Context, d device.ID, index uint64) error {
	done := make(chan error, 1)
	f.store.add(func(ctx context.Context) error {
		done <- f.apart(ctx, func() error { return f.opt.Index.ResetRemote(ctx, d, index) })
		return nil
	})
	select {
	case err := <-done:
		return err
	case <-f.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Serve answers a batch of a device's requests; see serve.Server.
func (f *Folder) Serve(ctx context.Context, want []serve.Range, reply func(i int, data []byte, err error) error) error {
	return f.serve.Serve(ctx, want, reply)
}

// mismatch lets a file be scanned that is not what the index says. Requests do
// not wait for it.
func (f *Folder) mismatch(name string) {
	select {
	case <-f.stopped:
		return // nobody would take it off the lane
	default:
	}
	f.store.add(func(ctx context.Context) error {
		return f.post(ctx, engine.Changed{Scopes: []engine.Scope{{Name: name}}})
	})
}

// Rescan compares names, and all that is below them, with the index. None
// stands for the whole folder.
func (f *Folder) Rescan(ctx context.Context, names ...string) error {
	ev := engine.Changed{}
	for _, name := range names {
		ev.Scopes = append(ev.Scopes, engine.Scope{Name: name, Recursive: true})
	}
	if len(names) == 0 {
		ev.Scopes = []engine.Scope{{Recursive: true}}
	}
	return f.post(ctx, ev)
}

// Override sets what is here over what other devices have.
func (f *Folder) Override(ctx context.Context) error { return f.post(ctx, engine.Override{}) }

// Revert takes back what was changed here in a receive-only folder.
func (f *Folder) Revert(ctx context.Context) error { return f.post(ctx, engine.Revert{}) }
