package pull

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/chunk"
	"github.com/labsync/labsync/sync/plan"
)

// world is one device with a folder, an index and a far device that announces
// what tests make up.
type world struct {
	t     testing.TB
	fs    folderfs.Writer
	mem   *memfs.FS // fs, if that is in memory
	idx   index.Store
	far   *far
	clock *clock
	opt   Options
	pull  *Puller
	seq   int64

	atPoint func(string) // called before each operation and at each failpoint
	saved   bool         // by atPoint
}

// clock goes on by a millisecond with each reading, far past every granule.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// skip lets time pass.
func (c *clock) skip(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) ns() int64 { return c.Now().UnixNano() }

const farReplica index.Replica = 0xfa

func newWorld(t testing.TB, opts memfs.Options) *world {
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	opts.Clock = c.ns
	mem := memfs.New(opts)
	if err := mem.Prepare(); err != nil {
		t.Fatal(err)
	}
	mem.SyncAll()
	w := &world{t: t, fs: mem, mem: mem, clock: c}
	w.start()
	return w
}

func newDiskWorld(t testing.TB, opts folderfs.Options) *world {
	opts.Prepare = true
	disk, err := folderfs.Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	w := &world{t: t, fs: disk, clock: &clock{now: time.Now().Add(time.Hour)}}
	w.start()
	return w
}

// newUserWorld is on disk, with the index that users have.
func newUserWorld(t testing.TB) *world {
	w := newDiskWorld(t, folderfs.Options{})
	idx, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = idx.Close() })
	w.idx = idx
	w.opt.Parallel = parallel
	w.restart()
	return w
}

func (w *world) start() {
	idx, err := memstore.New(memstore.Options{Random: rand.NewChaCha8([32]byte{1})})
	if err != nil {
		w.t.Fatal(err)
	}
	w.idx = idx
	w.far = &far{contents: map[index.Hash][]byte{}}
	w.addPeer(1)
	w.restart()
}

func (w *world) addPeer(n byte) *peer {
	p := w.newPeer(n)
	w.far.connect(p)
	return p
}

// newPeer is a device that is not connected.
func (w *world) newPeer(n byte) *peer { return &peer{id: device.ID{n}, far: w.far} }

// restart is a new process over what there is.
func (w *world) restart() {
	w.opt.Now = w.clock.Now
	w.pull = New(w.fs, w.idx, w.far, w.opt)
}

// fileOf is the entry of a content that the far device has made.
func (w *world) fileOf(name string, content []byte) index.Entry {
	w.t.Helper()
	size := int64(len(content))
	class := chunk.Content.ClassFor(size, chunk.NoClass)
	blocks, blockSize, err := chunk.Blocks(w.t.Context(), bytes.NewReader(content), size, chunk.Content, class, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	var at int64
	w.far.mu.Lock()
	for _, b := range blocks {
		w.far.contents[b.Hash] = content[at : at+int64(b.Size)]
		if w.far.starts == nil {
			w.far.starts = map[index.Hash]int64{}
		}
		w.far.starts[b.Hash] = at
		at += int64(b.Size)
	}
	w.far.mu.Unlock()
	return index.Entry{Name: name, Size: size, Blocks: blocks, BlockSize: blockSize, Hash: index.HashBlocks(blocks), Mode: 0o644}
}

func (w *world) linkOf(name, text string) index.Entry {
	return index.Entry{Name: name, Type: index.Symlink, Target: text, Hash: sha256.Sum256([]byte(text))}
}

func (w *world) dirOf(name string) index.Entry {
	return index.Entry{Name: name, Type: index.Directory, Mode: 0o755}
}

func (w *world) goneOf(name string, was index.Entry) index.Entry {
	return index.Entry{Name: name, Type: was.Type, Deleted: true, Hash: was.Hash, Mtime: w.clock.ns()}
}

// announce lets the far device make entries versions on top of what is held.
func (w *world) announce(entries ...index.Entry) {
	w.t.Helper()
	entries = slices.Clone(entries)
	for i := range entries {
		held, err := w.idx.Local(w.t.Context(), entries[i].Name)
		if err != nil {
			w.t.Fatal(err)
		}
		if held != nil {
			entries[i].Parent = held.Entry.Version
		}
	}
	w.record(entries...)
}

// record lets the far device make entries versions on top of their parents.
func (w *world) record(entries ...index.Entry) {
	w.t.Helper()
	var updates []index.Update
	for _, e := range entries {
		w.seq++
		e.Version, e.ModifiedBy = e.Parent.Bump(farReplica, w.clock.Now().Unix()+w.seq), farReplica
		if e.Mtime == 0 && e.Type == index.File {
			e.Mtime = time.Date(2020, 1, 1, 0, 0, int(w.seq), 0, time.UTC).UnixNano()
		}
		updates = append(updates, index.Update{Sequence: w.seq, Heads: []index.Entry{e}})
	}
	if err := w.idx.RecordRemote(w.t.Context(), device.ID{1}, updates); err != nil {
		w.t.Fatal(err)
	}
}

// decide plans what is dirty, in the order of the passes.
func (w *world) decide() []plan.Action {
	w.t.Helper()
	var actions []plan.Action
	moved := map[string]bool{}
	for _, pass := range []index.Dirty{index.DirtyLive, index.DirtyGone, index.DirtyGoneDirectory} {
		states, err := w.idx.Dirty(w.t.Context(), pass, "", 100_000)
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range states {
			f := plan.Facts{State: states[i]}
			for _, h := range states[i].Heads {
				if h.Entry.RenamedFrom == "" {
					continue
				}
				if from, ok, err := w.idx.State(w.t.Context(), h.Entry.RenamedFrom); err == nil && ok {
					f.From = &from
				}
			}
			a := plan.Decide(&f)
			if a.Op == plan.Move {
				moved[a.From.Entry.Name] = true
			}
			if !moved[a.Name] {
				actions = append(actions, a)
			}
		}
	}
	return actions
}

// sync fetches and places until nothing is dirty or nothing goes on.
func (w *world) sync() []plan.Outcome {
	w.t.Helper()
	var last []plan.Outcome
	for range 10 {
		actions := w.decide()
		if len(actions) == 0 {
			return last
		}
		last = w.pullAll(actions)
		for _, o := range last {
			for _, name := range append(o.Rescan, o.Name) {
				w.scan(name)
			}
		}
	}
	return last
}

func (w *world) pullAll(actions []plan.Action) []plan.Outcome {
	fetched := w.pull.Fetch(w.t.Context(), actions)
	var ready []plan.Action
	var outs []plan.Outcome
	for i, o := range fetched {
		if o.Status == plan.Done {
			ready = append(ready, actions[i])
		} else {
			outs = append(outs, o)
		}
	}
	return append(outs, w.pull.Place(w.t.Context(), ready)...)
}

// scan records what the disk says of one name, as sync/scan and the engine do.
func (w *world) scan(name string) {
	w.t.Helper()
	ctx := w.t.Context()
	s, _, err := w.idx.State(ctx, name)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Name = name
	o := plan.Observation{Name: name}
	if s.Local != nil {
		o.Base = s.Local.Entry.Version
	}
	disk, info, err := w.pull.look(name, name)
	switch {
	case isGone(err):
		o.Removed = true
	case err != nil:
		w.t.Fatal(err)
	case s.Local != nil && !s.Local.Entry.Deleted && w.believes(s.Local, info):
		return
	case info.Kind == folderfs.Directory:
		o.Entry, o.Disk = index.Entry{Name: name, Type: index.Directory, Mode: info.Mode}, disk
	default:
		var previous *index.Entry
		if held, _ := w.idx.Local(ctx, name); held != nil {
			previous = &held.Entry
		}
		if o.Entry, err = w.pull.read(ctx, name, name, previous); err != nil {
			w.t.Fatal(err)
		}
		o.Disk = disk
	}
	id, err := w.idx.Identity(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	c, ok := plan.Record(&s, &o, plan.Author{Replica: id.Replica, Now: w.clock.Now().Unix()}, plan.SendReceive, Limits(w.fs.Capabilities()))
	if !ok {
		return
	}
	if _, err := w.idx.Commit(ctx, []index.Change{c}, true); err != nil {
		w.t.Fatal(err)
	}
}

// believes reports whether a scan takes a file for unchanged without reading it.
func (w *world) believes(h *index.Held, info folderfs.Info) bool {
	same, sure := w.pull.unchanged(&h.Disk, h.Flags, info)
	caps := w.fs.Capabilities()
	return same && sure && (info.Mode == h.Disk.Mode || !caps.Modes) && (info.Ctime == h.Disk.Ctime || !caps.Ctime)
}

// read returns what a name shows: its bytes, "-> text" of a link, "dir" of a
// directory, "" of nothing.
func (w *world) read(name string) string {
	w.t.Helper()
	return readName(w.t, w.fs, name)
}

func readName(t testing.TB, fs folderfs.Reader, name string) string {
	t.Helper()
	info, err := fs.Lstat(name)
	if isGone(err) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	switch info.Kind {
	case folderfs.Directory:
		return "dir"
	case folderfs.Symlink:
		text, err := fs.ReadLink(name)
		if err != nil {
			t.Fatal(err)
		}
		return "-> " + text
	}
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(p)
}

// everywhere returns all contents there are, in the tree and in the work
// directory, by name.
func everywhere(t testing.TB, fs folderfs.Reader, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	infos, err := fs.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		name := strings.TrimPrefix(dir+"/"+info.Name, "/")
		if info.Kind == folderfs.Directory {
			for k, v := range everywhere(t, fs, name) {
				all[k] = v
			}
			continue
		}
		all[name] = readName(t, fs, name)
	}
	return all
}

// kept reports whether a content is somewhere.
func kept(all map[string]string, content string) bool {
	for _, c := range all {
		if c == content {
			return true
		}
	}
	return false
}

// atRest checks that the index holds just what the disk shows, and nothing is
// left to do.
func (w *world) atRest() {
	w.t.Helper()
	if actions := w.decide(); len(actions) > 0 {
		w.t.Errorf("still to do: %v %q, and %d more", actions[0].Op, actions[0].Name, len(actions)-1)
	}
	pending, err := w.idx.Pending(w.t.Context())
	if err != nil || len(pending) > 0 {
		w.t.Errorf("pending intents: %v, %v", pending, err)
	}
	held, err := w.idx.Locals(w.t.Context(), "", "", 100_000)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range held {
		h := &held[i]
		full, err := w.idx.Local(w.t.Context(), h.Entry.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		info, err := w.fs.Lstat(pathOf(h))
		if err != nil {
			w.t.Errorf("held but not on disk: %v", err)
			continue
		}
		ok, err := w.pull.holds(w.t.Context(), pathOf(h), info, &full.Entry)
		if err != nil || !ok {
			w.t.Errorf("%q is not what the index holds: %v", h.Entry.Name, err)
		}
		if same, _ := w.pull.unchanged(&h.Disk, h.Flags, info); !same {
			w.t.Errorf("facts of %q are %+v, recorded %+v", h.Entry.Name, info, h.Disk)
		}
	}
}

func (w *world) want(outs []plan.Outcome, status plan.Status) {
	w.t.Helper()
	for _, o := range outs {
		if o.Status != status {
			w.t.Errorf("outcome of %q is %v (%+v), want %v", o.Name, o.Status, o.Problem, status)
		}
	}
}

func bytesOf(n int, seed uint64) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	p := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(p)
	return p
}

func (w *world) versions(name string) int {
	w.t.Helper()
	s, _, err := w.idx.State(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(s.Heads)
}

var errStop = errors.New("stopped at a failpoint")

// parallel is an executor of 32 goroutines.
func parallel(n int, work func(int)) {
	var next sync.Mutex
	i := 0
	var group sync.WaitGroup
	for range min(n, 32) {
		group.Go(func() {
			for {
				next.Lock()
				k := i
				i++
				next.Unlock()
				if k >= n {
					return
				}
				work(k)
			}
		})
	}
	group.Wait()
}

func names(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
