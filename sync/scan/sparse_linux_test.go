package scan

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/chunk"
)

func TestHolesAreSkippedInFilesAtRestAndGiveTheSameBlocks(t *testing.T) {
	root := t.TempDir()
	f, err := os.Create(filepath.Join(root, "image"))
	if err != nil {
		t.Fatal(err)
	}
	for at, text := range map[int64]string{5 << 20: "one", 33<<20 + 123: "two"} {
		if _, err := f.WriteAt([]byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(48 << 20); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for _, policy := range []chunk.Policy{chunk.Content, chunk.Fixed} {
		blocks, asked := map[bool][]index.Block{}, map[bool]int{}
		for _, later := range []bool{false, true} {
			x := newFixture(t, root)
			x.opt.Policy = policy
			x.opt.Spawn = nil
			if later {
				x.opt.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
			}
			holes := &asking{Reader: x.disk.Reader()}
			err := New(holes, x.idx, x.opt).Scan(t.Context(), []Scope{{Recursive: true}}, func(found []Found) error {
				blocks[later] = found[0].Entry.Blocks
				return nil
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			asked[later] = holes.asked
		}
		if !slices.Equal(blocks[false], blocks[true]) || len(blocks[true]) < 48 {
			t.Errorf("%s: %d blocks when read, %d with holes skipped", policy, len(blocks[false]), len(blocks[true]))
		}
		if asked[false] != 0 || asked[true] == 0 {
			t.Errorf("%s: asked %d times for the holes of a file just written, %d times of one at rest", policy, asked[false], asked[true])
		}
	}
}

// asking counts how often a file is asked for its holes.
type asking struct {
	folderfs.Reader
	asked int
}

func (a *asking) Open(name string) (folderfs.OpenFile, error) {
	f, err := a.Reader.Open(name)
	if err != nil {
		return nil, err
	}
	return &askedFile{f.(folderfs.SparseFile), a}, nil
}

type askedFile struct {
	folderfs.SparseFile
	of *asking
}

func (f *askedFile) DataAfter(from int64) (start, end int64, err error) {
	f.of.asked++
	return f.SparseFile.DataAfter(from)
}
