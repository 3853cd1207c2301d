package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device/durable"
	"github.com/labsync/labsync/internal/folderfs"
)

// rootProblem is why a folder's root is not opened: a sentence for its person.
type rootProblem struct {
	text string
	err  error
}

func (p *rootProblem) Error() string { return p.text }
func (p *rootProblem) Unwrap() error { return p.err }

// open opens root and index and checks that they belong together. An index that
// an edit has marked as outdated, or of another path, which a person has
// configured instead since, or that is not in step with the folder, is begun
// anew: what is in the folder has no past then, so it overwrites nothing.
func (f *folder) open(ctx context.Context) (*opened, error) {
	if err := setOutdatedAside(f.indexPath()); err != nil {
		return nil, err
	}
	o, err := f.openOnce(ctx)
	var out *errOutOfStep
	if !errors.Is(err, errOtherPath) && !errors.As(err, &out) {
		if err == nil && o.orphaned && !o.damaged {
			f.tellRenewed(fmt.Sprintf("The index that %s was used with is not here any more; a new one is made from the files and the other devices, what differs is kept from both, and what was deleted here meanwhile may come back.", f.conf.Path))
		}
		return o, err
	}
	if err := setAside(f.indexPath()); err != nil {
		return nil, err
	}
	if out != nil {
		f.tellRenewed(fmt.Sprintf("The index of %s %s; a new one is made from the files and the other devices, and what differs is kept from both.", f.conf.Path, out.why))
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
	if o.store, o.damaged, err = f.openStore(ctx); err != nil {
		return o, err
	}
	if o.previousRoot, err = f.meetRoot(ctx, o.fs, o.store); err != nil {
		return o, err
	}
	if o.release, err = f.claim(o.fs); err != nil {
		return o, err
	}
	return o, f.checkOrigin(ctx, o)
}

// noRoot says why a root cannot be opened.
func (f *folder) noRoot(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &rootProblem{fmt.Sprintf("%s is missing, so nothing was deleted anywhere; mount or restore it, or %s if it is not wanted any more.", f.conf.Path, f.giveUp()), err}
	case errors.Is(err, folderfs.ErrNotDirectory):
		return &rootProblem{fmt.Sprintf("%s is not a directory; put the directory back, or %s if it is not wanted any more.", f.conf.Path, f.giveUp()), err}
	}
	return err
}

// openStore opens the folder's index. One that is found damaged is set aside
// and begun anew.
func (f *folder) openStore(ctx context.Context) (s *store.Store, damaged bool, err error) {
	path := f.indexPath()
	if err := durable.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, false, fmt.Errorf("index of %s: %w", f.conf.Path, err)
	}
	o := store.Options{Joins: joins(), Log: f.log}
	s, err = store.Open(ctx, path, o)
	if !errors.Is(err, index.ErrCorrupt) {
		return s, false, err
	}
	if err := f.setDamagedAside(err); err != nil {
		return nil, true, err
	}
	s, err = store.Open(ctx, path, o)
	return s, true, err
}
