package scan

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// TestRandomHistories changes a folder at random and scans the names that a
// watcher would report. The index must then hold what the disk holds, and a
// scan of everything must find nothing more.
func TestRandomHistories(t *testing.T) {
	for name, caps := range map[string]folderfs.Capabilities{"linux": memfs.Linux(), "windows": memfs.Windows(), "macos": memfs.MacOS(), "fat": memfs.FAT()} {
		for seed := range uint64(60) {
			w := newWorld(t, caps)
			if seed%4 == 3 { // as in a daemon, where one thing happens beside another
				w.opt.Parallel, w.opt.Spawn = parallel, func(f func()) { go f() }
			}
			rng := rand.New(rand.NewPCG(seed, 1))
			for round := range 12 {
				var scopes []Scope
				for range 1 + rng.IntN(6) {
					scopes = append(scopes, w.disturb(rng)...)
				}
				w.rest()
				w.record(w.scan(scopes...))
				w.rest()
				// Facts taken right after a write prove nothing, but change nothing.
				if left := w.scan(); len(left) > 0 {
					t.Fatalf("%s, seed %d, round %d: a whole scan after one of %v still finds %q", name, seed, round, scopes, show(left))
				}
				if diff := w.difference(); diff != "" {
					t.Fatalf("%s, seed %d, round %d: %s", name, seed, round, diff)
				}
			}
		}
	}
}

// disturb changes something and returns the scopes a watcher would name. Steps
// that are impossible do nothing.
func (w *world) disturb(rng *rand.Rand) []Scope {
	parts := []string{"a", "b", "b-", "c", "é"}
	name := parts[rng.IntN(len(parts))]
	for rng.IntN(2) == 0 {
		name = path.Join(name, parts[rng.IntN(len(parts))])
	}
	other := parts[rng.IntN(len(parts))]
	if rng.IntN(2) == 0 {
		other = path.Join(other, parts[rng.IntN(len(parts))])
	}
	u := w.user
	switch rng.IntN(9) {
	case 0, 1:
		_ = u.Mkdir(name) // and its parents
		top, _, _ := strings.Cut(name, "/")
		return []Scope{{Name: top, Recursive: true}}
	case 2, 3:
		_ = u.Write(name, fmt.Append(nil, rng.IntN(4)))
	case 4:
		_ = u.SaveByRename(name, fmt.Append(nil, rng.IntN(4)))
		return []Scope{{Name: name}, {Name: path.Dir(name), Recursive: true}}
	case 5:
		_ = u.Chmod(name, []uint32{0o644, 0o755, 0o700}[rng.IntN(3)])
	case 6:
		_ = u.RemoveAll(name)
	case 7:
		_ = u.Symlink("x", name)
	default:
		_ = u.Rename(name, other)
		return []Scope{{Name: name}, {Name: other, Recursive: true}}
	}
	return []Scope{{Name: name}}
}

// difference compares the index with the disk and describes the first thing
// that differs.
func (w *world) difference() string {
	items, err := w.user.Tree("")
	w.must(err)
	held, err := w.idx.Locals(context.Background(), "", "", 10_000)
	w.must(err)
	at := map[string]index.Held{}
	for _, h := range held {
		at[h.Entry.Name] = h
		if h.Disk.Name != "" {
			at[h.Disk.Name] = h
		}
	}
	if len(items) != len(held) {
		return fmt.Sprintf("%d names on disk, %d held", len(items), len(held))
	}
	for _, i := range items {
		h, ok := at[i.Path]
		switch {
		case !ok:
			return fmt.Sprintf("%q is not held", i.Path)
		case !sameKind(h.Entry.Type, i.Info.Kind):
			return fmt.Sprintf("%q is held as a %v", i.Path, h.Entry.Type)
		case h.Entry.Type == index.Symlink:
			if h.Entry.Target != i.Text {
				return fmt.Sprintf("%q links to %q, held is %q", i.Path, i.Text, h.Entry.Target)
			}
			continue
		case w.fs.Capabilities().Modes && h.Entry.Mode != i.Info.Mode:
			return fmt.Sprintf("%q has mode %o, held is %o", i.Path, i.Info.Mode, h.Entry.Mode)
		case h.Entry.Type == index.File && h.Entry.Mtime != i.Info.Mtime:
			return fmt.Sprintf("%q has time %d, held is %d", i.Path, i.Info.Mtime, h.Entry.Mtime)
		}
		if h.Entry.Type == index.File {
			sum := sha256.Sum256(i.Content)
			if want := index.HashBlocks([]index.Block{{Hash: sum}}); h.Entry.Hash != want {
				return fmt.Sprintf("%q is held with other content", i.Path)
			}
		}
	}
	return ""
}
