package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// Compare drives two stores, which must hold the same, through the same
// operations drawn from seed and fails at the first answer in which they
// differ. It also recomputes every sum from the states of the names.
func Compare(t *testing.T, a, b index.Store, seed uint64, steps int) {
	t.Helper()
	d := &duel{
		fixture: &fixture{T: t, s: a, ctx: context.Background()},
		other:   &fixture{T: t, s: b, ctx: context.Background()},
		random:  rand.New(rand.NewPCG(seed, 0)),
	}
	operations := []func(){
		d.commit, d.commit, d.commit, d.commit, d.place, d.place, d.announce, d.announce, d.announce,
		d.settle, d.unsettle, d.reset, d.intend, d.abandon, d.record, d.set,
	}
	for step := range steps {
		d.step = fmt.Sprintf("seed %d, step %d", seed, step)
		operations[d.random.IntN(len(operations))]()
		if step%8 == 0 || step == steps-1 {
			d.compare()
		}
	}
}

// duel is one comparison: fixture has the first store, other the second.
type duel struct {
	*fixture
	other  *fixture
	random *rand.Rand
	step   string
}

// The names collide often and lie around the borders of a directory.
var duelNames = []string{"a", "a-b", "a/b", "a/b/c", "a0", "b"}

func pick[T any](d *duel, of []T) T { return of[d.random.IntN(len(of))] }

func (d *duel) chance(percent int) bool { return d.random.IntN(100) < percent }

// both runs an operation on each store; its answers must agree.
func (d *duel) both(what string, f func(s index.Store) (any, error)) {
	d.Helper()
	x, errX := f(d.s)
	y, errY := f(d.other.s)
	if errX != nil || errY != nil {
		d.Fatalf("%s: %s: %v, %v", d.step, what, errX, errY)
	}
	if dx, dy := dump(x), dump(y); dx != dy {
		d.Fatalf("%s: %s:\n%s\n%s", d.step, what, dx, dy)
	}
}

// dump writes a value so that nil and empty slices are the same.
func dump(x any) string {
	b, err := json.Marshal(x)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(b), "null", "[]"), `""`, "[]")
}

// known returns the state of a name, empty if nothing is known.
func (d *duel) known(name string) *index.State {
	s, _, err := d.s.State(d.ctx, name)
	d.must(err)
	return &s
}

// entry returns a version of a name that descends from some of the others.
func (d *duel) entry(name string, r index.Replica, from ...index.Version) index.Entry {
	var version index.Version
	for _, v := range from {
		if version == nil || d.chance(70) {
			version = version.Merge(v)
		}
	}
	version = version.Bump(r, 0)
	var e index.Entry
	switch d.random.IntN(6) {
	case 0:
		e = directory(name, version)
	case 1:
		e = index.Entry{Name: name, Type: index.Symlink, Target: "x", Version: version}
	default:
		e = file(name, version, pick(d, [][]string{{"one"}, {"two"}, {""}, {"one", "two"}, {"three", "one"}, {"three", "one", "x"}})...)
	}
	e.ModifiedBy = r
	if d.chance(25) {
		e = deleted(e, version)
		e.Parent = nil
	}
	return e
}

func (d *duel) commit() {
	name := pick(d, duelNames)
	s := d.known(name)
	c := index.Change{Heads: d.some(s.Versions()), Quiet: d.chance(10), Flags: index.Flags(d.random.IntN(64)) * index.Flags(d.random.IntN(2)),
		Disk: index.Disk{Size: 3, Inode: uint64(d.random.IntN(4)), Device: 1, Seen: 7}}
	from := slices.Clone(c.Heads)
	if s.Local != nil {
		c.Base = s.Local.Entry.Version
		from = append(from, c.Base)
	}
	if d.chance(5) {
		c.Base = v(77, 0)
	}
	c.Entry = d.entry(name, ours, from...)
	if !c.Quiet && d.chance(20) {
		c.Lost = d.some(append(s.Versions(), c.Base))
	}
	if d.chance(20) {
		c.Derived = []index.Entry{d.entry(pick(d, duelNames), ours, d.known(name).Versions()...)}
	}
	d.apply(c)
}

// place commits one of the heads, or renews what is held.
func (d *duel) place() {
	name := pick(d, duelNames)
	s := d.known(name)
	candidates := s.Versions()
	c := index.Change{Heads: d.some(candidates), Quiet: d.chance(10)}
	if s.Local != nil {
		c.Base = s.Local.Entry.Version
		candidates = append(candidates, c.Base)
	}
	if len(candidates) == 0 {
		return
	}
	e, err := d.s.Head(d.ctx, name, pick(d, candidates))
	d.must(err)
	c.Entry = e
	d.apply(c)
}

func (d *duel) apply(c index.Change) {
	durable := d.chance(50)
	d.both("commit", func(s index.Store) (any, error) { return s.Commit(d.ctx, []index.Change{c}, durable) })
}

func (d *duel) some(versions []index.Version) (some []index.Version) {
	for _, v := range versions {
		if d.chance(70) {
			some = append(some, v)
		}
	}
	return some
}

func (d *duel) announce() {
	from := pick(d, []device.ID{alice, bob, carol})
	r, err := d.s.Remote(d.ctx, from)
	d.must(err)
	var updates []index.Update
	for range 1 + d.random.IntN(3) {
		r.Sequence++
		name := pick(d, duelNames)
		s := d.known(name)
		heads := []index.Entry{d.entry(name, index.Replica(from[0]), d.some(s.Versions())...)}
		for _, v := range d.some(s.Versions()) {
			e, err := d.s.Head(d.ctx, name, v)
			d.must(err)
			heads = append(heads, e)
		}
		d.random.Shuffle(len(heads), func(i, j int) { heads[i], heads[j] = heads[j], heads[i] })
		updates = append(updates, index.Update{Sequence: r.Sequence, Heads: heads[:1+d.random.IntN(len(heads))]})
	}
	d.both("record", func(s index.Store) (any, error) { return nil, s.RecordRemote(d.ctx, from, updates) })
}

func (d *duel) settle() {
	name := pick(d, duelNames)
	heads := d.some(d.known(name).Versions())
	d.both("settle", func(s index.Store) (any, error) {
		return nil, s.Settle(d.ctx, []index.Settled{{Name: name, Heads: heads}})
	})
}

func (d *duel) unsettle() {
	dir := pick(d, append(duelNames, ""))
	d.both("unsettle", func(s index.Store) (any, error) { return nil, s.Unsettle(d.ctx, dir) })
}

func (d *duel) reset() {
	if !d.chance(20) {
		return
	}
	who, id := pick(d, []device.ID{alice, bob, carol}), d.random.Uint64N(3)
	d.both("reset", func(s index.Store) (any, error) { return nil, s.ResetRemote(d.ctx, who, id) })
}

func (d *duel) intend() {
	n := index.Intent{Operation: "replace", Path: "a", New: d.entry("a", ours)}
	d.both("begin", func(s index.Store) (any, error) { return s.Begin(d.ctx, []index.Intent{n}) })
}

func (d *duel) abandon() {
	pending, err := d.s.Pending(d.ctx)
	d.must(err)
	if len(pending) > 0 {
		id := pick(d, pending).ID
		d.both("abandon", func(s index.Store) (any, error) { return nil, s.Abandon(d.ctx, []index.IntentID{id}) })
	}
}

func (d *duel) record() {
	r := index.Record{Kind: "k", Key: pick(d, duelNames), Version: v(0, 1+d.random.Uint64N(9)), Sequence: d.random.Int64N(50), Payload: []byte{byte(d.random.IntN(3))}}
	d.both("join", func(s index.Store) (any, error) { return s.JoinRecords(d.ctx, alice, []index.Record{r}) })
}

func (d *duel) set() {
	key, value := pick(d, duelNames), pick(d, [][]byte{nil, {}, {1}})
	d.both("set", func(s index.Store) (any, error) { return nil, s.SetSetting(d.ctx, key, value) })
}
