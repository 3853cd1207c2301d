//go:build linux || darwin

package folderfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// file is an open regular file. os.File keeps a read apart from a Close beside
// it and repeats interrupted calls.
type file struct {
	disk   *Disk
	name   string
	os     *os.File
	behind behind
}

var _ NewFile = (*file)(nil)

// newFile takes over a descriptor opened by openFd.
func (d *Disk) newFile(fd int, name string) *file {
	// O_NONBLOCK did its work in open; with it os.File would try to poll.
	_ = unix.SetNonblock(fd, false) // a regular file reads the same either way
	_, base := split(name)
	return &file{disk: d, name: name, os: os.NewFile(uintptr(fd), base)}
}

func (f *file) Read(p []byte) (int, error) {
	n, err := f.os.Read(p)
	return n, f.wrap("read", err)
}

func (f *file) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.os.ReadAt(p, at)
	return n, f.wrap("read", err)
}

func (f *file) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.os.WriteAt(p, at)
	f.wrote(int64(n))
	return n, f.wrap("write", err)
}

// wrote hands what was written to the disk, now and then.
func (f *file) wrote(n int64) {
	if hand, drop := f.behind.add(n); hand {
		_ = f.control(func(fd int) error { handOver(fd, drop); return nil })
	}
}

func (f *file) Close() error { return f.wrap("close", f.os.Close()) }

func (f *file) Truncate(size int64) error { return f.wrap("truncate", f.os.Truncate(size)) }

func (f *file) Stat() (Info, error) {
	var info Info
	err := f.control(func(fd int) (err error) {
		_, base := split(f.name)
		info, err = f.disk.statFd(fd, base)
		return err
	})
	return info, f.wrap("stat", err)
}

func (f *file) Chmod(mode uint32) error {
	if !f.disk.Capabilities().Modes {
		return nil
	}
	err := f.control(func(fd int) error {
		return retry(func() error { return unix.Fchmod(fd, mode&0o777) })
	})
	return f.wrap("chmod", err)
}

func (f *file) Chtimes(mtime int64) error {
	mtime = f.disk.settable(mtime)
	return f.wrap("set time of", f.control(func(fd int) error { return setTime(fd, mtime) }))
}

func (f *file) Sync() error { return f.wrap("sync", f.control(syncFd)) }

// control runs a call on the descriptor, which stays open meanwhile.
func (f *file) control(call func(fd int) error) error {
	raw, err := f.os.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = call(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// wrap names operation and file; io.EOF stays bare, as readers expect it.
func (f *file) wrap(op string, err error) error { return wrapFile(op, f.name, err) }
