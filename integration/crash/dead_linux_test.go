package crash

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/labsync/labsync/internal/testkit/mount"
)

// stops is how often each file system is stopped, one of those that the race
// detector slows down.
const (
	stops     = 4
	slowStops = 1
)

// A file system that is stopped dead drops what it had not written, and fails
// everything from then on: the daemon that works on it must not believe that
// anything of that was done. Its home, with the index, lies once on the same
// file system and once on another, which goes on.
func TestAFileSystemIsStoppedDead(t *testing.T) {
	types := []mount.Type{mount.Ext4(), mount.XFS()}
	need(t, types...)
	program := buildProgram(t)
	rounds := stops
	if raceEnabled {
		rounds = slowStops
	}
	for _, typ := range types {
		for _, apart := range []bool{true, false} {
			name := typ.Name + " with the home on it"
			if apart {
				name = typ.Name + " with the home elsewhere"
			}
			t.Run(name, func(t *testing.T) {
				w := newWard(t, typ, program, apart)
				for range rounds {
					w.round()
				}
			})
		}
	}
}

// ward is a daemon on a file system that dies, and one that does not.
type ward struct {
	*testing.T
	volume      *mount.Volume
	on, other   *daemon
	here, there *user
	rng         *rand.Rand
	durable     []int // contents that the user of that file system has made durable
}

func newWard(t *testing.T, typ mount.Type, program string, apart bool) *ward {
	t.Helper()
	w := &ward{T: t, volume: mount.New(t, typ), rng: rand.New(rand.NewPCG(5, 0))}
	home, peer := filepath.Join(w.volume.Dir, "home"), t.TempDir()
	if apart {
		home = t.TempDir()
	}
	w.on = newDaemon(t, program, "on", home, filepath.Join(w.volume.Dir, folderDir))
	w.other = newDaemon(t, program, "other", filepath.Join(peer, "home"), filepath.Join(peer, folderDir))
	serial := 0
	next := func() int { serial++; return serial }
	w.here = &user{root: w.on.folder, aside: filepath.Join(w.volume.Dir, asideDir), areas: []string{ownArea}, rng: w.rng, next: next,
		saved: func(n int) error { w.durable = append(w.durable, n); return nil }}
	w.there = &user{root: w.other.folder, aside: filepath.Join(peer, asideDir), areas: []string{peerArea}, rng: w.rng, next: next}
	for _, u := range []*user{w.here, w.there} {
		must(t, errors.Join(os.Mkdir(u.aside, 0o700), os.Mkdir(u.path(u.areas[0]), 0o755)))
	}
	must(t, syncAll(w.volume.Dir))
	w.on.start()
	w.other.start()
	meet(w.on, w.other)
	share(w.on, w.other)
	return w
}

// round stops the file system in the middle of work and brings it back.
func (w *ward) round() {
	w.Helper()
	agreed(w.on, w.other)
	for range 10 {
		must(w.T, w.here.act())
	}
	agreed(w.on, w.other)
	must(w.T, syncAll(w.volume.Dir)) // what its own user did is his to keep

	for range 30 + w.rng.IntN(60) {
		must(w.T, w.there.act())
	}
	w.awaitSome()
	must(w.T, w.stop())
	for range 5 {
		must(w.T, w.there.act())
	}
	before := w.peers(w.other)
	w.on.kill()
	must(w.T, w.volume.Remount())

	found, err := shown(w.on.folder)
	must(w.T, errors.Join(err, found.checkWhole()))
	w.on.start()
	meet(w.on, w.other)
	after := agreed(w.on, w.other)
	if d := before.difference(w.peers(w.other)); d != "" {
		w.Errorf("I11: what the peer's user made of his own files, before and after: %s", d)
	}
	must(w.T, after.checkWhole())
	w.checkContents()
}

// awaitSome waits until some of the work of the peer's user, at random, has
// arrived.
func (w *ward) awaitSome() {
	w.Helper()
	left := -1
	must(w.T, await("some of the work to arrive", func() (bool, error) {
		missing := len(w.peers(w.other).differing(w.peers(w.on)))
		if left < 0 {
			left = w.rng.IntN(max(1, missing))
		}
		return missing <= left, nil
	}))
}

// going is the request to stop a file system, and how: what is in its log and
// not on the disk is dropped.
const (
	going      = 0x8004587d // XFS_IOC_GOINGDOWN, and the same of ext4
	noLogFlush = 2
)

func (w *ward) stop() error {
	top, err := os.Open(w.volume.Dir)
	if err != nil {
		return err
	}
	defer top.Close() // nothing was written through it
	return unix.IoctlSetPointerInt(int(top.Fd()), going, noLogFlush)
}

// peers is what a daemon shows in the area of the peer's user.
func (w *ward) peers(d *daemon) tree {
	w.Helper()
	var t tree
	must(w.T, await("a tree that does not change under the reader", func() (ok bool, err error) {
		t, err = shown(d.folder)
		return err == nil, unlessOvertaken(err)
	}))
	maps.DeleteFunc(t, func(name string, _ look) bool { return !isPeers(name) })
	return t
}

// checkContents checks that what was durable is somewhere on the file system.
func (w *ward) checkContents() {
	w.Helper()
	found, err := contentsBelow(w.volume.Dir, "")
	must(w.T, err)
	for _, serial := range slices.Sorted(slices.Values(w.durable)) {
		if !found[serial] {
			w.Errorf("I2: content %d of %d bytes is nowhere", serial, sizeOf(serial))
		}
	}
}
