package crash

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labsync/labsync/integration/crash/internal/writelog"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/testkit/mount"
)

func TestMain(m *testing.M) {
	if os.Getenv(workEnv) != "" {
		os.Exit(workIn())
	}
	os.Exit(mount.Private(m))
}

// The images of a run in which nothing else is said, and of one that is short or
// slowed down by the race detector.
const (
	usualImages = 240
	shortImages = 36
)

func imagesWanted(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("LABSYNC_CRASH_IMAGES"); text != "" {
		n, err := strconv.Atoi(text)
		must(t, err)
		return n
	}
	if testing.Short() || raceEnabled {
		return shortImages
	}
	return usualImages
}

// imagesPerRecording is how many images are made of one recording.
const imagesPerRecording = 60

func TestNoCrashImageIsBad(t *testing.T) {
	total := imagesWanted(t)
	for _, one := range []struct {
		says string
		setup
		part int // of 24 images
	}{
		{"ext4", setup{typ: mount.Ext4()}, 10},
		{"xfs", setup{typ: mount.XFS()}, 4},
		{"btrfs", setup{typ: mount.Btrfs()}, 4},
		{"ext4 with the index on the same disk", setup{typ: mount.Ext4(), shared: true}, 1},
		{"xfs with the index on the same disk", setup{typ: mount.XFS(), shared: true}, 1},
		{"btrfs with the index on the same disk", setup{typ: mount.Btrfs(), shared: true}, 1},
		{"ext4 without exchange", setup{typ: mount.Ext4(), lack: folderfs.Capabilities{Exchange: true}}, 1},
		{"xfs without exchange", setup{typ: mount.XFS(), lack: folderfs.Capabilities{Exchange: true}}, 1},
		{"ext4 without stable inodes and change times", setup{typ: mount.Ext4(), lack: folderfs.Capabilities{StableInodes: true, Ctime: true}}, 1},
	} {
		t.Run(one.says, func(t *testing.T) {
			need(t, one.typ)
			images := max(1, total*one.part/24)
			one.bursts = 12
			for one.seed = 1; images > 0; one.seed++ {
				n := min(images, imagesPerRecording)
				images -= n
				r := record(t, one.setup)
				for _, err := range r.lookAt(t, n) {
					t.Error(err)
				}
			}
		})
	}
}

// lookAt makes images of random moments and returns what is wrong with them.
func (r *recording) lookAt(t *testing.T, images int) []error {
	t.Helper()
	const workers = 2
	began := time.Now()
	queue := make(chan *image, workers)
	var mu sync.Mutex
	var bad []error
	var wg sync.WaitGroup
	for range workers {
		p, err := newPlace(t.TempDir())
		must(t, err)
		wg.Go(func() {
			for im := range queue {
				if err := p.look(im); err != nil {
					mu.Lock()
					bad = append(bad, err)
					mu.Unlock()
				}
			}
		})
		t.Cleanup(func() { must(t, p.close()) })
	}
	rng := rand.New(rand.NewPCG(r.seed, 4))
	cuts := make([]int, images)
	for i := range cuts {
		cuts[i] = rng.IntN(r.log.Len() + 1)
	}
	slices.Sort(cuts)
	replay := writelog.NewReplay(&r.log)
	for _, cut := range cuts {
		replay.Advance(cut)
		queue <- r.shoot(replay, cut, rng)
	}
	close(queue)
	wg.Wait()
	took := time.Since(began)
	t.Logf("%s: %d images, %d bad, %.1f images/s", r.typ.Name, images, len(bad), float64(images)/took.Seconds())
	return bad
}

// A suite that finds nothing may be one that cannot.
func TestEveryHarmIsFound(t *testing.T) {
	for _, one := range []struct {
		harm harm
		typ  mount.Type
		by   []string // invariants, one of which has to be violated
	}{
		{noDirFlush, mount.Ext4(), []string{"I4"}},
		{noDirFlush, mount.XFS(), []string{"I4"}},
		{noDirFlush, mount.Btrfs(), []string{"I4"}},
		{noFileFlush, mount.Ext4(), []string{"I3", "I4"}},
		{noFileFlush, mount.XFS(), []string{"I3", "I4"}},
		{noFileFlush, mount.Btrfs(), []string{"I3", "I4"}},
		{noIndexFlush, mount.Ext4(), []string{"I5"}},
		{overwriting, mount.Ext4(), []string{"I2"}},
	} {
		if raceEnabled && one.typ.Name != mount.Ext4().Name {
			continue // takes long, and has no other races
		}
		t.Run(one.typ.Name+": "+string(one.harm), func(t *testing.T) {
			need(t, one.typ)
			r := record(t, setup{typ: one.typ, seed: 1, bursts: 6, harm: one.harm})
			bad := r.lookAt(t, 16)
			for _, err := range bad {
				if slices.ContainsFunc(one.by, func(i string) bool { return strings.Contains(err.Error(), i+": ") }) {
					t.Logf("found, for example: %.400s", err)
					return
				}
			}
			t.Errorf("none of %d bad images violates %v: %v", len(bad), one.by, bad)
		})
	}
}
