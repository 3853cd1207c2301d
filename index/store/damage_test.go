package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
)

// made returns the path of a closed database with some names in it.
func made(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.db")
	s, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hold(t, s, 0, 500)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// hold commits files by number.
func hold(t testing.TB, s *store.Store, from, to int) {
	t.Helper()
	var changes []index.Change
	for i := from; i < to; i++ {
		e := benchEntry(i, 2)
		changes = append(changes, index.Change{Entry: e, Disk: benchDisk(&e, i)})
	}
	if _, err := s.Commit(context.Background(), changes, true); err != nil {
		t.Fatal(err)
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestDamageIsTold(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, path string)
		want   error
	}{
		{"text instead of a database", func(t *testing.T, path string) {
			write(t, path, []byte(strings.Repeat("not a database\n", 1000)))
		}, index.ErrCorrupt},
		{"a file that ends early", func(t *testing.T, path string) {
			if err := os.Truncate(path, 4096*5); err != nil {
				t.Fatal(err)
			}
		}, index.ErrCorrupt},
		{"a file that ends in its first page", func(t *testing.T, path string) {
			if err := os.Truncate(path, 700); err != nil {
				t.Fatal(err)
			}
		}, index.ErrCorrupt},
		{"pages overwritten before an unclean stop", func(t *testing.T, path string) {
			execute(t, path, "UPDATE folder SET clean = 0")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 4096 * 8; i < 4096*12; i++ {
				b[i] = 0xaa
			}
			write(t, path, b)
		}, index.ErrCorrupt},
		{"another program's database", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			execute(t, path, "CREATE TABLE theirs (x)")
		}, index.ErrCorrupt},
		{"a lost identity", func(t *testing.T, path string) { execute(t, path, "DELETE FROM folder") }, index.ErrCorrupt},
		{"a newer schema", func(t *testing.T, path string) { execute(t, path, "PRAGMA user_version = 99") }, store.ErrNewerSchema},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := made(t)
			test.damage(t, path)
			s, err := store.Open(t.Context(), path, store.Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("opened")
			}
			if !errors.Is(err, test.want) || errors.Is(err, index.ErrCorrupt) != (test.want == index.ErrCorrupt) {
				t.Fatalf("error = %v, want %v", err, test.want)
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%v does not name the file", err)
			}
		})
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamageInUse overwrites a row's state, which no check at opening reads.
func TestDamageInUse(t *testing.T) {
	path := made(t)
	execute(t, path, "UPDATE names SET state = x'0105'")
	s := open(t, path)
	name := benchEntry(3, 2).Name
	if _, _, err := s.State(t.Context(), name); !errors.Is(err, index.ErrCorrupt) {
		t.Errorf("reading: %v", err)
	}
	if err := s.Settle(t.Context(), []index.Settled{{Name: name}}); !errors.Is(err, index.ErrCorrupt) {
		t.Errorf("writing: %v", err)
	}
}

func TestSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "index.db")
	now := time.Date(2026, 3, 4, 14, 12, 0, 0, time.UTC)
	names := make(map[string]bool)
	for _, content := range []string{"first", "second"} {
		write(t, path, []byte(content))
		write(t, path+"-wal", []byte("log of "+content))
		aside, err := store.SetAside(path, now)
		if err != nil {
			t.Fatal(err)
		}
		if names[aside] || !strings.Contains(aside, "20260304T141200Z") {
			t.Fatalf("set aside as %s", aside)
		}
		names[aside] = true
		for suffix, want := range map[string]string{"": content, "-wal": "log of " + content} {
			if b, err := os.ReadFile(aside + suffix); err != nil || string(b) != want {
				t.Fatalf("%s%s = %q, %v", aside, suffix, b, err)
			}
		}
	}
	left, err := filepath.Glob(path + "*")
	if err != nil || len(left) != 4 {
		t.Fatalf("left: %v, %v", left, err)
	}
	if _, err := store.SetAside(path, now); err == nil {
		t.Fatal("set nothing aside")
	}
	open(t, path) // a new one takes its place
}

// TestUncleanStop copies the files of a store in use, as a power loss would
// leave them, and opens the copy.
func TestUncleanStop(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder? #1 100%", "index.db")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	hold(t, s, 0, 10)
	if err := s.RecordRemote(t.Context(), device.ID{5}, []index.Update{{Sequence: 3, Heads: []index.Entry{benchEntry(20, 3)}}}); err != nil {
		t.Fatal(err)
	}
	after := filepath.Join(t.TempDir(), "index.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		write(t, after+suffix, b)
	}
	found := open(t, after)
	id, err := found.Identity(t.Context())
	if err != nil || id.Sequence != 10 {
		t.Fatalf("identity = %+v, %v", id, err)
	}
	e, err := found.Head(t.Context(), benchEntry(20, 3).Name, benchEntry(20, 3).Version)
	if err != nil || len(e.Blocks) != 3 {
		t.Fatalf("head = %+v, %v", e, err)
	}
}

// TestQuietWhenIdle checks that neither opening and closing nor a durable
// commit of nothing writes to the disk.
func TestQuietWhenIdle(t *testing.T) {
	path := made(t)
	stamp := func() time.Time {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	before := stamp()
	s := open(t, path)
	if _, err := s.Counts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), nil, true); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		t.Errorf("the log has %d bytes", info.Size())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !stamp().Equal(before) {
		t.Error("the database was written to")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
}
