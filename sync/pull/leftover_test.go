package pull

import (
	"slices"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// edited is a content with one byte changed.
func edited(content []byte) []byte {
	p := slices.Clone(content)
	p[len(p)/2] ^= 1
	return p
}

// rewriteInPlace lets a file be truncated elsewhere, and that placed here
// before the rest of the rewrite is announced.
func rewriteInPlace(w *world, old []byte) {
	w.announce(w.fileOf("a", old))
	w.sync()
	w.announce(w.fileOf("a", nil))
	w.sync()
}

func displaced(t *testing.T, w *world) string {
	t.Helper()
	infos, err := w.fs.ReadDir(folderfs.DisplacedDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if info.Size > 0 {
			return folderfs.DisplacedDir + "/" + info.Name
		}
	}
	t.Fatal("nothing was displaced")
	return ""
}

func TestBlocksInTheWorkDirectoryAreNotFetched(t *testing.T) {
	old := bytesOf(8*mebi, 1)
	for _, c := range []struct {
		name   string
		before func(t *testing.T, w *world)
		atMost int64
	}{
		{"of a file that was rewritten in place", func(_ *testing.T, w *world) { rewriteInPlace(w, old) }, mebi},
		{"of a file that was deleted", func(_ *testing.T, w *world) {
			e := w.fileOf("a", old)
			w.announce(e)
			w.sync()
			w.announce(w.goneOf("a", e))
			w.sync()
		}, mebi},
		{"of a version that was fetched and never placed", func(t *testing.T, w *world) {
			w.announce(w.fileOf("a", old))
			w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
		}, mebi},
		{"unless the displaced file is gone", func(t *testing.T, w *world) {
			rewriteInPlace(w, old)
			if err := w.fs.Remove(displaced(t, w)); err != nil {
				t.Fatal(err)
			}
		}, 9 * mebi},
		{"unless the displaced file is another one by now", func(t *testing.T, w *world) {
			rewriteInPlace(w, old)
			if err := w.mem.User().WriteMapped(displaced(t, w), make([]byte, 4*mebi), 0); err != nil {
				t.Fatal(err)
			}
		}, 5 * mebi},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			c.before(t, w)
			before := w.asked()
			next := edited(old)
			w.announce(w.fileOf("a", next))
			w.want(w.sync(), plan.Done)
			w.check(map[string]string{"a": string(next)})
			n := w.asked() - before
			if n > c.atMost {
				t.Errorf("%d bytes were asked for", n)
			}
			if strings.HasPrefix(c.name, "unless") && n < 4*mebi {
				t.Errorf("%d bytes were asked for: what was displaced is not there any more", n)
			}
		})
	}
}

func TestADisplacedFileNamedAnewIsStillASource(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	old := bytesOf(8*mebi, 1)
	rewriteInPlace(w, old)
	if err := w.mem.User().WriteAt(displaced(t, w), []byte("late"), 0); err != nil {
		t.Fatal(err)
	}
	for range 3 { // sees the change, then waits for it to end
		w.clock.skip(w.pull.opt.Quiet)
		if _, _, err := w.pull.Recheck(t.Context(), w.clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	before := w.asked()
	next := edited(old)
	w.announce(w.fileOf("a", next))
	w.want(w.pull.Fetch(t.Context(), w.decide()[:1]), plan.Done)
	if n := w.asked() - before; n > 2*mebi {
		t.Errorf("%d bytes were asked for", n)
	}
}

func TestLeftoversAreBounded(t *testing.T) {
	var l leftovers
	work := func(i int) string {
		return folderfs.Work{Hash: index.Hash{byte(i), byte(i >> 8)}, Key: "k", Kind: folderfs.Displaced}.String()
	}
	for i := range maxLeftovers + 10 {
		l.add(work(i), make([]place, 2))
	}
	if len(l.files) != maxLeftovers || l.places != 2*maxLeftovers {
		t.Errorf("%d files with %d blocks are kept", len(l.files), l.places)
	}
	if _, ok := l.files[work(9)]; ok {
		t.Error("the oldest is kept")
	}
	if _, ok := l.files[work(10)]; !ok {
		t.Error("one too many was dropped")
	}
	l.add(work(0), make([]place, maxPlaces-10))
	if len(l.files) != 6 || l.places != maxPlaces {
		t.Errorf("%d files with %d blocks are kept beside a huge one", len(l.files), l.places)
	}
	l.add(work(1), make([]place, maxPlaces+1))
	l.add(work(2), make([]place, 1))
	if len(l.files) != 6 {
		t.Error("what is too large, or a single block, is kept")
	}
	l.moved(work(0), work(3))
	l.moved(work(maxLeftovers+9), "somewhere/else")
	if _, ok := l.files[work(3)]; !ok || len(l.files) != 5 || l.places != maxPlaces-2 {
		t.Errorf("%d files with %d blocks after two were moved", len(l.files), l.places)
	}
}
