package crash

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/labsync/labsync/integration/crash/internal/writelog"
	"github.com/labsync/labsync/internal/testkit/mount"
)

// loss is what becomes of the writes to a disk that were not flushed.
type loss string

const (
	someLost loss = "some"
	allLost  loss = "all"
	noneLost loss = "none"
)

// losses are the ways to lose writes on the folder's and the index's disk. That
// one disk keeps everything and the other nothing is what tells whether one of
// them was relied on too early.
var losses = [][2]loss{
	{someLost, someLost}, {someLost, someLost}, {someLost, someLost}, {allLost, noneLost}, {noneLost, allLost}, {noneLost, noneLost}, {allLost, allLost},
}

// image is what a loss of power left on both disks.
type image struct {
	*recording
	cut           int // events of the log
	lost          [2]loss
	folder, index writelog.Pages
	moment        *moment
	alone, meets  bool // whether it starts alone, and whether it then meets its peer
}

func (im *image) String() string {
	return fmt.Sprintf("%s, seed %d, cut at event %d of %d, lost %s of the folder's writes and %s of the index's",
		im.typ.Name, im.seed, im.cut, im.log.Len(), im.lost[0], im.lost[1])
}

// shoot makes an image of the moment that the replay has come to.
func (r *recording) shoot(replay *writelog.Replay, cut int, rng *rand.Rand) *image {
	im := &image{recording: r, cut: cut, lost: losses[rng.IntN(len(losses))], moment: r.ghost.at(replay.Marks())}
	n := rng.IntN(10)
	im.alone, im.meets = n > 0, n < 2
	im.folder = replay.Left(r.folder, survivors(im.lost[0], rng))
	if !r.shared {
		im.index = replay.Left(r.index, survivors(im.lost[1], rng))
	}
	return im
}

func survivors(l loss, rng *rand.Rand) func(int) bool {
	rest := rng.IntN(4) // of four writes that are not flushed, one to three are lost
	return func(int) bool {
		switch l {
		case allLost:
			return false
		case noneLost:
			return true
		}
		return rng.IntN(4) < rest
	}
}

// place is where images are mounted, one after another.
type place struct {
	dir    string
	memory [2]*os.File
}

func newPlace(dir string) (*place, error) {
	p := &place{dir: dir}
	for i := range p.memory {
		var err error
		if p.memory[i], err = mount.Memory(0); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"folder", "index", "peer"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *place) close() error { return errors.Join(p.memory[0].Close(), p.memory[1].Close()) }

// mounted is an image that can be looked at.
type mounted struct {
	*image
	place  *place
	top    string // of the folder's disk
	root   string
	db     string
	mounts []string
}

// mount makes the image's disks and mounts them; unmount is to be called also
// after an error.
func (p *place) mount(im *image) (*mounted, error) {
	m := &mounted{image: im, place: p, top: filepath.Join(p.dir, "folder")}
	m.root = filepath.Join(m.top, folderDir)
	if err := m.add(p.memory[0], im.folder, im.typ, m.top); err != nil {
		return m, err
	}
	if im.shared {
		m.db = filepath.Join(m.top, indexFile)
		return m, nil
	}
	dir := filepath.Join(p.dir, "index")
	m.db = filepath.Join(dir, indexFile)
	return m, m.add(p.memory[1], im.index, mount.Ext4(), dir)
}

func (m *mounted) add(file *os.File, pages writelog.Pages, typ mount.Type, dir string) error {
	if err := pages.Store(file, typ.Size); err != nil {
		return err
	}
	loop, err := mount.Attach(file)
	if err != nil {
		return err
	}
	defer loop.Close() // the mount keeps it
	if err := typ.Mount(loop.Path(), dir); err != nil {
		return fmt.Errorf("the file system is damaged: %w", err)
	}
	m.mounts = append(m.mounts, dir)
	return nil
}

func (m *mounted) unmount() error {
	var errs []error
	for _, dir := range m.mounts {
		errs = append(errs, mount.Unmount(dir))
	}
	return errors.Join(errs...)
}

// look mounts an image, checks everything and takes it away again.
func (p *place) look(im *image) error {
	m, err := p.mount(im)
	if err == nil {
		err = m.check(context.Background())
	}
	if err != nil {
		err = fmt.Errorf("%v: %w", im, err)
	}
	return errors.Join(err, m.unmount())
}

func (m *mounted) check(ctx context.Context) error {
	if err := m.checkAsFound(ctx); err != nil {
		return fmt.Errorf("as found: %w", err)
	}
	if m.alone {
		if err := m.checkRecovered(ctx); err != nil {
			return fmt.Errorf("started again: %w", err)
		}
	}
	if !m.meets {
		return nil
	}
	if err := m.checkTogether(ctx); err != nil {
		return fmt.Errorf("with its peer: %w", err)
	}
	return nil
}

// contentsBelow collects the contents that are anywhere below a directory, one
// file left out.
func contentsBelow(top, but string) (map[int]bool, error) {
	found := map[int]bool{}
	err := filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || p == but {
			return err
		}
		data, err := os.ReadFile(p)
		if serial, ok := recognize(data); ok {
			found[serial] = true
		}
		return err
	})
	return found, err
}

// copyPeer makes a copy of the peer as the recording left it.
func (m *mounted) copyPeer() (string, error) {
	dir := filepath.Join(m.place.dir, "peer")
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if out, err := exec.Command("cp", "-a", m.peer, dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("copy the peer: %w: %s", err, out)
	}
	return dir, nil
}
