package edit

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/labsync/labsync/internal/config"
)

// IndexPath returns where the index of a folder lies.
func (h Home) IndexPath(id string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id)
	return filepath.Join(string(h), "index", fmt.Sprintf("%.40s-%.8x.db", clean, sha256.Sum256([]byte(id))))
}

// OutdatedMark returns the name of the mark beside an index. While it is there
// the index must not be used: its folder was removed or added since, and it
// would take what is gone from the disk for deletions. An edit, which may run
// beside a daemon that has the index open, leaves the mark only; the daemon
// sets the index aside and then removes the mark.
func OutdatedMark(index string) string { return index + ".outdated" }

// markOutdated marks the indexes of the folders that are in one of two
// configurations alone, and returns the marks it made. It is called before the
// change is written: a mark without a change costs a scan, a change without
// its mark may cost files.
func (h Home) markOutdated(before, after []config.Folder) (made []string, err error) {
	for _, change := range [][2][]config.Folder{{before, after}, {after, before}} {
		for _, f := range change[0] {
			if slices.ContainsFunc(change[1], func(g config.Folder) bool { return g.ID == f.ID }) {
				continue
			}
			mark := OutdatedMark(h.IndexPath(f.ID))
			switch err := writeMark(mark); {
			case err == nil:
				made = append(made, mark)
			case !errors.Is(err, fs.ErrExist):
				removeAll(made)
				return nil, fmt.Errorf("mark the index of folder %q as outdated: %w", f.ID, err)
			}
		}
	}
	return made, nil
}

// writeMark makes an empty file durably.
func writeMark(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the names in a directory durable. NTFS journals them in order,
// and Windows flushes no directory without the rights of an administrator.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeAll takes back marks of a change that was refused. One that stays does
// no harm.
func removeAll(marks []string) {
	for _, m := range marks {
		_ = os.Remove(m)
	}
}
