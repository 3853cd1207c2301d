package drive

import (
	"context"
	"sync"
)

// acks lets whoever delivers something wait until it is recorded. At most one
// waits for a key at a time.
type acks struct {
	mu   sync.Mutex            // guards wait
	wait map[any]chan struct{} // by scan (engine.ID) or by device (device.ID)
}

// expect returns what is closed when done is called for the key.
func (a *acks) expect(key any) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.wait == nil {
		a.wait = map[any]chan struct{}{}
	}
	ch := make(chan struct{})
	a.wait[key] = ch
	return ch
}

func (a *acks) done(key any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if ch, ok := a.wait[key]; ok {
		close(ch)
		delete(a.wait, key)
	}
}

// await waits for what expect returned.
func (f *Folder) await(ctx context.Context, ch <-chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.stopped:
		return ErrStopped
	}
}
