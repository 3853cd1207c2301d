package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/chunk"
	"github.com/labsync/labsync/sync/drive"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/serve"
	"github.com/labsync/labsync/transport/session"
)

// folder is one configured folder. Its conf never changes: another
// configuration makes another folder.
type folder struct {
	conf   config.Folder
	rescan time.Duration
	home   string
	self   device.ID
	author conflict.Author // who records here
	peers  *peers
	clock  *clock
	fault  func(string) error
	tell   func(event.Event)
	log    *slog.Logger
	names  names

	mu      sync.Mutex // guards all below
	run     *drive.Folder
	ctx     context.Context         // of run
	stop    context.CancelCauseFunc // of run
	store   *store.Store
	past    runs   // of store
	failure string // why it does not run, one sentence
	since   time.Time
	refused refusals                   // of store
	firsts  map[plan.Problem]time.Time // since when each problem shown has been seen
}

// retryFolder is how long a folder that cannot run waits.
const retryFolder = 5 * time.Second

// keep keeps the folder running until ctx ends.
func (f *folder) keep(ctx context.Context) {
	var mended time.Time // when a damaged index was last set aside
	for {
		err := f.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if renewal := (*renewal)(nil); errors.As(err, &renewal) {
			continue
		}
		if errors.Is(err, index.ErrCorrupt) {
			last := mended
			mended = time.Now()
			if err = f.setDamagedAside(err); err == nil && mended.Sub(last) > retryFolder {
				continue
			}
		}
		if err != nil {
			f.fail(ctx, err)
		}
		select {
		case <-time.After(retryFolder):
		case <-ctx.Done():
			return
		}
	}
}

// renewal ends a run because the index needs a new identity.
type renewal struct{ why string } // a sentence for people

func (r *renewal) Error() string { return "the index needs a new identity" }

// once opens the folder and runs it until it ends.
func (f *folder) once(ctx context.Context) error {
	o, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer o.close()
	if err := f.forget(ctx, o.store); err != nil {
		return err
	}
	if err := f.putRecords(ctx, o.store); err != nil {
		return err
	}
	if o.refused, err = f.readRefusals(ctx, o.store); err != nil {
		return err
	}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	run := drive.New(f.options(o))
	f.begin(running, run, o, stop)
	var meeting sync.WaitGroup
	meeting.Go(func() {
		// Devices are met before they are told: what they send on being told
		// must not be taken for something of an index before.
		f.meetAll(running)
		f.peers.announce(running)
	})
	err = run.Run(running)
	f.end()
	stop(err)
	meeting.Wait()
	cause := context.Cause(running)
	if r := (*renewal)(nil); errors.As(cause, &r) {
		if err := f.fork(ctx, o.store, r.why); err != nil {
			return err
		}
		return r
	}
	if errors.Is(cause, index.ErrCorrupt) || errors.Is(cause, errUnwritable) {
		return cause
	}
	f.endRun(context.WithoutCancel(ctx), o)
	return err
}

// forget drops what is known of devices that the folder is not shared with any
// more: nobody waits for what only they announce, nor for them.
func (f *folder) forget(ctx context.Context, s *store.Store) error {
	known, err := s.Remotes(ctx)
	if err != nil {
		return err
	}
	for _, d := range known {
		if slices.Contains(f.conf.Devices, d) {
			continue
		}
		if err := s.ResetRemote(ctx, d, 0); err != nil {
			return fmt.Errorf("forget device %s: %w", d.Short(), err)
		}
	}
	return nil
}

func (f *folder) options(o *opened) drive.Options {
	return drive.Options{
		FS: o.fs, Index: suspect{o.store, f.doubt}, Root: f.conf.Path, Direction: direction(f.conf.Direction),
		Policy: policy(f.conf.Blocks), Rescan: f.rescan, Rules: f.conf.Ignore, PreviousRoot: o.previousRoot, Boot: bootID(),
		Source: source{f.peers, f.conf.ID, f.holders},
		Author: f.names.author, Clock: f.clock.seconds, Tell: f.happened, Fault: f.fault, Log: f.log,
	}
}

func direction(s string) plan.Direction {
	switch s {
	case config.SendOnly:
		return plan.SendOnly
	case config.ReceiveOnly:
		return plan.ReceiveOnly
	}
	return plan.SendReceive
}

func policy(s string) chunk.Policy {
	if s == config.BlocksFixed {
		return chunk.Fixed
	}
	return chunk.Content
}

func (f *folder) begin(ctx context.Context, run *drive.Folder, o *opened, stop context.CancelCauseFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx, f.run, f.store, f.past, f.stop, f.failure = ctx, run, o.store, o.runs, stop, ""
	f.refused = o.refused
}

func (f *folder) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ctx, f.run, f.store, f.stop = nil, nil, nil, nil
}

// fail notes why the folder does not run, and tells it once: people, and the
// devices that would go on sending to it.
func (f *folder) fail(ctx context.Context, err error) {
	text := f.failureText(err)
	f.mu.Lock()
	known := f.failure == text
	if !known {
		f.failure, f.since = text, time.Now()
	}
	f.mu.Unlock()
	if !known {
		f.log.Error("folder does not run", "folder", f.conf.ID, "err", err)
		f.tell(event.Event{Type: event.Problem, Folder: f.conf.ID, Text: text, Fields: map[string]string{"code": codeStopped}})
		f.peers.announce(ctx)
	}
}

// failureText says in one sentence what happened, to what, what to do.
func (f *folder) failureText(err error) string {
	path := f.conf.Path
	var problem *rootProblem
	switch {
	case errors.As(err, &problem):
		return problem.text
	case errors.Is(err, drive.ErrRoot):
		return fmt.Sprintf("%s is missing or empty, so nothing was deleted anywhere; mount or restore it, or %s if it is not wanted any more.", path, f.giveUp())
	case errors.Is(err, store.ErrNewerSchema):
		return fmt.Sprintf("The index of %s was written by a newer labsync; update labsync on this device.", path)
	}
	return fmt.Sprintf("%s is not synchronised: %v.", path, err)
}

// running returns what runs, or nils.
func (f *folder) running() (*drive.Folder, *store.Store) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.run, f.store
}

// askRenewal ends the run, for the index to get a new identity before the next
// one: it turned out to be a copy of one that others have seen further than
// this. Nothing more must be recorded under the old one.
func (f *folder) askRenewal(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop != nil {
		f.stop(&renewal{why})
	}
}

// fork gives the index of a folder that does not run, and what only it knows,
// a new identity.
func (f *folder) fork(ctx context.Context, s *store.Store, why string) error {
	if _, err := s.Fork(ctx); err != nil {
		return err
	}
	f.tellRenewed(why)
	return nil
}

func (f *folder) tellRenewed(why string) {
	f.tell(event.Event{Type: event.Problem, Folder: f.conf.ID, Text: why, Fields: map[string]string{"code": "index-renewed"}})
}

// holders returns the devices that announce content.
func (f *folder) holders(content index.Hash) []device.ID {
	_, s := f.running()
	if s == nil {
		return nil
	}
	ids, err := s.Holders(context.Background(), content)
	if f.doubt(err); err != nil {
		f.log.Error("who has a file could not be read", "folder", f.conf.ID, "err", err)
	}
	return ids
}

// announced takes what a device announces; last is the sequence that it covers.
// What comes while the folder does not run is missed.
func (f *folder) announced(ctx context.Context, q *peer, batch []index.Update, last int64) error {
	if q.linkOf(f.conf.ID) == nil {
		// The folder has just begun to run, and has not met all devices yet.
		if err := f.meetAgain(ctx, q); err != nil {
			return err
		}
	}
	if q.missedSome(f.conf.ID) {
		return nil
	}
	if len(batch) == 0 || batch[len(batch)-1].Sequence < last {
		batch = append(batch, index.Update{Sequence: last})
	}
	if run, _ := f.running(); run != nil {
		if err := run.Announced(ctx, q.device, batch); !errors.Is(err, drive.ErrStopped) {
			return err
		}
	}
	q.miss(f.conf.ID)
	return nil
}

// serve answers a device's requests.
func (f *folder) serve(ctx context.Context, want []session.Range, reply func(i int, data []byte, err error) error) error {
	run, _ := f.running()
	if run == nil {
		return serve.ErrNoBlock
	}
	ranges := make([]serve.Range, len(want))
	for i := range want {
		ranges[i] = serve.Range(want[i])
	}
	return run.Serve(ctx, ranges, reply)
}

// opened is a folder's root and index, found to belong together.
type opened struct {
	fs           *folderfs.Disk
	store        *store.Store
	previousRoot uint64
	orphaned     bool     // the folder was used with an index before, and this one is new,
	damaged      bool     // because that one was, which the person has been told
	runs         runs     // sequences that the index used
	refused      refusals // recorded in the index
	release      func()   // of the claim on the root
	log          *slog.Logger
}

func (o *opened) close() {
	if o.store != nil {
		if err := o.store.Close(); err != nil {
			o.log.Error("index was not closed cleanly", "err", err)
		}
	}
	if o.release != nil {
		o.release()
	}
	if o.fs != nil {
		if err := o.fs.Close(); err != nil {
			o.log.Debug("root was not closed", "err", err)
		}
	}
}
