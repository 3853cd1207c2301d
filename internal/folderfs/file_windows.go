package folderfs

import (
	"os"

	"golang.org/x/sys/windows"
)

// file is an open regular file.
type file struct {
	disk *Disk
	name string
	os   *os.File
}

var _ NewFile = (*file)(nil)

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
	return n, f.wrap("write", err)
}

func (f *file) Close() error { return f.wrap("close", f.os.Close()) }

func (f *file) Truncate(size int64) error { return f.wrap("truncate", f.os.Truncate(size)) }

func (f *file) Sync() error { return f.wrap("sync", f.os.Sync()) }

// Chmod does nothing: there are no permission bits.
func (f *file) Chmod(uint32) error { return nil }

func (f *file) Stat() (Info, error) {
	facts, err := f.os.Stat()
	if err != nil {
		return Info{}, f.wrap("stat", err)
	}
	_, base := split(f.name)
	return f.disk.info(base, facts), nil
}

func (f *file) Chtimes(mtime int64) error {
	mtime = f.disk.settable(mtime)
	raw, err := f.os.SyscallConn()
	if err != nil {
		return f.wrap("set time of", err)
	}
	var inner error
	if err := raw.Control(func(h uintptr) { inner = setTime(windows.Handle(h), mtime) }); err != nil {
		return f.wrap("set time of", err)
	}
	return f.wrap("set time of", inner)
}

func (f *file) CopyFrom(src OpenFile, from, at, n int64) (int64, error) {
	done, err := copyRange(f.os, src, from, at, n)
	return done, f.wrap("copy to", err)
}

func (f *file) wrap(op string, err error) error { return wrapFile(op, f.name, err) }
