package scan

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// world is a folder in memory with its index, on one clock that only reading it
// advances.
type world struct {
	t    *testing.T
	fs   *memfs.FS
	user memfs.User
	idx  index.Store
	now  atomic.Int64
	opt  Options
}

func newWorld(t *testing.T, caps folderfs.Capabilities) *world {
	w := &world{t: t}
	w.now.Store(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).UnixNano())
	w.fs = memfs.New(memfs.Options{Capabilities: caps, Clock: w.tick})
	w.user = w.fs.User()
	w.must(w.fs.Prepare())
	idx, err := memstore.New(memstore.Options{Random: strings.NewReader(strings.Repeat("replica!", 8))})
	w.must(err)
	w.idx = idx
	w.opt.Now = func() time.Time { return time.Unix(0, w.tick()) }
	return w
}

func (w *world) tick() int64 { return w.now.Add(int64(time.Millisecond)) }

// rest lets enough time pass for facts to prove something.
func (w *world) rest() { w.now.Add(int64(time.Minute)) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// scan scans and returns the findings without recording them.
func (w *world) scan(scopes ...Scope) []Found {
	w.t.Helper()
	if len(scopes) == 0 {
		scopes = []Scope{{Recursive: true}}
	}
	var all []Found
	w.must(New(w.fs, w.idx, w.opt).Scan(context.Background(), scopes, func(f []Found) error {
		all = append(all, f...)
		return nil
	}, nil))
	return all
}

// record commits findings as an engine would.
func (w *world) record(found []Found) {
	w.t.Helper()
	ctx := context.Background()
	me, err := w.idx.Identity(ctx)
	w.must(err)
	var changes []index.Change
	for _, f := range found {
		c := index.Change{Base: f.Base, Entry: f.Entry, Disk: f.Disk, Flags: f.Flags}
		switch f.Kind {
		case Changed, MetaChanged, Removed:
			c.Entry.Version = f.Base.Bump(me.Replica, w.now.Load()/int64(time.Second))
			c.Entry.ModifiedBy, c.Entry.Parent = me.Replica, f.Base
		case Hidden:
			c.Quiet = true
		case Touched:
		default:
			continue
		}
		changes = append(changes, c)
	}
	stale, err := w.idx.Commit(ctx, changes, true)
	w.must(err)
	if len(stale) > 0 {
		w.t.Fatalf("stale changes: %v of %v", stale, show(found))
	}
}

// settle scans, records, and lets time pass.
func (w *world) settle(scopes ...Scope) []Found {
	w.t.Helper()
	w.rest()
	found := w.scan(scopes...)
	w.record(found)
	w.rest()
	return found
}

// show writes findings as "name kind", with what else matters.
func show(found []Found) []string {
	out := make([]string, 0, len(found))
	for _, f := range found {
		s := f.Name + " " + f.Kind.String()
		if f.Problem != nil {
			s += " " + string(f.Problem.Code)
		}
		if f.Entry.RenamedFrom != "" {
			s += " from " + f.Entry.RenamedFrom
		}
		if f.Flags != 0 {
			s += fmt.Sprintf(" flags %d", f.Flags)
		}
		out = append(out, s)
	}
	return out
}

// expect compares findings with lines as show writes them.
func (w *world) expect(what string, found []Found, want ...string) {
	w.t.Helper()
	got := show(found)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("%s: got\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
