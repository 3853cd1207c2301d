package mount

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Mount mounts a file system of this type from a block device on a directory.
func (t Type) Mount(device, dir string) error {
	if t.helper != "" {
		if out, err := exec.Command(t.helper, device, dir).CombinedOutput(); err != nil {
			return fmt.Errorf("mount %s: %w: %s", t.Name, err, out)
		}
		return nil
	}
	if err := unix.Mount(device, dir, t.Name, unix.MS_NOATIME, t.data); err != nil {
		return fmt.Errorf("mount %s: %w", t.Name, err)
	}
	return nil
}

// busyFor is how long something may still be closing a file when its file
// system is taken away.
const busyFor = 10 * time.Second

// Unmount takes a file system away from a directory and returns when it is
// gone, with everything written.
func Unmount(dir string) error {
	for deadline := time.Now().Add(busyFor); ; {
		err := unix.Unmount(dir, 0)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			_ = unix.Unmount(dir, unix.MNT_DETACH) // at least out of the way
			return fmt.Errorf("unmount %s: %w", dir, err)
		}
		<-time.After(time.Millisecond) // there is no event for it
	}
}

// Volume is a file system in memory that is mounted.
type Volume struct {
	Dir  string // where
	typ  Type
	disk *os.File
}

// New makes a file system in memory and mounts it for the time of the test. It
// skips the test if that cannot be done here.
func New(tb testing.TB, t Type) *Volume {
	tb.Helper()
	Need(tb, t)
	v := &Volume{Dir: tb.TempDir(), typ: t}
	var err error
	if v.disk, err = Memory(t.Size); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = v.disk.Close() }) // holds nothing that lasts
	if err := v.mount(true); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := Unmount(v.Dir); err != nil {
			tb.Error(err)
		}
	})
	return v
}

// Remount takes the file system away and brings it back.
func (v *Volume) Remount() error {
	if err := Unmount(v.Dir); err != nil {
		return err
	}
	return v.mount(false)
}

func (v *Volume) mount(fresh bool) error {
	loop, err := Attach(v.disk)
	if err != nil {
		return err
	}
	defer loop.Close() // the mount keeps it
	if fresh {
		if err := v.typ.Format(loop.Path()); err != nil {
			return err
		}
	}
	return v.typ.Mount(loop.Path(), v.Dir)
}

// kernelTypes lists the file systems that the kernel has and that need a device.
func kernelTypes() []string {
	text, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		return nil
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "\t"); ok {
			list = append(list, strings.TrimSpace(name))
		}
	}
	return list
}
