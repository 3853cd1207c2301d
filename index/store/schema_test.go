package store_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
)

var update = flag.Bool("update", false, "write testdata/schema1.db anew; only before schema 1 is released")

const frozen = "testdata/schema1.db"

// frozenLive and the others are what the frozen database holds.
var (
	frozenLive  = benchEntry(1, 3)
	frozenSmall = benchEntry(2, 1)
	frozenGone  = func() index.Entry {
		e := benchEntry(3, 1)
		e.Deleted, e.Blocks, e.Size = true, nil, 0
		return e
	}()
	frozenRemote = func() index.Entry {
		e := benchEntry(4, 2)
		e.Parent, e.RenamedFrom, e.ContentVersion = frozenLive.Version, "old", frozenLive.Version
		return e
	}()
	frozenPeer = device.ID{1, 2, 3}
)

// freeze makes the database that every later labsync has to read.
func freeze(t *testing.T, path string) {
	t.Helper()
	s, err := store.Open(t.Context(), path, store.Options{
		Random: rand.NewChaCha8([32]byte{1}),
		Now:    func() time.Time { return time.Unix(1_772_633_520, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, errs := s.Commit(ctx, []index.Change{
		{Entry: frozenLive, Disk: benchDisk(&frozenLive, 1), Flags: index.MustRescan},
		{Entry: frozenSmall, Disk: benchDisk(&frozenSmall, 2)},
		{Entry: frozenGone},
	}, true)
	steps := []error{errs,
		s.ResetRemote(ctx, frozenPeer, 42),
		s.RecordRemote(ctx, frozenPeer, []index.Update{{Sequence: 9, Heads: []index.Entry{frozenRemote}}}),
		s.SetSetting(ctx, "key", []byte("value")),
	}
	_, err = s.Begin(ctx, []index.Intent{{Operation: "replace", Path: frozenLive.Name, New: frozenRemote, Expected: index.Held{Entry: frozenLive}}})
	steps = append(steps, err)
	_, err = s.PutRecord(ctx, "label", "folder", []byte("Thesis"), 100)
	steps = append(steps, err, s.Close())
	for _, err := range steps {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSchema1IsRead(t *testing.T) {
	if *update {
		if err := os.RemoveAll(frozen); err != nil {
			t.Fatal(err)
		}
		freeze(t, frozen)
	}
	b, err := os.ReadFile(frozen)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "index.db")
	write(t, path, b)
	s := open(t, path)
	ctx := t.Context()

	held, err := s.Local(ctx, frozenLive.Name)
	if err != nil || held.Flags != index.MustRescan || held.Disk != benchDisk(&frozenLive, 1) {
		t.Errorf("held = %+v, %v", held, err)
	}
	page, err := s.Since(ctx, 0, 10)
	if err != nil || len(page) != 3 || page[0].Heads[0].Blocks[2] != frozenLive.Blocks[2] ||
		page[1].Heads[0].Blocks[0] != frozenSmall.Blocks[0] || !page[2].Heads[0].Deleted {
		t.Errorf("since = %+v, %v", page, err)
	}
	remote, err := s.Head(ctx, frozenRemote.Name, frozenRemote.Version)
	if err != nil || remote.RenamedFrom != "old" || remote.Parent.Compare(frozenLive.Version) != index.Equal || len(remote.Blocks) != 2 {
		t.Errorf("head = %+v, %v", remote, err)
	}
	if r, err := s.Remote(ctx, frozenPeer); err != nil || r != (index.RemoteIndex{Index: 42, Sequence: 9}) {
		t.Errorf("remote = %+v, %v", r, err)
	}
	counts, err := s.Counts(ctx)
	want := index.Counts{Files: 2, Tombstones: 1, Bytes: frozenLive.Size + frozenSmall.Size, NeedFiles: 1, NeedBytes: frozenRemote.Size}
	if err != nil || counts != want {
		t.Errorf("counts = %+v, %v", counts, err)
	}
	id, err := s.Identity(ctx)
	if err != nil || id.Sequence != 3 || id.Replica == 0 {
		t.Errorf("identity = %+v, %v", id, err)
	}
	pending, err := s.Pending(ctx)
	if err != nil || len(pending) != 1 || pending[0].New.Name != frozenRemote.Name || len(pending[0].New.Blocks) != 2 {
		t.Errorf("pending = %+v, %v", pending, err)
	}
	if r, ok, err := s.Record(ctx, "label", "folder"); err != nil || !ok || string(r.Payload) != "Thesis" {
		t.Errorf("record = %+v, %v, %v", r, ok, err)
	}
	if value, err := s.Setting(ctx, "key"); err != nil || string(value) != "value" {
		t.Errorf("setting = %q, %v", value, err)
	}
}
