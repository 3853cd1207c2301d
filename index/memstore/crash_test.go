package memstore_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/index/storetest"
	"github.com/labsync/labsync/internal/device"
)

var peer = device.ID{1}

func entry(name string, counter uint64) index.Entry {
	return index.Entry{Name: name, Type: index.Directory, Version: index.Version{{Replica: 1, Value: counter}}, ModifiedBy: 1}
}

func commit(t *testing.T, s *memstore.Store, durable bool, changes ...index.Change) {
	t.Helper()
	if stale, err := s.Commit(t.Context(), changes, durable); err != nil || stale != nil {
		t.Fatal(stale, err)
	}
}

// look writes down everything a store gives out.
func look(t *testing.T, s *memstore.Store) string {
	t.Helper()
	ctx := t.Context()
	var seen []any
	note := func(x any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, x)
	}
	for _, name := range []string{"a", "b", "c"} {
		state, _, err := s.State(ctx, name)
		note(state, err)
	}
	note(s.Identity(ctx))
	note(s.Counts(ctx))
	note(s.Since(ctx, 0, 100))
	note(s.Locals(ctx, "", "", 100))
	note(s.Pending(ctx))
	note(s.Remote(ctx, peer))
	note(s.RecordsSince(ctx, 0, 100))
	note(s.Setting(ctx, "key"))
	files, _, err := s.Behind(ctx, peer)
	note(files, err)
	b, err := json.Marshal(seen)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// loose does one of each thing that need not be durable.
func loose(t *testing.T, s *memstore.Store, intent index.IntentID) {
	t.Helper()
	ctx := t.Context()
	commit(t, s, false, index.Change{Base: entry("a", 1).Version, Entry: entry("a", 2), Intent: intent}, index.Change{Entry: entry("b", 1)})
	for _, err := range []error{
		s.RecordRemote(ctx, peer, []index.Update{{Sequence: 4, Heads: []index.Entry{entry("a", 3)}}, {Sequence: 5, Heads: []index.Entry{entry("c", 1)}}}),
		s.Settle(ctx, []index.Settled{{Name: "c", Heads: []index.Version{entry("c", 1).Version}}}),
		s.ResetRemote(ctx, device.ID{7}, 3),
		s.Unsettle(ctx, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// begun returns a store with something durable in it.
func begun(t *testing.T) (*memstore.Store, index.IntentID) {
	t.Helper()
	s := open(t)
	commit(t, s, true, index.Change{Entry: entry("a", 1)})
	ids, err := s.Begin(t.Context(), []index.Intent{{Operation: "replace", Path: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	return s, ids[0]
}

func TestCrashUndoesWhatWasNotDurable(t *testing.T) {
	s, intent := begun(t)
	want := look(t, s)
	loose(t, s, intent)
	after := s.Crash()
	if got := look(t, after); got != want {
		t.Fatalf("after the crash\n%s\nwant\n%s", got, want)
	}
	if _, err := s.Identity(t.Context()); err == nil {
		t.Fatal("the crashed store still answers")
	}
	loose(t, after, intent) // and it goes on from there
}

func TestCrashKeepsWhatADurableWriteFollowed(t *testing.T) {
	tests := []struct {
		name  string
		write func(s *memstore.Store) error
	}{
		{"a durable commit of nothing", func(s *memstore.Store) error { _, err := s.Commit(t.Context(), nil, true); return err }},
		{"a setting", func(s *memstore.Store) error { return s.SetSetting(t.Context(), "key", []byte("1")) }},
		{"an intent", func(s *memstore.Store) error { _, err := s.Begin(t.Context(), make([]index.Intent, 1)); return err }},
		{"a record", func(s *memstore.Store) error {
			_, err := s.PutRecord(t.Context(), "k", "k", nil, 1)
			return err
		}},
		{"a new identity", func(s *memstore.Store) error { _, err := s.Renew(t.Context()); return err }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, intent := begun(t)
			loose(t, s, intent)
			if err := test.write(s); err != nil {
				t.Fatal(err)
			}
			want := look(t, s)
			if got := look(t, s.Crash()); got != want {
				t.Fatalf("after the crash\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestCloneIsIndependent(t *testing.T) {
	s, intent := begun(t)
	want := look(t, s)
	c := s.Clone()
	loose(t, s, intent)
	if got := look(t, c); got != want {
		t.Fatalf("the clone became\n%s\nwant\n%s", got, want)
	}
	if got := look(t, c.Crash()); got != want {
		t.Fatalf("the crashed clone became\n%s\nwant\n%s", got, want)
	}
}

// TestCrashIsACut drives a store and its clones through the same operations:
// what a crash leaves is what stood after the last durable write.
func TestCrashIsACut(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1))
		s, intent := begun(t)
		durable := s.Clone()
		for range random.IntN(6) {
			loose := random.IntN(2) == 0
			name := string(rune('a' + random.IntN(3)))
			state, _, err := s.State(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			c := index.Change{Entry: entry(name, random.Uint64N(100)+1), Intent: intent}
			if state.Local != nil {
				c.Base = state.Local.Entry.Version
				c.Entry.Version = c.Base.Bump(1, 0)
			}
			commit(t, s, !loose, c)
			if !loose {
				durable = s.Clone()
			}
		}
		if got, want := look(t, s.Crash()), look(t, durable); got != want {
			t.Fatalf("seed %d: after the crash\n%s\nwant\n%s", seed, got, want)
		}
	}
}

func TestSameAsAClone(t *testing.T) {
	for seed := range uint64(10) {
		s := open(t)
		storetest.Compare(t, s, s.Clone(), seed, 100)
		storetest.Compare(t, s, s.Clone(), seed+100, 100)
	}
}

func BenchmarkCommit(b *testing.B) {
	s, err := memstore.New(memstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e := entry("a", 1)
	for b.Loop() {
		c := index.Change{Entry: e}
		if e.Version[0].Value > 1 {
			c.Base = index.Version{{Replica: 1, Value: e.Version[0].Value - 1}}
		}
		e.Version = e.Version.Bump(1, 0)
		if stale, err := s.Commit(b.Context(), []index.Change{c}, true); err != nil || stale != nil {
			b.Fatal(stale, err)
		}
	}
}
