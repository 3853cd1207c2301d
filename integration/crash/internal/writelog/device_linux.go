package writelog

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/labsync/labsync/internal/testkit/mount"
)

// Program is what has to be installed for Attach.
const Program = "nbdfuse"

// Attached is a Device that is a disk of this machine.
type Attached struct {
	*mount.Loop
	listener net.Listener
	served   chan error // what Serve returned
	fuse     *exec.Cmd
	dir      string // where fuse is mounted
}

// startsWithin is how long nbdfuse may take.
const startsWithin = 20 * time.Second

// Attach makes a disk of the device. dir is an empty directory for sockets and
// mounts, whose path must be short. What writes to the disk has to be another
// process: the kernel may stop this one, which serves it, until a write is done.
func (d *Device) Attach(dir string) (*Attached, error) {
	a := &Attached{served: make(chan error, 1), dir: filepath.Join(dir, "m")}
	if err := os.Mkdir(a.dir, 0o700); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "s")
	var err error
	if a.listener, err = net.Listen("unix", socket); err != nil {
		return nil, err
	}
	go func() { a.served <- d.Serve(a.listener) }()
	if err := a.start(socket, d.size); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Attached) start(socket string, size int64) error {
	path := filepath.Join(a.dir, "disk")
	a.fuse = exec.Command(Program, path, "--unix", socket)
	a.fuse.Stderr = os.Stderr
	if err := a.fuse.Start(); err != nil {
		a.fuse = nil
		return err
	}
	for deadline := time.Now().Add(startsWithin); ; {
		if info, err := os.Stat(path); err == nil && info.Size() == size {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not come up within %v", Program, startsWithin)
		}
		<-time.After(time.Millisecond) // there is no event for it
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close() // the loop device keeps it
	a.Loop, err = mount.Attach(file)
	return err
}

// Close takes the disk away. Whatever is mounted from it must be gone.
func (a *Attached) Close() error {
	var errs []error
	if a.Loop != nil {
		errs = append(errs, a.Loop.Close(), mount.Unmount(a.dir), a.fuse.Wait())
	} else if a.fuse != nil {
		_ = a.fuse.Process.Kill() // it did not come up
		_ = a.fuse.Wait()
	}
	return errors.Join(append(errs, a.listener.Close(), <-a.served)...)
}
