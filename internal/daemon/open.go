package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/internal/folderfs"
)

// rootProblem is why a folder's root is not opened: a sentence for its person.
type rootProblem struct {
	text string
	err  error
}

func (p *rootProblem) Error() string { return p.text }
func (p *rootProblem) Unwrap() error { return p.err }

// settingRoot holds the rootRecord of an index.
const settingRoot = "root"

// open opens root and index and checks that they belong together. An index of
// another path, which a person has configured instead since, is begun anew.
func (f *folder) open(ctx context.Context) (*opened, error) {
	o, err := f.openOnce(ctx)
	if !errors.Is(err, errOtherPath) {
		return o, err
	}
	if err := removeIndex(indexPath(f.home, f.conf.ID)); err != nil {
		return nil, err
	}
	return f.openOnce(ctx)
}

// errOtherPath tells that an index is of another path than is configured.
var errOtherPath = errors.New("index is of another path")

func (f *folder) openOnce(ctx context.Context) (o *opened, err error) {
	o = &opened{log: f.log}
	defer func() {
		if err != nil {
			o.close()
			o = nil
		}
	}()
	// The root comes first: while it is missing the index is left in peace.
	if o.fs, err = folderfs.Open(f.conf.Path, folderfs.Options{}); err != nil {
		return o, f.noRoot(err)
	}
	if o.store, err = f.openStore(ctx); err != nil {
		return o, err
	}
	known, err := readRoot(ctx, o.store)
	if err != nil {
		return o, err
	}
	if known == nil {
		err = o.fs.Prepare()
	} else {
		o.previousRoot = known.Device
		err = f.checkRoot(o.fs, known)
	}
	if err != nil {
		return o, err
	}
	if err := writeRoot(ctx, o.store, rootRecord{RootID: o.fs.Root(), Path: f.conf.Path}); err != nil {
		return o, err
	}
	return o, f.checkOrigin(ctx, o.store)
}

// noRoot says why a root cannot be opened.
func (f *folder) noRoot(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &rootProblem{fmt.Sprintf("%s is missing, so nothing was deleted anywhere; mount or restore it, or run labsync folder remove if it is not wanted any more.", f.conf.Path), err}
	case errors.Is(err, folderfs.ErrNotDirectory):
		return &rootProblem{fmt.Sprintf("%s is not a directory; put a directory there or remove the folder with labsync folder remove.", f.conf.Path), err}
	}
	return err
}

// checkRoot checks that a root is the one that the index describes.
func (f *folder) checkRoot(disk *folderfs.Disk, known *rootRecord) error {
	if !disk.Capabilities().StableInodes || known.Inode == disk.Root().Inode {
		return f.restoreWorkDir(disk)
	}
	if known.Path != "" && known.Path != f.conf.Path {
		return errOtherPath
	}
	return &rootProblem{fmt.Sprintf("%s is another directory than before, so nothing was changed; put the old one back, or run labsync folder remove and labsync folder add to start from this one.", f.conf.Path), nil}
}

// restoreWorkDir makes the work directory again if somebody removed it, but
// not in an empty root: that is one that was emptied or not mounted.
func (f *folder) restoreWorkDir(disk *folderfs.Disk) error {
	if _, err := disk.Lstat(folderfs.WorkDir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names, err := disk.ReadDir("")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return &rootProblem{fmt.Sprintf("%s is empty and its %s is gone, as if another disk were mounted there, so nothing was deleted anywhere; mount or restore it, or run labsync folder remove and labsync folder add to start from the empty one.", f.conf.Path, folderfs.WorkDir), nil}
	}
	return disk.Prepare()
}

// rootRecord is what an index remembers of the root it describes.
type rootRecord struct {
	folderfs.RootID
	Path string // as configured
}

func readRoot(ctx context.Context, s *store.Store) (*rootRecord, error) {
	text, err := s.Setting(ctx, settingRoot)
	if err != nil || text == nil {
		return nil, err
	}
	var root rootRecord
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("root recorded in the index: %w", err)
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

// indexPath is where a folder's index lies.
func indexPath(home, id string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, id)
	return filepath.Join(home, "index", fmt.Sprintf("%.40s-%s.db", clean, shortHash(id)))
}

// openStore opens the folder's index. A damaged one is set aside and begun
// anew from disk and peers: what is scanned then has no past, so nothing is
// overwritten.
func (f *folder) openStore(ctx context.Context) (*store.Store, error) {
	path := indexPath(f.home, f.conf.ID)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("index of %s: %w", f.conf.Path, err)
	}
	o := store.Options{Joins: joins(), Log: f.log}
	s, err := store.Open(ctx, path, o)
	if !errors.Is(err, index.ErrCorrupt) {
		return s, err
	}
	aside, errAside := store.SetAside(path, time.Now())
	if errAside != nil {
		return nil, errors.Join(err, errAside)
	}
	f.tell(event.Event{
		Type: event.Problem, Folder: f.conf.ID, Fields: map[string]string{"code": "index-damaged"},
		Text: fmt.Sprintf("The index of %s was damaged and is kept as %s; a new one is made from the files and the other devices, and nothing is lost.", f.conf.Path, aside),
	})
	return store.Open(ctx, path, o)
}

// removeIndex deletes the index of a folder that is not kept in sync any more.
// It holds nothing that the files do not: should the folder be added again, an
// old index would take what happened meanwhile for changes made then.
func removeIndex(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", ".generation"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
