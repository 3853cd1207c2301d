package scan

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/chunk"
)

// Whoever cut the version held, and however: bytes that are equal are no edit,
// and a byte that is not is one. How much has to be read depends on whether the
// cuts are those we would make.
func TestEqualBytesAreRecognisedWhoeverCutThem(t *testing.T) {
	content := make([]byte, 3<<20)
	rand.NewChaCha8([32]byte{5}).Read(content)
	whole := int64(len(content))
	for name, c := range map[string]struct {
		size   int64
		policy chunk.Policy // of the version held
		class  chunk.Class
		reads  int64 // bytes at most for equal content
		edited int64 // and if its last byte was edited
	}{
		"cut as we do":                      {whole, chunk.Content, 0, whole, whole},
		"one block":                         {1 << 20, chunk.Content, 0, 1 << 20, 1 << 20},
		"cut into larger blocks":            {whole, chunk.Content, 2, 2 * whole, 2 * whole},
		"cut by the other policy":           {whole, chunk.Fixed, 0, whole, 2 * whole},
		"cut into huge blocks by the other": {whole, chunk.Fixed, 7, whole, 2 * whole},
		"empty":                             {0, chunk.Content, 0, 0, 0},
	} {
		w := newWorld(t, memfs.Linux())
		p := content[:c.size]
		w.must(w.user.Write("f", p))
		w.rest()
		found := w.scan()
		blocks, size, err := chunk.Blocks(t.Context(), bytes.NewReader(p), c.size, c.policy, c.class, nil)
		w.must(err)
		e := &found[0].Entry
		e.Blocks, e.BlockSize, e.Hash = blocks, size, index.HashBlocks(blocks)
		w.record(found)
		w.rest()

		w.must(w.user.Touch("f", w.now.Load()))
		w.rest()
		seen, read := w.scanReading()
		if len(seen) != 1 || seen[0].Kind != MetaChanged || seen[0].Entry.Hash != e.Hash || len(seen[0].Entry.Blocks) != len(blocks) {
			t.Errorf("%s: touched, the scan says %v", name, show(seen))
		}
		if read > c.reads {
			t.Errorf("%s: %d bytes read of a file of %d that was touched, want %d", name, read, c.size, c.reads)
		}
		if c.size == 0 {
			continue
		}
		w.must(w.user.WriteAt("f", []byte{p[c.size-1] + 1}, c.size-1))
		w.rest()
		seen, read = w.scanReading()
		if len(seen) != 1 || seen[0].Kind != Changed || seen[0].Entry.Hash == e.Hash {
			t.Errorf("%s: edited, the scan says %v", name, show(seen))
		}
		if read > c.edited {
			t.Errorf("%s: %d bytes read of a file of %d that was edited, want %d", name, read, c.size, c.edited)
		}
	}
}

// scanReading scans everything and returns the bytes of files that were read.
func (w *world) scanReading() ([]Found, int64) {
	counting := &countingFS{Reader: w.fs}
	var all []Found
	w.must(New(counting, w.idx, w.opt).Scan(w.t.Context(), []Scope{{Recursive: true}}, func(f []Found) error {
		all = append(all, f...)
		return nil
	}, nil))
	return all, counting.read.Load()
}

type countingFS struct {
	folderfs.Reader
	read atomic.Int64
}

func (c *countingFS) Open(name string) (folderfs.OpenFile, error) {
	f, err := c.Reader.Open(name)
	if err != nil {
		return nil, err
	}
	return countingFile{f, c}, nil
}

type countingFile struct {
	folderfs.OpenFile
	of *countingFS
}

func (f countingFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.OpenFile.ReadAt(p, at)
	f.of.read.Add(int64(n))
	return n, err
}
