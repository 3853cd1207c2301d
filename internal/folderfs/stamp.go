package folderfs

import (
	"errors"
	"io"
	"strings"
)

// StampFile holds one line that says with which state of its index a folder was
// last used; see Disk.Stamp.
const StampFile = WorkDir + "/stamp"

const (
	stampNew  = StampFile + ".new"
	stampSize = 256 // bytes at most
)

// Stamp returns the line that SetStamp wrote last, "" if there is none, and the
// inode of the file that it stands in, 0 where inodes mean nothing: another
// inode tells a copy.
func (d *Disk) Stamp() (text string, inode uint64, err error) {
	f, err := d.Open(StampFile)
	switch {
	case isNotExist(err), errors.Is(err, ErrNotDirectory), errors.Is(err, ErrKind):
		return "", 0, nil
	case err != nil:
		return "", 0, err
	}
	info, err := f.Stat()
	line, readErr := io.ReadAll(io.LimitReader(f, stampSize))
	if err = errors.Join(err, readErr, f.Close()); err != nil {
		return "", 0, err
	}
	if d.Capabilities().StableInodes {
		inode = info.Inode
	}
	return strings.TrimSuffix(string(line), "\n"), inode, nil
}

// SetStamp replaces the line durably. If it is interrupted there is the old one,
// none, or the new one.
func (d *Disk) SetStamp(text string) error {
	if err := d.Remove(stampNew); err != nil && !isNotExist(err) {
		return err
	}
	f, err := d.Create(stampNew)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(text+"\n"), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.Remove(StampFile); err != nil && !isNotExist(err) {
		return err
	}
	if err := d.RenameNoReplace(stampNew, StampFile); err != nil {
		return err
	}
	return d.SyncDir(WorkDir)
}
