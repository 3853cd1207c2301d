package config

import (
	"errors"
	"fmt"
	"os"
)

// ErrLocked is what TryLock wraps when another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock takes a lock on the file at path, which it makes if need be, and waits
// until it is free. It holds against other processes and other Locks of this
// one, and ends with the process. The file stays.
func Lock(path string) (unlock func(), err error) { return lock(path, true) }

// TryLock is Lock that does not wait: its error wraps ErrLocked if another
// holds it.
func TryLock(path string) (unlock func(), err error) { return lock(path, false) }

func lock(path string, wait bool) (func(), error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := acquire(f, wait); err != nil {
		_ = f.Close() // holds nothing
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil // closing the last handle unlocks
}
