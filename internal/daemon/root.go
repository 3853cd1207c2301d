package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/folderfs"
)

// settingRoot holds the rootRecord of an index.
const settingRoot = "root"

// rootRecord is what an index remembers of the root it describes.
type rootRecord struct {
	folderfs.RootID
	Path     string // as configured
	Identity string // of folderfs.Disk.Identity; "" in an index made before there was one
}

// meetRoot sees to it that root and index belong together, and returns the
// device number that the root had when the index was last in use, 0 for none.
//
// What a folder's root is says its identity alone. One that was copied, or
// restored from a backup, has the same: its files have other inodes, so they
// are read anew, and what they hold counts as a change made here. It is looked
// at when the folder is opened, not before each scan: the open root keeps its
// file system busy, so that no other can have the same device and inode number
// while folderfs.Reader.CheckRoot compares them.
func (f *folder) meetRoot(ctx context.Context, disk *folderfs.Disk, s *store.Store) (previous uint64, err error) {
	known, err := readRoot(ctx, s)
	if err != nil {
		return 0, err
	}
	if known == nil {
		err = f.firstRoot(ctx, disk, s)
	} else {
		previous, err = known.Device, f.checkRoot(disk, known)
	}
	if err != nil {
		return 0, err
	}
	record := rootRecord{RootID: disk.Root(), Path: f.conf.Path}
	if record.Identity, err = disk.Identity(); err != nil {
		return 0, err
	}
	return previous, writeRoot(ctx, s, record)
}

// firstRoot prepares the root of an index that holds nothing yet: whatever is
// there, nothing can be missing.
func (f *folder) firstRoot(ctx context.Context, disk *folderfs.Disk, s *store.Store) error {
	counts, err := s.Counts(ctx)
	if err != nil {
		return err
	}
	if counts != (index.Counts{}) {
		return f.strangeRoot()
	}
	return disk.Prepare()
}

// checkRoot checks that a root is the one that the index describes.
func (f *folder) checkRoot(disk *folderfs.Disk, known *rootRecord) error {
	identity, err := disk.Identity()
	if err != nil && !errors.Is(err, folderfs.ErrNoIdentity) {
		return err
	}
	switch {
	case known.Identity != "" && known.Identity == identity:
		return completeWorkDir(disk)
	case known.Identity == "" && known.RootID == disk.Root():
		if _, err := disk.Lstat(folderfs.WorkDir); err == nil {
			return disk.Prepare()
		}
	case known.Path != "" && known.Path != f.conf.Path:
		return errOtherPath
	}
	return f.strangeRoot()
}

// completeWorkDir makes parts of the work directory that a backup left out
// because they were empty.
func completeWorkDir(disk *folderfs.Disk) error {
	for _, part := range []string{folderfs.TempDir, folderfs.DisplacedDir, folderfs.RecoverDir} {
		if _, err := disk.Lstat(part); errors.Is(err, fs.ErrNotExist) {
			return disk.Prepare()
		}
	}
	return nil
}

func (f *folder) strangeRoot() error {
	return &rootProblem{fmt.Sprintf("%s is another directory or disk than before, or its %s is gone, so nothing was deleted anywhere; put the right one back, or %s.",
		f.conf.Path, folderfs.IdentityFile, f.startAnew()), nil}
}

func readRoot(ctx context.Context, s *store.Store) (*rootRecord, error) {
	text, err := s.Setting(ctx, settingRoot)
	if err != nil || text == nil {
		return nil, err
	}
	var root rootRecord
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("root recorded in the index: %w: %w", index.ErrCorrupt, err)
	}
	return &root, nil
}

func writeRoot(ctx context.Context, s *store.Store, root rootRecord) error {
	text, err := json.Marshal(root)
	if err != nil {
		return err
	}
	return s.SetSetting(ctx, settingRoot, text)
}
