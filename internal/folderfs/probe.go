package folderfs

import (
	"crypto/rand"
	"errors"
	"strings"
	"time"
)

// Probe tries out in the new directory dir, below the work directory, what a
// file system can do and removes dir again. What cannot be tried through a
// Writer (NoReplace, Reflink, HardLinks, Watchable, ClockStep) it takes
// from w.Capabilities(). On an error the capabilities are those of w.
func Probe(w Writer, dir string) (Capabilities, error) {
	p := &probe{w: w, dir: dir}
	found := w.Capabilities()
	err := w.Mkdir(dir, 0o700)
	if err != nil {
		return found, err
	}
	tried := found
	for _, try := range []func(*Capabilities) error{
		p.exchange, p.inodes, p.modes, p.times, p.casing, p.unicode, p.symlinks, p.longNames,
	} {
		err = errors.Join(err, try(&tried))
	}
	err = errors.Join(err, clearDir(w, dir))
	if err != nil {
		return found, err
	}
	return tried, nil
}

// clearDir removes a directory of ours and the files in it.
func clearDir(w Writer, dir string) error {
	list, err := w.ReadDir(dir)
	for _, info := range list {
		err = errors.Join(err, w.Remove(dir+"/"+info.Name))
	}
	return errors.Join(err, w.Rmdir(dir))
}

type probe struct {
	w   Writer
	dir string
}

func (p *probe) path(name string) string { return p.dir + "/" + name }

func (p *probe) create(name string) error {
	f, err := p.w.Create(p.path(name))
	if err != nil {
		return err
	}
	return f.Close()
}

func (p *probe) exchange(c *Capabilities) error {
	if err := errors.Join(p.create("a"), p.create("b")); err != nil {
		return err
	}
	err := p.w.Exchange(p.path("a"), p.path("b"))
	c.Exchange = err == nil
	return unlessUnsupported(err)
}

func (p *probe) inodes(c *Capabilities) error {
	before, err := p.w.Lstat(p.path("a"))
	if err != nil {
		return err
	}
	if err := p.w.RenameNoReplace(p.path("a"), p.path("moved")); err != nil {
		return err
	}
	after, err := p.w.Lstat(p.path("moved"))
	c.StableInodes = c.StableInodes && before.Inode != 0 && before.Inode == after.Inode
	return err
}

func (p *probe) modes(c *Capabilities) error {
	c.Modes = true
	for _, mode := range []uint32{0o751, 0o600} {
		err := p.w.Chmod(p.path("b"), mode)
		if errors.Is(err, ErrUnsupported) {
			c.Modes = false
			return nil
		}
		info, statErr := p.w.Lstat(p.path("b"))
		if err = errors.Join(err, statErr); err != nil {
			return err
		}
		c.Modes = c.Modes && info.Mode == mode
	}
	return nil
}

// granules are the steps of modification times met in practice: ext4, NTFS and
// SMB, system calls with timeval, Java-ish servers, exFAT, HFS+ and ext3, FAT.
var granules = [...]time.Duration{
	time.Nanosecond, 100 * time.Nanosecond, time.Microsecond, time.Millisecond,
	10 * time.Millisecond, time.Second, 2 * time.Second,
}

func (p *probe) times(c *Capabilities) error {
	const odd = 1_000_000_001_123_456_789 // an odd second, no granule's multiple
	if err := p.w.Chtimes(p.path("b"), odd); err != nil {
		return unlessUnsupported(err)
	}
	info, err := p.w.Lstat(p.path("b"))
	if err != nil {
		return err
	}
	for _, step := range granules {
		c.MtimeGranularity = step
		down := coarse(odd, step)
		if info.Mtime == down || info.Mtime == down+int64(step) {
			break
		}
	}
	c.ClockStep = max(c.ClockStep, c.MtimeGranularity)
	// Some file systems have one time only and show it as both.
	c.Ctime = c.Ctime && info.Ctime != info.Mtime
	return nil
}

func (p *probe) casing(c *Capabilities) error {
	_, err := p.w.Lstat(p.path("MOVED"))
	c.CaseSensitive = isNotExist(err)
	if c.CaseSensitive {
		return nil
	}
	return err
}

func (p *probe) unicode(c *Capabilities) error {
	const composed = "caf\u00e9"
	err := p.create(composed)
	if err != nil {
		c.UnicodeExact = false
		return nil
	}
	list, err := p.w.ReadDir(p.dir)
	c.UnicodeExact = false
	for _, info := range list {
		c.UnicodeExact = c.UnicodeExact || info.Name == composed
	}
	return err
}

func (p *probe) symlinks(c *Capabilities) error {
	err := p.w.Symlink("nowhere", p.path("link"))
	c.Symlinks = err == nil
	return unlessUnsupported(err)
}

// longNames: 255 bytes nearly everywhere, 143 below eCryptfs.
func (p *probe) longNames(c *Capabilities) error {
	for _, length := range []int{255, 143} {
		err := p.create(strings.Repeat("n", length))
		if err == nil {
			c.MaxName = length
			return nil
		}
		if !errors.Is(err, ErrTooLong) {
			return err
		}
	}
	return nil // what was assumed
}

// unlessUnsupported drops an error that says what the file system cannot do.
// Windows refuses symlinks to users without the right to make them.
func unlessUnsupported(err error) error {
	if errors.Is(err, ErrUnsupported) || isPermission(err) {
		return nil
	}
	return err
}

// probeDir begins the names of the directories Disk probes in.
const probeDir = WorkDir + "/probe-"

// probe sets the capabilities to what was found. A folder that cannot be
// written now (read-only, full) keeps those assumed: reading it must work.
func (d *Disk) probe() {
	d.clearProbes()
	found, err := Probe(d, probeDir+rand.Text())
	if err != nil {
		return
	}
	if err := d.inScratch(func(p *probe) error { return p.system(d, &found) }); err != nil {
		return
	}
	d.setCapabilities(found)
}

// clearProbes removes what probes that were killed left behind; a young one may
// belong to another Disk that is being opened.
func (d *Disk) clearProbes() {
	list, err := d.ReadDir(WorkDir)
	if err != nil {
		return
	}
	limit := time.Now().Add(-time.Hour).UnixNano()
	for _, info := range list {
		name := WorkDir + "/" + info.Name
		if info.Kind == Directory && strings.HasPrefix(name, probeDir) && info.Mtime < limit {
			_ = clearDir(d, name) // tried again at the next start
		}
	}
}

// inScratch runs a trial in a new directory of the work directory.
func (d *Disk) inScratch(trial func(p *probe) error) error {
	dir := probeDir + rand.Text()
	if err := d.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(trial(&probe{w: d, dir: dir}), clearDir(d, dir))
}
