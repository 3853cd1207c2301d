package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device/durable"
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

// Settings that tell whether an index belongs to where it is used.
const (
	settingRoot       = "root"       // identity of the root it describes
	settingMachine    = "machine"    // the machine it was made on
	settingGeneration = "generation" // how often it was opened
)

// open opens root and index and checks that they belong together.
func (f *folder) open(ctx context.Context) (o *opened, err error) {
	o = &opened{log: f.log}
	defer func() {
		if err != nil {
			o.close()
			o = nil
		}
	}()
	if o.store, err = f.openStore(ctx); err != nil {
		return o, err
	}
	known, err := readRoot(ctx, o.store)
	if err != nil {
		return o, err
	}
	o.fs, err = folderfs.Open(f.conf.Path, folderfs.Options{Prepare: known == nil})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return o, &rootProblem{fmt.Sprintf("%s is missing, so nothing was deleted anywhere; mount or restore it, or run labsync folder remove if it is not wanted any more.", f.conf.Path), err}
	case errors.Is(err, folderfs.ErrNotDirectory):
		return o, &rootProblem{fmt.Sprintf("%s is not a directory; put a directory there or remove the folder with labsync folder remove.", f.conf.Path), err}
	case err != nil:
		return o, err
	}
	if known != nil {
		if known.Inode != o.fs.Root().Inode {
			return o, &rootProblem{fmt.Sprintf("%s is another directory than before, so nothing was changed; put the old one back, or run labsync folder remove and labsync folder add to start from this one.", f.conf.Path), nil}
		}
		o.previousRoot = known.Device
		if err := f.restoreWorkDir(o.fs); err != nil {
			return o, err
		}
	}
	if err := writeRoot(ctx, o.store, o.fs.Root()); err != nil {
		return o, err
	}
	return o, f.checkOrigin(ctx, o.store)
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

func readRoot(ctx context.Context, s *store.Store) (*folderfs.RootID, error) {
	text, err := s.Setting(ctx, settingRoot)
	if err != nil || text == nil {
		return nil, err
	}
	var id folderfs.RootID
	if err := json.Unmarshal(text, &id); err != nil {
		return nil, fmt.Errorf("root recorded in the index: %w", err)
	}
	return &id, nil
}

func writeRoot(ctx context.Context, s *store.Store, id folderfs.RootID) error {
	text, err := json.Marshal(id)
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

// checkOrigin gives the index a new identity if it is a copy: on another
// machine, or older than one that was in use here before.
func (f *folder) checkOrigin(ctx context.Context, s *store.Store) error {
	why, err := f.copied(ctx, s)
	if err != nil {
		return err
	}
	if why != "" {
		if _, err := s.Renew(ctx); err != nil {
			return err
		}
		f.tell(event.Event{
			Type: event.Problem, Folder: f.conf.ID, Fields: map[string]string{"code": "index-renewed"},
			Text: fmt.Sprintf("The index of %s %s; it goes on under a new identity, and nothing is lost.", f.conf.Path, why),
		})
	}
	return f.stampOrigin(ctx, s)
}

func (f *folder) copied(ctx context.Context, s *store.Store) (why string, err error) {
	machine, err := s.Setting(ctx, settingMachine)
	if err != nil {
		return "", err
	}
	if machine != nil && string(machine) != machineID() {
		return "was made on another machine", nil
	}
	generation, err := s.Setting(ctx, settingGeneration)
	if err != nil {
		return "", err
	}
	beside, err := os.ReadFile(f.generationPath())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if number(beside) > number(generation) {
		return "is an older copy", nil
	}
	return "", nil
}

// stampOrigin counts this opening, in the index first: an index that is ahead
// of the count beside it was merely interrupted here.
func (f *folder) stampOrigin(ctx context.Context, s *store.Store) error {
	generation, err := s.Setting(ctx, settingGeneration)
	if err != nil {
		return err
	}
	beside, _ := os.ReadFile(f.generationPath())
	next := strconv.FormatInt(max(number(generation), number(beside))+1, 10)
	if err := s.SetSetting(ctx, settingMachine, []byte(machineID())); err != nil {
		return err
	}
	if err := s.SetSetting(ctx, settingGeneration, []byte(next)); err != nil {
		return err
	}
	return durable.WriteFile(f.generationPath(), []byte(next), 0o600)
}

func (f *folder) generationPath() string { return indexPath(f.home, f.conf.ID) + ".generation" }

func number(text []byte) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
