package drive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/serve"
	"github.com/labsync/labsync/sync/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is one device with a folder in memory. It lives in a synctest bubble:
// waiting costs no time, and settle knows when nothing happens any more.
type node struct {
	*Folder
	t       *testing.T
	id      device.ID
	fs      *memfs.FS
	mem     *memstore.Store
	idx     *faulty
	watcher *hand
	ended   chan error // what Run returned
	cancel  context.CancelFunc

	mu      sync.Mutex // guards all below
	told    []Happening
	sources []*node // connected devices
}

func newNode(t *testing.T, id byte) *node {
	t.Helper()
	files := memfs.New(memfs.Options{Clock: func() int64 { return time.Now().UnixNano() }})
	if err := files.Prepare(); err != nil {
		t.Fatal(err)
	}
	mem, err := memstore.New(memstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, id: device.ID{id}, fs: files, mem: mem}
	n.renew(Options{})
	return n
}

// renew makes another Folder of the same files and index, as a restart does.
func (n *node) renew(o Options) {
	n.idx = &faulty{Store: n.mem}
	n.watcher = &hand{batches: make(chan watch.Batch)}
	o.FS, o.Index, o.Root, o.Source, o.Watcher = n.fs, n.idx, "/folder", n, n.watcher
	o.Author = func(index.Replica) conflict.Author { return conflict.Author{} }
	o.Tell = func(h Happening) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.told = append(n.told, h)
	}
	n.Folder = New(o)
	n.ended = make(chan error, 1)
}

func (n *node) start() {
	ctx, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	go func() { n.ended <- n.Run(ctx) }()
}

// stop ends Run, which must take no time and be no error.
func (n *node) stop() {
	n.t.Helper()
	began := time.Now()
	n.cancel()
	if err := <-n.ended; err != nil {
		n.t.Errorf("Run = %v when its context had ended", err)
	}
	if took := time.Since(began); took > 0 {
		n.t.Errorf("Run took %v to end", took)
	}
}

// touch tells the watcher that names have changed.
func (n *node) touch(names ...string) { n.watcher.batches <- watch.Batch{Names: names} }

func (n *node) write(name, content string) {
	n.t.Helper()
	n.must(n.fs.User().Write(name, []byte(content)))
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

// save writes a file as a program does, and lets it be noticed.
func (n *node) save(name, content string) {
	n.t.Helper()
	n.write(name, content)
	n.touch(name)
}

// holds checks a file; content "" stands for no file.
func (n *node) holds(name, content string) {
	n.t.Helper()
	got, err := n.fs.User().Read(name)
	if err != nil && content != "" || string(got) != content {
		n.t.Errorf("%s of %v holds %q, %v; want %q", name, n.id[0], got, err, content)
	}
}

func (n *node) sawKind(k Kind, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.told, func(h Happening) bool { return h.Kind == k && h.Name == name })
}

// Peers implements pull.Source.
func (n *node) Peers(content index.Hash) []pull.Peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []pull.Peer
	for _, s := range n.sources {
		out = append(out, remote{s})
	}
	return out
}

// remote asks another node for bytes.
type remote struct{ *node }

func (r remote) Device() device.ID { return r.id }

func (r remote) Request(ctx context.Context, want []pull.Range) ([][]byte, error) {
	ranges := make([]serve.Range, len(want))
	for i := range want {
		ranges[i] = serve.Range(want[i])
	}
	out := make([][]byte, len(want))
	return out, r.Serve(ctx, ranges, func(i int, data []byte, err error) error {
		out[i] = slices.Clone(data)
		return nil
	})
}

// wire is a Link to another node.
type wire struct{ from, to *node }

func (w *wire) Announce(ctx context.Context, updates []index.Update, last int64) error {
	if len(updates) == 0 {
		return nil
	}
	return w.to.Announced(ctx, w.from.id, updates)
}

// connect joins two running nodes both ways.
func connect(a, b *node) {
	for _, x := range [][2]*node{{a, b}, {b, a}} {
		from, to := x[0], x[1]
		from.mu.Lock()
		from.sources = append(from.sources, to)
		from.mu.Unlock()
		known, err := to.mem.Remote(context.Background(), from.id)
		from.must(err)
		from.must(from.PeerUp(context.Background(), to.id, known.Sequence, &wire{from, to}))
	}
}

// settle waits until nothing happens any more, whatever timers are set.
func settle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// hand is a watcher worked by hand.
type hand struct {
	batches chan watch.Batch
	mu      sync.Mutex
	ignores int // how often rules were set
}

func (h *hand) Run(ctx context.Context, emit func(watch.Batch) error) error {
	for {
		select {
		case b := <-h.batches:
			if err := emit(b); err != nil {
				return fmt.Errorf("emit: %w", err)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *hand) SetIgnore(func(string, bool) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ignores++
}

// changed reports whether rules were set.
func (h *hand) changed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ignores > 0
}

// faulty is a store whose writes can be held up or made to fail.
type faulty struct {
	*memstore.Store

	mu          sync.Mutex // guards all below
	commit      error
	record      error
	gate        chan struct{} // a token lets one write through; nil lets all
	writes      int           // begun
	checkpoints int
}

var errDisk = errors.New("disk is broken")

func (s *faulty) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *faulty) count(n *int) (value int) {
	s.set(func() { value = *n })
	return value
}

func (s *faulty) enter(ctx context.Context, fail *error) error {
	s.mu.Lock()
	gate, err := s.gate, *fail
	s.writes++
	s.mu.Unlock()
	if err != nil || gate == nil {
		return err
	}
	select {
	case <-gate:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *faulty) Commit(ctx context.Context, changes []index.Change, durable bool) ([]int, error) {
	if err := s.enter(ctx, &s.commit); err != nil {
		return nil, err
	}
	return s.Store.Commit(ctx, changes, durable)
}

func (s *faulty) RecordRemote(ctx context.Context, d device.ID, updates []index.Update) error {
	if err := s.enter(ctx, &s.record); err != nil {
		return err
	}
	return s.Store.RecordRemote(ctx, d, updates)
}

func (s *faulty) Checkpoint(context.Context) error {
	s.set(func() { s.checkpoints++ })
	return nil
}
