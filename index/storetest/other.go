package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/labsync/labsync/index"
)

// sameEntry compares entries field by field, nil and empty slices being equal.
func sameEntry(f *fixture, got, want index.Entry) {
	f.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		f.Fatalf("entry\n%s\nwant\n%s", g, w)
	}
}

func testIntents(f *fixture) {
	old, next := file("a", v(1, 0), "one", "two"), file("a", v(1, 1), "three", "four")
	old.Blocks = nil
	intents := []index.Intent{
		{Operation: "replace", Path: "a", Work: ".labsync/tmp/1", New: next, Heads: []index.Version{v(1, 1), v(1, 0)},
			Expected: index.Held{Entry: old, Disk: index.Disk{Size: 6, Mtime: 5, Seen: 9, Inode: 3}, Flags: index.MustRescan}},
		{Operation: "rename", Path: "b", To: "c", New: directory("c", v(1, 0))},
		{Operation: "delete", Path: "d", New: deleted(file("d", v(1, 0), "x"), v(2, 0))},
	}
	ids, err := f.s.Begin(f.ctx, intents)
	f.must(err)
	pending, err := f.s.Pending(f.ctx)
	f.must(err)
	equal(f, "pending intents", len(pending), len(intents))
	for i, n := range intents {
		n.ID = ids[i]
		if g, w := fmt.Sprintf("%+v", pending[i]), fmt.Sprintf("%+v", n); g != w {
			f.Fatalf("intent\n%s\nwant\n%s", g, w)
		}
	}
	// A stale change does not settle, one that is recorded does.
	stale, err := f.s.Commit(f.ctx, []index.Change{{Base: v(9, 0), Entry: next, Intent: ids[0]}}, true)
	f.must(err)
	equal(f, "stale changes", len(stale), 1)
	f.commit(index.Change{Entry: next, Intent: ids[0]})
	f.must(f.s.Abandon(f.ctx, []index.IntentID{ids[2], 999}))
	pending, err = f.s.Pending(f.ctx)
	f.must(err)
	if len(pending) != 1 || pending[0].ID != ids[1] {
		f.Fatalf("pending = %+v", pending)
	}
	again, err := f.s.Begin(f.ctx, intents[:1])
	f.must(err)
	if again[0] <= ids[2] {
		f.Fatalf("intent ID %d was given again", again[0])
	}
}

func testRecords(f *fixture) {
	id, err := f.s.Identity(f.ctx)
	f.must(err)
	one, err := f.s.PutRecord(f.ctx, "label", "x", []byte("one"), 100)
	f.must(err)
	equal(f, "counter", one.Version.Counter(id.Replica), 100)
	two, err := f.s.PutRecord(f.ctx, "label", "x", []byte("two"), 50)
	f.must(err)
	equal(f, "counter", two.Version.Counter(id.Replica), 101)
	equal(f, "sequence", two.Sequence, 2)

	join := func(records ...index.Record) []index.Record {
		f.Helper()
		changed, err := f.s.JoinRecords(f.ctx, alice, records)
		f.must(err)
		return changed
	}
	old := one
	old.Sequence = 8
	equal(f, "changes by an ancestor", len(join(old)), 0)
	known, err := f.s.RemoteRecords(f.ctx, alice)
	f.must(err)
	equal(f, "records known of the device", known, 8)
	newer := index.Record{Kind: "label", Key: "x", Version: v(0, 500), Sequence: 9, Payload: []byte("later")}
	other := index.Record{Kind: "label", Key: "a", Version: v(0, 1), Sequence: 10}
	changed := join(newer, other)
	if len(changed) != 2 || changed[0].Sequence != 3 || string(changed[0].Payload) != "later" {
		f.Fatalf("changed = %+v", changed)
	}
	equal(f, "changes by the same again", len(join(newer, other)), 0)

	r, ok, err := f.s.Record(f.ctx, "label", "x")
	f.must(err)
	if !ok || string(r.Payload) != "later" || r.Version.Compare(v(0, 500)) != index.Equal {
		f.Fatalf("record = %+v", r)
	}
	if _, ok, err := f.s.Record(f.ctx, "label", "none"); ok || err != nil {
		f.Fatalf("a record that is not there: %v, %v", ok, err)
	}
	all, err := f.s.RecordsOf(f.ctx, "label")
	f.must(err)
	if len(all) != 2 || all[0].Key != "a" || all[1].Key != "x" {
		f.Fatalf("records = %+v", all)
	}
	since, err := f.s.RecordsSince(f.ctx, 3, 10)
	f.must(err)
	if len(since) != 1 || since[0].Key != "a" || since[0].Sequence != 4 {
		f.Fatalf("records since 3 = %+v", since)
	}
	since, err = f.s.RecordsSince(f.ctx, 0, 1)
	f.must(err)
	if len(since) != 1 || since[0].Key != "x" {
		f.Fatalf("first record = %+v", since)
	}
}

func testSettings(f *fixture) {
	get := func(key string) []byte {
		f.Helper()
		value, err := f.s.Setting(f.ctx, key)
		f.must(err)
		return value
	}
	if get("k") != nil {
		f.Fatal("a setting nobody made")
	}
	f.must(f.s.SetSetting(f.ctx, "k", []byte("1")))
	f.must(f.s.SetSetting(f.ctx, "k", []byte("2")))
	equal(f, "setting", string(get("k")), "2")
	f.must(f.s.SetSetting(f.ctx, "k", []byte{}))
	if value := get("k"); value == nil || len(value) != 0 {
		f.Fatalf("empty setting = %v", value)
	}
	f.must(f.s.SetSetting(f.ctx, "k", nil))
	if get("k") != nil {
		f.Fatal("a removed setting is there")
	}
}

func testRenew(f *fixture) {
	f.hold(file("a", v(1, 0), "one"))
	before, err := f.s.Identity(f.ctx)
	f.must(err)
	renewed, err := f.s.Renew(f.ctx)
	f.must(err)
	after, err := f.s.Identity(f.ctx)
	f.must(err)
	equal(f, "identity", after, renewed)
	if after.Replica == before.Replica || after.Index == before.Index || after.Sequence != before.Sequence {
		f.Fatalf("renewed %+v to %+v", before, after)
	}
	f.hold(file("b", v(1, 0), "two"))
	f.updates("a 1,0", "b 1,0")
	r, err := f.s.PutRecord(f.ctx, "k", "k", nil, 7)
	f.must(err)
	equal(f, "author", r.Version[0].Replica, after.Replica)
}

func testRefused(f *fixture) {
	good := file("a", v(1, 0), "x")
	nameless := good
	nameless.Name = ""
	unversioned := good
	unversioned.Name, unversioned.Version = "b", nil
	for _, e := range []index.Entry{nameless, unversioned} {
		if _, err := f.s.Commit(f.ctx, []index.Change{{Entry: good}, {Entry: e}}, true); err == nil {
			f.Fatalf("committed %+v", e)
		}
		if err := f.s.RecordRemote(f.ctx, alice, []index.Update{{Sequence: 1, Heads: []index.Entry{good}}, {Sequence: 2, Heads: []index.Entry{e}}}); err == nil {
			f.Fatalf("recorded %+v", e)
		}
	}
	mixed := []index.Entry{good, file("b", v(0, 1), "y")}
	if err := f.s.RecordRemote(f.ctx, alice, []index.Update{{Sequence: 1, Heads: mixed}}); err == nil {
		f.Fatal("recorded heads of two names as one")
	}
	f.unknown("a")
	equal(f, "counts", f.counts(), index.Counts{})
	equal(f, "sequence", f.sequence(), 0)
}

func testOwnership(f *fixture) {
	e := file("a", v(1, 1), "one", "two")
	f.commit(index.Change{Entry: e, Heads: []index.Version{v(1, 1)}})
	want := f.state("a")
	spoil := func(e *index.Entry) {
		e.Version[0].Value = 99
		for i := range e.Blocks {
			e.Blocks[i] = index.Block{}
		}
	}
	held, err := f.s.Local(f.ctx, "a")
	f.must(err)
	spoil(&held.Entry)
	head, err := f.s.Head(f.ctx, "a", v(1, 1))
	f.must(err)
	spoil(&head)
	updates, err := f.s.Since(f.ctx, 0, 1)
	f.must(err)
	spoil(&updates[0].Heads[0])
	s := f.state("a")
	spoil(&s.Local.Entry)
	spoil(&s.Heads[0].Entry)
	spoil(&e)
	if got := f.state("a"); !reflect.DeepEqual(got, want) {
		f.Fatalf("state = %+v, want %+v", got, want)
	}
	held, err = f.s.Local(f.ctx, "a")
	f.must(err)
	sameEntry(f, held.Entry, file("a", v(1, 1), "one", "two"))
}

func testEnd(f *fixture) {
	cancelled, cancel := context.WithCancel(f.ctx)
	cancel()
	if _, err := f.s.Commit(cancelled, []index.Change{{Entry: file("a", v(1, 0), "x")}}, false); !errors.Is(err, context.Canceled) {
		f.Fatalf("commit: %v", err)
	}
	if _, _, err := f.s.State(cancelled, "a"); !errors.Is(err, context.Canceled) {
		f.Fatalf("state: %v", err)
	}
	f.unknown("a")
	f.must(f.s.Close())
	f.must(f.s.Close())
	if err := f.s.Settle(f.ctx, []index.Settled{{Name: "a"}}); err == nil {
		f.Fatal("a closed store was written to")
	}
	if _, _, err := f.s.State(f.ctx, "a"); err == nil {
		f.Fatal("a closed store was read")
	}
}
