package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device/durable"
	"github.com/labsync/labsync/internal/event"
)

// An index must not outlive its folder: should the folder be added again, what
// a person deleted meanwhile would be taken for deletions made in it, and
// deleted everywhere. Edits mark it (edit.OutdatedMark); the daemon sets it
// aside, when it next opens the folder or finds the folder gone. Nothing is
// lost with it that the files and the other devices do not have.

// indexPath is where the folder's index lies.
func (f *folder) indexPath() string { return edit.Home(f.home).IndexPath(f.conf.ID) }

const (
	indexExt = ".db"
	// removedSuffix ends the name of an index that was set aside. The last one
	// of each folder is kept.
	removedSuffix = ".removed"
)

// setAside renames an index that is not open, durably, and then removes its
// mark. If it is interrupted or fails, doing it again completes it. The log goes
// first: one left behind would be taken for the new database's.
func setAside(path string) error {
	parts := []string{"-wal", "-shm", ""}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		parts = nil // keep what was set aside before
	}
	for _, suffix := range parts {
		old := path + removedSuffix + suffix
		if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set index aside: %w", err)
		}
		if err := durable.Rename(path+suffix, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("set index aside: %w", err)
		}
	}
	if err := os.Remove(edit.OutdatedMark(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set index aside: %w", err)
	}
	return nil
}

// isOutdated reports whether an index is marked; it is if that cannot be told.
func isOutdated(path string) bool {
	_, err := os.Lstat(edit.OutdatedMark(path))
	return !errors.Is(err, fs.ErrNotExist)
}

func setOutdatedAside(path string) error {
	if !isOutdated(path) {
		return nil
	}
	return setAside(path)
}

// setStraysAside sets the indexes aside whose folders are configured no more.
// None of them may be open.
func setStraysAside(home edit.Home, conf *config.Config) error {
	configured := map[string]bool{}
	for _, f := range conf.Folders {
		configured[home.IndexPath(f.ID)] = true
	}
	dir := filepath.Dir(home.IndexPath(""))
	list, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var errs []error
	for _, entry := range list {
		path := filepath.Join(dir, entry.Name())
		if strings.HasSuffix(path, indexExt) && !configured[path] {
			errs = append(errs, setAside(path))
		}
	}
	return errors.Join(errs...)
}

// setDamagedAside sets the index of a folder that does not run aside, and tells
// people. A new one is made from disk and peers: what is scanned then has no
// past, so nothing is overwritten.
func (f *folder) setDamagedAside(damage error) error {
	aside, err := store.SetAside(f.indexPath(), time.Now())
	if err != nil {
		return errors.Join(damage, err)
	}
	f.log.Error("index is damaged", "folder", f.conf.ID, "aside", aside, "err", damage)
	f.tell(event.Event{
		Type: event.Problem, Folder: f.conf.ID, Fields: map[string]string{"code": "index-damaged"},
		Text: fmt.Sprintf("The index of %s was damaged and is kept as %s; a new one is made from the files and the other devices, and nothing is lost.", f.conf.Path, aside),
	})
	return nil
}
