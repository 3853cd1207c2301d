package drive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/ignore"
)

// rules are the ignore rules in force. The file with them travels like any
// other, but one from another device that ignores less waits until a person
// here accepts it: it may be about to send out what was private.
type rules struct {
	own     []string // of this device's configuration, always in force
	matcher atomic.Pointer[ignore.Matcher]
	text    []byte                    // content in force; only the store lane and open use it
	since   atomic.Pointer[time.Time] // when rules began to wait; nil while none do
}

// acceptedRules is the setting that keeps the content in force.
const acceptedRules = "ignore.accepted"

// maxRules bounds what an ignore file may hold.
const maxRules = 1 << 20

func newRules(own []string) *rules {
	r := &rules{own: own}
	r.matcher.Store(ignore.New(own, nil))
	return r
}

func (r *rules) match(name string, dir bool) bool { return r.matcher.Load().Match(name, dir) }

func (r *rules) use(text []byte) {
	r.text = text
	r.matcher.Store(ignore.New(r.own, text))
}

func (r *rules) wait() {
	now := time.Now()
	r.since.CompareAndSwap(nil, &now)
}

// waits reports whether rules wait to be accepted, and since when.
func (r *rules) waits() (bool, time.Time) {
	if at := r.since.Load(); at != nil {
		return true, *at
	}
	return false, time.Time{}
}

// load takes the rules that were in force before, or on a first run the file's.
func (r *rules) load(ctx context.Context, fsys folderfs.Reader, idx index.Store) error {
	accepted, err := idx.Setting(ctx, acceptedRules)
	if err != nil {
		return err
	}
	onDisk, err := readRules(fsys)
	if err != nil {
		return err
	}
	if accepted != nil {
		r.use(accepted[1:])
		if ignore.Relaxes(r.text, onDisk) {
			r.wait()
			return nil
		}
	}
	return r.accept(ctx, idx, onDisk)
}

// accept puts content in force. The setting has a leading byte, since an empty
// one would count as absent.
func (r *rules) accept(ctx context.Context, idx index.Store, text []byte) error {
	r.use(text)
	r.since.Store(nil)
	return idx.SetSetting(ctx, acceptedRules, append([]byte{'='}, text...))
}

func readRules(fsys folderfs.Reader) ([]byte, error) {
	file, err := fsys.Open(ignore.FileName)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, folderfs.ErrKind) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the ignore rules: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRules))
	if err != nil {
		return nil, fmt.Errorf("read the ignore rules: %w", err)
	}
	return text, nil
}
