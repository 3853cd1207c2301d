package folderfs

import (
	"fmt"
	"io"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Options of Open. The zero value opens an existing folder and changes nothing.
type Options struct {
	// Prepare makes the work directory and its parts where they are missing.
	// Leave it false for a folder that is known: a work directory that is gone
	// is a sign that the root is not what it was.
	Prepare bool
	// Without makes the folder behave as if its file system lacked what is true
	// here, so that each lack can be tried on any disk. A MtimeGranularity or
	// ClockStep above zero coarsens times, a MaxName above zero shortens names;
	// CaseSensitive and UnicodeExact only change what is reported.
	Without Capabilities
}

// Disk is a folder on the file systems of the operating system. Its methods may
// be called from several goroutines; it starts none.
type Disk struct {
	path    string
	without Capabilities
	id      RootID
	caps    atomic.Pointer[Capabilities]
	root    rootHandle
}

var _ Writer = (*Disk)(nil)

// Open opens the directory at path as a folder's root; a path that is no
// directory is ErrNotDirectory. Capabilities are tried out where the work
// directory exists (or Options.Prepare makes it), else assumed.
func Open(path string, opts Options) (*Disk, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open folder %q: %w", path, err)
	}
	root, id, err := openRoot(absolute)
	if err != nil {
		return nil, NewError("open folder", absolute, "", err)
	}
	d := &Disk{path: absolute, without: opts.Without, id: id, root: root}
	d.setCapabilities(d.assumed())
	if opts.Prepare {
		err = d.Prepare()
	} else if info, lstatErr := d.Lstat(WorkDir); lstatErr == nil && info.Kind == Directory {
		d.probe()
	}
	if err != nil {
		return nil, closing(err, d)
	}
	return d, nil
}

// Prepare makes the work directory (mode 0700), its parts and the root's
// identity where they are missing, makes them durable and tries the
// capabilities out.
func (d *Disk) Prepare() error {
	made := false
	for _, name := range []string{WorkDir, TempDir, DisplacedDir, RecoverDir} {
		info, err := d.Lstat(name)
		switch {
		case err == nil && info.Kind != Directory:
			return NewError("prepare", name, "", ErrNotDirectory)
		case err == nil:
			continue
		case !isNotExist(err):
			return err
		}
		if err := d.makeDir(name, 0o700); err != nil {
			return NewError("prepare", name, "", err)
		}
		made = true
	}
	if made {
		for _, name := range []string{WorkDir, ""} {
			if err := d.SyncDir(name); err != nil {
				return err
			}
		}
	}
	if err := d.identify(); err != nil {
		return err
	}
	d.probe()
	return nil
}

// Path returns the absolute path that was opened.
func (d *Disk) Path() string { return d.path }

// Reader returns the folder's view for those who must not change it. The value
// has no methods besides Reader's, so it cannot be turned into a Writer.
func (d *Disk) Reader() Reader { return readOnly{d} }

type readOnly struct{ Reader }

// Capabilities implements Reader.
func (d *Disk) Capabilities() Capabilities { return *d.caps.Load() }

// Root implements Reader.
func (d *Disk) Root() RootID { return d.id }

// Close releases the root. Operations that run end first; later ones fail
// with fs.ErrClosed. Open files stay open.
func (d *Disk) Close() error { return d.root.close() }

func (d *Disk) setCapabilities(c Capabilities) {
	c = c.minus(d.without)
	d.caps.Store(&c)
}

// minus is what remains of c without what is set in lack.
func (c Capabilities) minus(lack Capabilities) Capabilities {
	c.Exchange = c.Exchange && !lack.Exchange
	c.NoReplace = c.NoReplace && !lack.NoReplace
	c.StableInodes = c.StableInodes && !lack.StableInodes
	c.Ctime = c.Ctime && !lack.Ctime
	c.CaseSensitive = c.CaseSensitive && !lack.CaseSensitive
	c.UnicodeExact = c.UnicodeExact && !lack.UnicodeExact
	c.Symlinks = c.Symlinks && !lack.Symlinks
	c.Modes = c.Modes && !lack.Modes
	c.Reflink = c.Reflink && !lack.Reflink
	c.HardLinks = c.HardLinks && !lack.HardLinks
	c.Watchable = c.Watchable && !lack.Watchable
	c.MtimeGranularity = max(c.MtimeGranularity, lack.MtimeGranularity)
	c.ClockStep = max(c.ClockStep, lack.ClockStep, c.MtimeGranularity)
	if lack.MaxName > 0 {
		c.MaxName = min(c.MaxName, lack.MaxName)
	}
	return c
}

// hide takes out of the facts what means nothing here, and what Options.Without
// says is not there.
func (d *Disk) hide(info Info) Info {
	lack, can := &d.without, d.caps.Load()
	if !can.StableInodes {
		info.Inode = 0
	}
	if !can.Ctime {
		info.Ctime = 0
	}
	if lack.Modes {
		info.Mode = modeWithoutModes(info.Kind)
	}
	if lack.HardLinks {
		info.Links = 1
	}
	if lack.MtimeGranularity > 0 {
		info.Mtime = coarse(info.Mtime, lack.MtimeGranularity)
	}
	return info
}

// modeWithoutModes is what is reported where permission bits are not kept.
func modeWithoutModes(kind Kind) uint32 {
	switch kind {
	case Directory:
		return 0o755
	case Symlink:
		return 0o777
	default:
		return 0o644
	}
}

// coarse cuts a time down to a step, also before 1970.
func coarse(t int64, step time.Duration) int64 {
	rest := t % int64(step)
	if rest < 0 {
		rest += int64(step)
	}
	return t - rest
}

// lengthAllowed refuses a last component that Options.Without makes too long.
func (d *Disk) lengthAllowed(name string) error {
	if limit := d.without.MaxName; limit > 0 {
		if _, base := split(name); len(base) > limit {
			return ErrTooLong
		}
	}
	return nil
}

// closing closes c on the way out of a failure and returns the failure.
func closing(err error, c io.Closer) error {
	_ = c.Close() // the failure before it is the one to tell
	return err
}

// copyRange copies by reading and writing: what is left where the system has no
// better way. A source that ends early is io.ErrUnexpectedEOF.
func copyRange(dst io.WriterAt, src io.ReaderAt, from, at, n int64) (int64, error) {
	buffer := make([]byte, min(n, 256<<10))
	var done int64
	for done < n {
		part := buffer[:min(int64(len(buffer)), n-done)]
		got, err := src.ReadAt(part, from+done)
		wrote, writeErr := dst.WriteAt(part[:got], at+done)
		done += int64(wrote)
		switch {
		case writeErr != nil:
			return done, writeErr
		case got == len(part):
		case err == io.EOF:
			return done, io.ErrUnexpectedEOF
		case err != nil:
			return done, err
		}
	}
	return done, nil
}
