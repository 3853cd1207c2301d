package serve

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// folder is a folder in memory with an index, and what the server has told.
type folder struct {
	t        *testing.T
	fs       *memfs.FS
	idx      *memstore.Store
	opened   []string
	mismatch []string
	srv      *Server
}

func newFolder(t *testing.T) *folder {
	f := &folder{t: t, fs: memfs.New(memfs.Options{})}
	if err := f.fs.Prepare(); err != nil {
		t.Fatal(err)
	}
	idx, err := memstore.New(memstore.Options{Random: rand.NewChaCha8([32]byte{})})
	if err != nil {
		t.Fatal(err)
	}
	f.idx = idx
	f.srv = New(f.fs, idx, Options{OnMismatch: func(name string) { f.mismatch = append(f.mismatch, name) }})
	f.fs.SetHook(func(_ memfs.Op, name string) error { f.opened = append(f.opened, name); return nil })
	return f
}

// entry cuts a content into blocks of the given size.
func entry(name string, content []byte, size int) index.Entry {
	e := index.Entry{Name: name, Size: int64(len(content)), BlockSize: int32(size)}
	for rest := content; len(rest) > 0; {
		n := min(size, len(rest))
		e.Blocks = append(e.Blocks, index.Block{Size: int32(n), Hash: sha256.Sum256(rest[:n])})
		rest = rest[n:]
	}
	e.Hash = index.HashBlocks(e.Blocks)
	e.Version = index.Version{{Replica: 1, Value: 1}}
	e.ModifiedBy = 1
	return e
}

func (f *folder) hold(e index.Entry, flags index.Flags) {
	f.t.Helper()
	stale, err := f.idx.Commit(f.t.Context(), []index.Change{{Entry: e, Disk: index.Disk{Size: e.Size}, Flags: flags, Quiet: flags != 0}}, true)
	if err != nil || len(stale) > 0 {
		f.t.Fatal(stale, err)
	}
}

func (f *folder) write(name string, content []byte) {
	f.t.Helper()
	if err := f.fs.User().Write(name, content); err != nil {
		f.t.Fatal(err)
	}
}

// ask returns the answers, nil for a range that is not served.
func (f *folder) ask(want ...Range) [][]byte {
	f.t.Helper()
	f.opened = nil
	out := make([][]byte, len(want))
	err := f.srv.Serve(f.t.Context(), want, func(i int, data []byte, err error) error {
		if err == nil {
			out[i] = bytes.Clone(data)
		} else if !errors.Is(err, ErrNoBlock) {
			f.t.Errorf("range %d: %v", i, err)
		}
		return nil
	})
	if err != nil {
		f.t.Error(err)
	}
	return out
}

func content(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(p)
	return p
}

func TestBlocksAndPartsOfThemAreServedFromTheFile(t *testing.T) {
	f := newFolder(t)
	p := content(5 << 20)
	e := entry("a", p, 4<<20)
	f.write("a", p)
	f.hold(e, 0)
	got := f.ask(
		Range{"a", e.Blocks[0].Hash, 0, 1 << 20}, Range{"a", e.Blocks[0].Hash, 3 << 20, 1 << 20},
		Range{"a", e.Blocks[1].Hash, 4 << 20, 1 << 20}, Range{"a", e.Blocks[1].Hash, 5<<20 - 7, 7})
	for i, want := range [][]byte{p[:1<<20], p[3<<20 : 4<<20], p[4<<20:], p[5<<20-7:]} {
		if !bytes.Equal(got[i], want) {
			t.Errorf("range %d is wrong", i)
		}
	}
}

// largeBlock puts a file of one block of the largest size into the folder.
func (f *folder) largeBlock() ([]byte, index.Entry) {
	p := content(maxBlock)
	e := entry("a", p, maxBlock)
	f.write("a", p)
	f.hold(e, 0)
	return p, e
}

func TestALargeBlockNeedsTheMemoryOfARange(t *testing.T) {
	f := newFolder(t)
	p, e := f.largeBlock()
	want := []Range{{"a", e.Blocks[0].Hash, 0, MaxRange}, {"a", e.Blocks[0].Hash, maxBlock - MaxRange, MaxRange}}
	asked := 0
	err := f.srv.Serve(t.Context(), want, func(i int, data []byte, err error) error {
		asked++
		if at := want[i].Offset; err != nil || !bytes.Equal(data, p[at:at+MaxRange]) {
			t.Errorf("range %d is wrong (%v)", i, err)
		}
		if cap(data) > 2*MaxRange {
			t.Errorf("range %d lies in a buffer of %d bytes", i, cap(data))
		}
		return nil
	})
	if err != nil || asked != 2 {
		t.Errorf("%d ranges were answered (%v), want 2", asked, err)
	}
}

func TestALargeBlockThatIsWrittenMeanwhileIsNotServed(t *testing.T) {
	f := newFolder(t)
	_, e := f.largeBlock()
	var errs []error
	err := f.srv.Serve(t.Context(), []Range{{"a", e.Blocks[0].Hash, 0, 10}, {"a", e.Blocks[0].Hash, 10, 10}}, func(_ int, _ []byte, err error) error {
		errs = append(errs, err)
		return f.fs.User().WriteAt("a", []byte("edited"), 10)
	})
	if err != nil || len(errs) != 2 || errs[0] != nil || !errors.Is(errs[1], ErrNoBlock) {
		t.Errorf("served %v, %v; want the first range alone", errs, err)
	}
	if len(f.mismatch) != 1 {
		t.Errorf("reported %q", f.mismatch)
	}
}

// Of two files with one block the one that stays as it is serves it, and is not
// reported.
func TestALargeBlockIsReadFromEachFileThatIsAskedFor(t *testing.T) {
	f := newFolder(t)
	p, e := f.largeBlock()
	f.write("b", p)
	f.hold(entry("b", p, maxBlock), 0)
	var errs []error
	want := []Range{{"a", e.Blocks[0].Hash, 0, 10}, {"b", e.Blocks[0].Hash, 10, 10}}
	err := f.srv.Serve(t.Context(), want, func(i int, data []byte, err error) error {
		if at := want[i].Offset; err == nil && !bytes.Equal(data, p[at:at+10]) {
			t.Errorf("range %d is wrong", i)
		}
		errs = append(errs, err)
		return f.fs.User().WriteAt("a", []byte("edited"), 10)
	})
	if err != nil || len(errs) != 2 || errs[0] != nil || errs[1] != nil || len(f.mismatch) > 0 {
		t.Errorf("served %v, %v, reported %q", errs, err, f.mismatch)
	}
}

func TestWhatTheIndexDoesNotOfferCostsNoAccess(t *testing.T) {
	f := newFolder(t)
	p := []byte("secret")
	e := entry("ignored", p, 1<<20)
	f.write("ignored", p)
	f.write("unknown", p)
	f.hold(e, index.Ignored)
	h := e.Blocks[0].Hash
	for _, name := range []string{"ignored", "unknown", "../etc/passwd", "/etc/passwd", ".labsync/tmp/x", ".LabSync/x", "", "a/../ignored"} {
		if got := f.ask(Range{name, h, 0, 6}); got[0] != nil {
			t.Errorf("%q was served", name)
		}
		if len(f.opened) > 0 {
			t.Errorf("%q touched the disk: %q", name, f.opened)
		}
	}
}

func TestBadRangesAreRefused(t *testing.T) {
	f := newFolder(t)
	p := content(1000)
	e := entry("a", p, 500)
	f.write("a", p)
	f.hold(e, 0)
	for _, r := range []Range{
		{"a", e.Blocks[0].Hash, -1, 10}, {"a", e.Blocks[0].Hash, 0, 0}, {"a", e.Blocks[0].Hash, 0, -5}, {"a", e.Blocks[0].Hash, 0, 501},
		{"a", e.Blocks[1].Hash, 1 << 62, 10}, {"a", e.Blocks[1].Hash, 990, 11}, {"a", e.Blocks[0].Hash, 500, 10}, {"a", index.Hash{}, 0, 10},
		{"a", e.Blocks[0].Hash, 1<<63 - 1, 1<<31 - 1},
	} {
		if got := f.ask(r); got[0] != nil {
			t.Errorf("%+v was served", r)
		}
	}
}

func TestAFileThatChangedIsNotServedAndReported(t *testing.T) {
	f := newFolder(t)
	e := entry("a", []byte("old content"), 1<<20)
	f.write("a", []byte("new content"))
	f.hold(e, 0)
	if got := f.ask(Range{"a", e.Blocks[0].Hash, 0, 11}); got[0] != nil || len(f.mismatch) != 1 || f.mismatch[0] != "a" {
		t.Errorf("served %q, reported %q", got[0], f.mismatch)
	}
}

func TestABlockIsFoundWhereverItLies(t *testing.T) {
	p := content(1000)
	far := entry("a", p, 400)
	far.Version = index.Version{{Replica: 2, Value: 5}}
	announce := func(f *folder) {
		if err := f.idx.RecordRemote(t.Context(), device.ID{1}, []index.Update{{Sequence: 1, Heads: []index.Entry{far}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []folderfs.WorkKind{folderfs.Complete, folderfs.Displaced} {
		f := newFolder(t)
		announce(f)
		w, err := f.fs.Create(folderfs.Work{Hash: far.Hash, Key: "k", Kind: kind}.String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteAt(p, 0); err != nil {
			t.Fatal(err)
		}
		if got := f.ask(Range{"a", far.Blocks[1].Hash, 500, 100}); !bytes.Equal(got[0], p[500:600]) {
			t.Errorf("not found in the work directory, kind %d", kind)
		}
	}
	f := newFolder(t)
	announce(f)
	f.write("other", p[400:])
	f.hold(entry("other", p[400:], 400), 0)
	if got := f.ask(Range{"a", far.Blocks[1].Hash, 500, 100}, Range{"a", far.Blocks[0].Hash, 0, 400}); !bytes.Equal(got[0], p[500:600]) || got[1] != nil {
		t.Error("not found in another file, or found where it is not")
	}
}

func TestAnErrorOfReplyEndsTheBatch(t *testing.T) {
	f := newFolder(t)
	stop := errors.New("stop")
	calls := 0
	err := f.srv.Serve(t.Context(), make([]Range, 3), func(int, []byte, error) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.srv.Serve(ctx, make([]Range, 3), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}
