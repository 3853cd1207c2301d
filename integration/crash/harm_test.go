package crash

import (
	"errors"

	"github.com/labsync/labsync/internal/folderfs"
)

// harm is a fault that is put in, to see that it is found.
type harm string

const (
	noHarm       harm = ""
	noDirFlush   harm = "directories are not flushed"
	noFileFlush  harm = "files are not flushed before they are placed"
	noIndexFlush harm = "what is recorded is not flushed"
	overwriting  harm = "what is replaced is removed"
)

// wrap puts the fault between the puller and the folder.
func (h harm) wrap(w folderfs.Writer) folderfs.Writer {
	switch h {
	case noDirFlush, noFileFlush, overwriting:
		return &harmed{w, h}
	}
	return w
}

type harmed struct {
	folderfs.Writer
	harm harm
}

func (w *harmed) SyncDir(name string) error {
	if w.harm == noDirFlush {
		return nil
	}
	return w.Writer.SyncDir(name)
}

func (w *harmed) SyncFile(name string) error {
	if w.harm == noFileFlush {
		return nil
	}
	return w.Writer.SyncFile(name)
}

func (w *harmed) Create(name string) (folderfs.NewFile, error) {
	f, err := w.Writer.Create(name)
	return w.file(f), err
}

func (w *harmed) OpenTemp(name string) (folderfs.NewFile, error) {
	f, err := w.Writer.OpenTemp(name)
	return w.file(f), err
}

func (w *harmed) file(f folderfs.NewFile) folderfs.NewFile {
	if f == nil || w.harm != noFileFlush {
		return f
	}
	return unflushed{f}
}

// Exchange leaves the old file nowhere but in a file of that length.
func (w *harmed) Exchange(a, b string) error {
	err := w.Writer.Exchange(a, b)
	if err != nil || w.harm != overwriting {
		return err
	}
	for _, name := range []string{a, b} {
		if !folderfs.InWorkDir(name) {
			continue
		}
		f, err := w.OpenTemp(name)
		if errors.Is(err, folderfs.ErrKind) {
			return nil // a link
		}
		if err != nil {
			return err
		}
		if err := errors.Join(f.Truncate(0), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// unflushed is a file whose Sync does nothing.
type unflushed struct{ folderfs.NewFile }

func (unflushed) Sync() error { return nil }
