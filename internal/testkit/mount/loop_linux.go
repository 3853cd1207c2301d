package mount

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Loop is a block device over a file. It ends when it is neither open nor
// mounted any more.
type Loop struct{ dev *os.File }

// Attach makes a block device over a file, which the caller may close.
func Attach(file *os.File) (*Loop, error) {
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for {
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("find a free loop device: %w", err)
		}
		dev, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", number), os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		conf := unix.LoopConfig{Fd: uint32(file.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}}
		err = unix.IoctlLoopConfigure(int(dev.Fd()), &conf)
		if err == nil {
			return &Loop{dev}, nil
		}
		_ = dev.Close()                  // nothing was written
		if !errors.Is(err, unix.EBUSY) { // else somebody else was quicker
			return nil, fmt.Errorf("set up %s: %w", dev.Name(), err)
		}
	}
}

// Path is the name of the device.
func (l *Loop) Path() string { return l.dev.Name() }

// Close gives the device up.
func (l *Loop) Close() error { return l.dev.Close() }

// Memory returns a file in memory of a size in bytes, all zeros. Its name is its
// own: mkfs.btrfs takes two loop devices over files of one name for the same
// device, and refuses the second while the first is mounted.
func Memory(size int64) (*os.File, error) {
	fd, err := unix.MemfdCreate("disk-"+rand.Text(), unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory: %w", err)
	}
	file := os.NewFile(uintptr(fd), "disk in memory")
	if err := file.Truncate(size); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
