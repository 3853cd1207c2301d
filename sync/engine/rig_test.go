package engine

import (
	"context"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/plan"
)

var (
	alice = device.ID{2}
	bob   = device.ID{3}
	carol = device.ID{4}
)

// replicas of the devices that announce.
const (
	byAlice index.Replica = 2
	byBob   index.Replica = 3
)

// rig is an engine with an index in memory. It carries out the effects that
// write the index at once and keeps the others for the test.
type rig struct {
	t      *testing.T
	store  *memstore.Store
	engine *Engine
	now    time.Time
	me     index.Replica
	out    []Effect // neither carried out nor taken yet
	hold   bool     // keep the effects that write the index too
	steps  int
}

func newRig(t *testing.T, change func(*Options)) *rig {
	store, err := memstore.New(memstore.Options{Random: strings.NewReader(strings.Repeat("replica!", 4))})
	if err != nil {
		t.Fatal(err)
	}
	who, err := store.Identity(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: store, now: time.Unix(1_000_000, 0), me: who.Replica}
	o := Options{Index: store, Replica: func() index.Replica { return who.Replica }}
	if change != nil {
		change(&o)
	}
	r.engine = New(o)
	return r
}

// started returns a rig whose first scan has ended, with nothing found.
func started(t *testing.T, change func(*Options)) *rig {
	r := newRig(t, change)
	r.step(Started{})
	r.step(ScanDone{ID: one[Scan](r).ID})
	one[Recheck](r, Started{}, Tick{}) // asked for at the start
	r.step(Rechecked{})
	r.out = nil
	return r
}

func (r *rig) step(ev Event) {
	r.t.Helper()
	effects, err := r.engine.Step(context.Background(), r.now, ev)
	if err != nil {
		r.t.Fatalf("Step(%T): %v", ev, err)
	}
	if r.steps++; r.steps > 10_000 {
		r.t.Fatal("the engine never comes to rest")
	}
	for _, f := range effects {
		if !r.hold && r.write(f) {
			continue
		}
		r.out = append(r.out, f)
	}
}

// write carries out an effect that writes the index.
func (r *rig) write(f Effect) bool {
	r.t.Helper()
	ctx := context.Background()
	switch f := f.(type) {
	case Commit:
		stale, err := r.store.Commit(ctx, f.Changes, true)
		r.must(err)
		r.must(r.store.Settle(ctx, f.Settled))
		done := Committed{ID: f.ID, Sequence: r.sequence()}
		for _, i := range stale {
			done.Stale = append(done.Stale, f.Changes[i].Entry.Name)
		}
		r.step(done)
	case RecordRemote:
		r.must(r.store.RecordRemote(ctx, f.Device, f.Updates))
		r.step(RemoteRecorded{ID: f.ID, Device: f.Device})
	case Unsettle:
		r.must(r.store.Unsettle(ctx, ""))
		r.step(Unsettled(f))
	default:
		return false
	}
	return true
}

// release carries out the writes that were kept.
func (r *rig) release() {
	r.t.Helper()
	r.hold = false
	kept := r.out
	r.out = nil
	for _, f := range kept {
		if !r.write(f) {
			r.out = append(r.out, f)
		}
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) sequence() int64 {
	who, err := r.store.Identity(context.Background())
	r.must(err)
	return who.Sequence
}

func (r *rig) state(name string) index.State {
	s, _, err := r.store.State(context.Background(), name)
	r.must(err)
	return s
}

// pass lets time go by, with a Tick if the engine asked for one.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	r.now = r.now.Add(d)
	r.step(Tick{})
}

// all takes the effects of a kind out of those that wait.
func all[E Effect](r *rig) []E {
	var found []E
	var rest []Effect
	for _, f := range r.out {
		if e, ok := f.(E); ok {
			found = append(found, e)
			continue
		}
		rest = append(rest, f)
	}
	r.out = rest
	return found
}

// one takes the only effect of a kind; if there is none, the events are fed
// first.
func one[E Effect](r *rig, events ...Event) E {
	r.t.Helper()
	found := all[E](r)
	if len(found) == 0 && len(events) > 0 {
		for _, ev := range events[1:] {
			r.step(ev)
		}
		found = all[E](r)
	}
	if len(found) != 1 {
		var none E
		r.t.Fatalf("%d effects %T, want one; others wait: %#v", len(found), none, r.out)
	}
	return found[0]
}

// none checks that no effect of a kind waits.
func none[E Effect](r *rig, why string) {
	r.t.Helper()
	if found := all[E](r); len(found) > 0 {
		r.t.Fatalf("%s: %#v", why, found)
	}
}

func block(content string) []index.Block {
	return []index.Block{{Size: int32(len(content)), Hash: sha256.Sum256([]byte(content))}}
}

func file(name, content string, by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{
		Name: name, Size: int64(len(content)), Mode: 0o644, Mtime: 5, ModifiedBy: by,
		Version: version, Blocks: block(content), Hash: index.HashBlocks(block(content)),
	}
}

func directory(name string, by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{Name: name, Type: index.Directory, Mode: 0o755, ModifiedBy: by, Version: version}
}

func gone(of index.Entry, by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{Name: of.Name, Type: of.Type, Deleted: true, Hash: of.Hash, ModifiedBy: by, Version: version}
}

func c(r index.Replica, v uint64) index.Counter { return index.Counter{Replica: r, Value: v} }

// announce lets a device announce entries, each of another name.
func (r *rig) announce(d device.ID, entries ...index.Entry) {
	r.t.Helper()
	ev := Received{Device: d}
	for i := range entries {
		ev.Updates = append(ev.Updates, index.Update{Sequence: int64(i + 1), Heads: entries[i : i+1]})
	}
	r.step(ev)
}

// have records entries as held here.
func (r *rig) have(entries ...index.Entry) {
	r.t.Helper()
	for i := range entries {
		e := entries[i]
		_, err := r.store.Commit(context.Background(), []index.Change{{Entry: e, Disk: index.Disk{Type: e.Type, Size: e.Size}}}, true)
		r.must(err)
	}
	r.engine.sequence = r.sequence()
}

// fetched ends a Fetch with every name Done.
func (r *rig) fetched(f Fetch) {
	r.t.Helper()
	r.step(Fetched{ID: f.ID, Outcomes: done(f.Actions)})
}

func done(actions []plan.Action) []plan.Outcome {
	out := make([]plan.Outcome, len(actions))
	for i := range actions {
		out[i].Name = actions[i].Name
	}
	return out
}

// placed records what a Place was to do, as sync/pull does, and ends it.
func (r *rig) placed(p Place) {
	r.t.Helper()
	for i := range p.Actions {
		a := &p.Actions[i]
		want, err := index.WithBlocks(context.Background(), r.store, a.Want, a.Heads)
		r.must(err)
		changes := []index.Change{{Base: a.Base(), Entry: want, Heads: a.Heads, Quiet: a.Quiet}}
		if a.From != nil {
			changes = append(changes, index.Change{Base: a.From.Entry.Version, Entry: a.FromWant, Heads: a.FromHeads})
		}
		_, err = r.store.Commit(context.Background(), changes, true)
		r.must(err)
	}
	r.step(Placed{ID: p.ID, Outcomes: done(p.Actions), Sequence: r.sequence()})
}

// ended ends a Place of one name in another way.
func (r *rig) ended(p Place, o plan.Outcome) {
	r.t.Helper()
	o.Name = p.Actions[0].Name
	r.step(Placed{ID: p.ID, Outcomes: []plan.Outcome{o}, Sequence: r.sequence()})
}

func problem(code string) *plan.Problem { return &plan.Problem{Name: "n", Code: code, Text: code} }
