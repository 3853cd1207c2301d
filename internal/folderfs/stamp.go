package folderfs

import (
	"errors"
	"fmt"
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

// Stamp returns the line that SetStamp wrote last, "" if there is none, and
// which file it stands in, "" where the file system cannot tell: another file
// tells a copy. That is its inode and, since a copy may be given the inode of
// the file that it replaces, when that was made.
func (d *Disk) Stamp() (text, file string, err error) {
	f, err := d.Open(StampFile)
	switch {
	case isNotExist(err), errors.Is(err, ErrNotDirectory), errors.Is(err, ErrKind):
		return "", "", nil
	case err != nil:
		return "", "", err
	}
	info, err := f.Stat()
	var made int64
	if d.Capabilities().Watchable { // a server may tell something else
		made = born(f)
	}
	line, readErr := io.ReadAll(io.LimitReader(f, stampSize))
	if err = errors.Join(err, readErr, f.Close()); err != nil {
		return "", "", err
	}
	if d.Capabilities().StableInodes {
		file = fmt.Sprintf("%d %d", info.Inode, made)
	}
	return strings.TrimSuffix(string(line), "\n"), file, nil
}

// SameStamp reports whether two stamps may stand in the same file, as Stamp tells
// it. What a file system did not tell one time says nothing.
func SameStamp(a, b string) bool {
	inode, born, _ := strings.Cut(a, " ")
	inode2, born2, _ := strings.Cut(b, " ")
	return a == "" || b == "" || inode == inode2 && (born == born2 || born == "0" || born2 == "0")
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
