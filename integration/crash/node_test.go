package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/drive"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/serve"
)

// nodeOptions say where a node lies and who watches it.
type nodeOptions struct {
	id       device.ID
	root, db string
	lack     folderfs.Capabilities // what the folder's file system is to lack
	// wrap, if set, comes between the puller and the folder.
	wrap func(folderfs.Writer) folderfs.Writer
	// seen, if set, is told what has been recorded, and what is about to be
	// announced.
	seen func(mark) error
	// forgetful lets nothing recorded be durable before the system pleases.
	forgetful bool
	fault     func(point string) error
}

// node is a device without a network: a folder, an index, and what runs them,
// as the daemon puts them together.
type node struct {
	opt   nodeOptions
	disk  *folderfs.Disk
	store *store.Store
	run   *drive.Folder

	stop  context.CancelFunc
	ended chan error // what Run returned

	mu      sync.Mutex // guards sources
	sources []*node

	committing sync.Mutex // a commit and its mark are one, so that marks are in order
}

// rootKey is the setting with the number of the root's device.
const rootKey = "crash.root"

// openNode opens folder and index; nothing runs yet.
func openNode(ctx context.Context, o nodeOptions) (*node, error) {
	n := &node{opt: o, ended: make(chan error, 1)}
	var err error
	if n.disk, err = folderfs.Open(o.root, folderfs.Options{Without: o.lack}); err != nil {
		return nil, err
	}
	if n.store, err = store.Open(ctx, o.db, store.Options{}); err != nil {
		return nil, errors.Join(err, n.disk.Close())
	}
	previous, err := n.meetRoot(ctx)
	if err != nil {
		return nil, errors.Join(err, n.close())
	}
	w := folderfs.Writer(n.disk)
	if o.wrap != nil {
		w = o.wrap(w)
	}
	n.run = drive.New(drive.Options{
		FS: w, Index: &observed{n.store, n}, Root: o.root, Source: n, PreviousRoot: previous, Fault: o.fault,
		Author: func(r index.Replica) conflict.Author { return conflict.Author{Device: r.String()[:4]} },
	})
	return n, nil
}

// meetRoot prepares a new folder, and tells on which device it was before.
func (n *node) meetRoot(ctx context.Context) (previous uint64, err error) {
	known, err := n.store.Setting(ctx, rootKey)
	if err != nil {
		return 0, err
	}
	if known == nil {
		err = n.disk.Prepare()
	} else {
		previous, err = strconv.ParseUint(string(known), 10, 64)
		if _, lacks := n.disk.Lstat(folderfs.DisplacedDir); lacks != nil {
			return 0, fmt.Errorf("the folder was prepared and is not: %w", lacks)
		}
	}
	if err != nil {
		return 0, err
	}
	return previous, n.store.SetSetting(ctx, rootKey, strconv.AppendUint(nil, n.disk.Root().Device, 10))
}

func (n *node) close() error { return errors.Join(n.store.Close(), n.disk.Close()) }

func (n *node) start() {
	ctx, cancel := context.WithCancel(context.Background())
	n.stop = cancel
	go func() { n.ended <- n.run.Run(ctx) }()
}

// end stops what runs and closes everything.
func (n *node) end() error {
	var err error
	if n.stop != nil {
		n.stop()
		err = <-n.ended
	}
	return errors.Join(err, n.close())
}

// patience is how long a condition may take that takes a second at most on a
// machine that has nothing else to do.
const patience = 60 * time.Second

// await waits until a condition holds. What it looks at has no event.
func await(what string, cond func() (bool, error)) error {
	for deadline := time.Now().Add(patience); ; {
		if ok, err := cond(); ok || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %v in vain for %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// rested reports whether the node has scanned all and can do nothing more
// without help.
func (n *node) rested() (bool, error) {
	select {
	case err := <-n.ended:
		n.ended <- err
		return false, fmt.Errorf("the folder ended: %w", err)
	default:
	}
	s, err := n.run.Status(context.Background())
	e := s.Engine
	return e.Scanned && !e.Scanning && e.Working == 0 && e.Resting && e.Failure == nil, err
}

// observed is a store that tells what was recorded.
type observed struct {
	*store.Store
	node *node
}

func (o *observed) Commit(ctx context.Context, changes []index.Change, durable bool) ([]int, error) {
	o.node.committing.Lock()
	defer o.node.committing.Unlock()
	stale, err := o.Store.Commit(ctx, changes, durable && !o.node.opt.forgetful)
	if err != nil || o.node.opt.seen == nil {
		return stale, err
	}
	m := mark{Kind: committed, Durable: durable}
	for i := range changes {
		if !slices.Contains(stale, i) && !changes[i].Quiet {
			m.States = append(m.States, stateOf(&changes[i].Entry))
		}
	}
	return stale, o.node.opt.seen(m)
}

// wire is a drive.Link to another node.
type wire struct{ from, to *node }

func (w *wire) Announce(ctx context.Context, updates []index.Update, last int64) error {
	if seen := w.from.opt.seen; seen != nil {
		who, err := w.from.store.Identity(ctx)
		if err != nil {
			return err
		}
		m := mark{Kind: announced, Sequence: last, Index: who.Index}
		for i := range updates {
			m.States = append(m.States, stateOf(&updates[i].Heads[0]))
		}
		if err := seen(m); err != nil {
			return err
		}
	}
	if n := len(updates); n == 0 || updates[n-1].Sequence < last {
		updates = append(slices.Clone(updates), index.Update{Sequence: last})
	}
	return w.to.run.Announced(ctx, w.from.opt.id, updates)
}

// connect joins two running nodes both ways.
func connect(ctx context.Context, a, b *node) error {
	for _, x := range [][2]*node{{a, b}, {b, a}} {
		from, to := x[0], x[1]
		from.mu.Lock()
		from.sources = append(from.sources, to)
		from.mu.Unlock()
		known, err := from.knownTo(ctx, to)
		if err != nil {
			return err
		}
		if err := from.run.PeerUp(ctx, to.opt.id, known, &wire{from, to}); err != nil {
			return err
		}
	}
	return nil
}

// knownTo returns how much of n's index another node has.
func (n *node) knownTo(ctx context.Context, other *node) (int64, error) {
	who, err := n.store.Identity(ctx)
	if err != nil {
		return 0, err
	}
	remote, err := other.store.Remote(ctx, n.opt.id)
	if err != nil {
		return 0, err
	}
	if remote.Index != who.Index {
		return 0, other.store.ResetRemote(ctx, n.opt.id, who.Index)
	}
	if remote.Sequence > who.Sequence {
		return 0, fmt.Errorf("%d was announced, and the index has come to %d only", remote.Sequence, who.Sequence)
	}
	return remote.Sequence, nil
}

// Peers implements pull.Source.
func (n *node) Peers(index.Hash) []pull.Peer {
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

func (r remote) Device() device.ID { return r.opt.id }

func (r remote) Request(ctx context.Context, want []pull.Range) ([][]byte, error) {
	ranges := make([]serve.Range, len(want))
	for i := range want {
		ranges[i] = serve.Range(want[i])
	}
	out := make([][]byte, len(want))
	err := r.run.Serve(ctx, ranges, func(i int, data []byte, err error) error {
		if err == nil {
			out[i] = slices.Clone(data)
		}
		return nil
	})
	return out, err
}
