//go:build linux || darwin

package folderfs

import (
	"io/fs"
	"sync"

	"golang.org/x/sys/unix"
)

// rootHandle is the descriptor of the root, closed when Close was called and
// the last operation that uses it has ended: a descriptor number that was
// given to another file meanwhile would lead out of the folder.
type rootHandle struct{ *countedFd }

type countedFd struct {
	walks bool // names are opened component by component

	mu     sync.Mutex
	fd     int
	users  int
	closed bool
}

func newRootHandle(fd int) rootHandle { return rootHandle{&countedFd{fd: fd, walks: mustWalk(fd)}} }

func (h *countedFd) acquire() (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return -1, fs.ErrClosed
	}
	h.users++
	return h.fd, nil
}

func (h *countedFd) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users--
	if h.closed && h.users == 0 {
		_ = unix.Close(h.fd) // nothing was written through it
	}
}

func (h *countedFd) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fs.ErrClosed
	}
	h.closed = true
	if h.users == 0 {
		return unix.Close(h.fd)
	}
	return nil
}

// directory is an open directory for the time of one operation: the root
// itself, or a descriptor of its own.
type directory struct {
	fd   int
	root *countedFd // set if fd is the root's
}

func (d directory) close() {
	if d.root != nil {
		d.root.release()
		return
	}
	_ = unix.Close(d.fd) // nothing was written through it
}

// retry repeats a system call while a signal interrupts it.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
