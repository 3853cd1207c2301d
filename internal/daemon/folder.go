package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	fault  func(string) error
	tell   func(event.Event)
	log    *slog.Logger
	names  names

	mu      sync.Mutex // guards all below
	run     *drive.Folder
	stop    context.CancelCauseFunc // of run
	store   *store.Store
	failure string // why it does not run, one sentence
	since   time.Time
	trouble map[string]plan.Problem    // announcements left out, by name
	firsts  map[plan.Problem]time.Time // since when each problem shown has been seen
}

// retryFolder is how long a folder that cannot run waits.
const retryFolder = 5 * time.Second

// Run keeps the folder running until ctx ends.
func (f *folder) Run(ctx context.Context) error {
	for {
		err := f.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if !errors.Is(err, errRenewed) {
			f.fail(err)
			select {
			case <-time.After(retryFolder):
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// errRenewed ends a run because the index got a new identity.
var errRenewed = errors.New("index has a new identity")

// once opens the folder and runs it until it ends.
func (f *folder) once(ctx context.Context) error {
	o, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer o.close()
	if err := f.putRecords(ctx, o.store); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	run := drive.New(f.options(o))
	f.begin(run, o.store, stop)
	var meeting sync.WaitGroup
	meeting.Go(func() {
		f.peers.announce(ctx)
		f.meetAll(ctx)
	})
	err = run.Run(ctx)
	f.end()
	stop(nil)
	meeting.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, errRenewed) {
		return errRenewed
	}
	return err
}

func (f *folder) options(o *opened) drive.Options {
	return drive.Options{
		FS: o.fs, Index: o.store, Root: f.conf.Path, Direction: direction(f.conf.Direction),
		Policy: policy(f.conf.Blocks), Rescan: f.rescan, Rules: f.conf.Ignore, PreviousRoot: o.previousRoot,
		Source: source{f.peers, f.conf.ID, f.holders},
		Send: func(ctx context.Context, to device.ID, updates []index.Update, last int64) error {
			return f.peers.send(ctx, f.conf.ID, to, updates, last)
		},
		Author: f.names.author, Tell: f.happened, Fault: f.fault, Log: f.log,
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

func (f *folder) begin(run *drive.Folder, s *store.Store, stop context.CancelCauseFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.run, f.store, f.stop, f.failure = run, s, stop, ""
	f.trouble = map[string]plan.Problem{}
}

func (f *folder) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.run, f.store, f.stop = nil, nil, nil
}

// fail notes why the folder does not run, and tells it once.
func (f *folder) fail(err error) {
	text := failureText(f.conf.Path, err)
	f.mu.Lock()
	known := f.failure == text
	if !known {
		f.failure, f.since = text, time.Now()
	}
	f.mu.Unlock()
	if !known {
		f.log.Error("folder does not run", "folder", f.conf.ID, "err", err)
		f.tell(event.Event{Type: event.Problem, Folder: f.conf.ID, Text: text, Fields: map[string]string{"code": "folder-stopped"}})
	}
}

// failureText says in one sentence what happened, to what, what to do.
func failureText(path string, err error) string {
	var problem *rootProblem
	switch {
	case errors.As(err, &problem):
		return problem.text
	case errors.Is(err, drive.ErrRoot):
		return fmt.Sprintf("%s is missing or empty, so nothing was deleted anywhere; mount or restore it, or run labsync folder remove if it is not wanted any more.", path)
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

// renew gives the index a new identity: it turned out to be a copy of one that
// others have seen further than this. The folder is run anew.
func (f *folder) renew(ctx context.Context, why string) error {
	run, s := f.running()
	if run == nil {
		return nil
	}
	if _, err := s.Renew(ctx); err != nil {
		return err
	}
	f.tell(event.Event{Type: event.Problem, Folder: f.conf.ID, Text: why, Fields: map[string]string{"code": "index-renewed"}})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop != nil {
		f.stop(errRenewed)
	}
	return nil
}

// holders returns the devices that announce content.
func (f *folder) holders(content index.Hash) []device.ID {
	_, s := f.running()
	if s == nil {
		return nil
	}
	ids, err := s.Holders(context.Background(), content)
	if err != nil {
		f.log.Error("who has a file could not be read", "folder", f.conf.ID, "err", err)
	}
	return ids
}

// announced takes what a device announces.
func (f *folder) announced(ctx context.Context, d device.ID, batch []index.Update) error {
	run, _ := f.running()
	if run == nil || len(batch) == 0 {
		return nil // it is sent again when the folder runs
	}
	if err := run.Announced(ctx, d, batch); !errors.Is(err, drive.ErrStopped) {
		return err
	}
	return nil
}

// rejected notes an announcement that broke a rule.
func (f *folder) rejected(d device.ID, r session.Rejected) {
	f.mu.Lock()
	defer f.mu.Unlock()
	const most = 1000
	if f.trouble != nil && len(f.trouble) < most {
		f.trouble[r.Name] = plan.Problem{
			Name: r.Name, Code: codeRefusedName,
			Text: fmt.Sprintf("Device %s announced %q, which was refused: %s; rename or remove it there.", d.Short(), r.Name, r.Reason),
		}
	}
}

const codeRefusedName = "refused-name"

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
	log          *slog.Logger
}

func (o *opened) close() {
	if o.store != nil {
		if err := o.store.Close(); err != nil {
			o.log.Error("index was not closed cleanly", "err", err)
		}
	}
	if o.fs != nil {
		if err := o.fs.Close(); err != nil {
			o.log.Debug("root was not closed", "err", err)
		}
	}
}
