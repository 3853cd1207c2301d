package observe

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func write(t *testing.T, dir, name, content string, at time.Time) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir string) Tree {
	t.Helper()
	tree, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestTreesDifferInWhatDevicesAgreeOn(t *testing.T) {
	at := time.Unix(1_600_000_000, 5)
	for _, c := range []struct {
		name string
		edit func(t *testing.T, dir string)
		same bool
	}{
		{"nothing", func(*testing.T, string) {}, true},
		{"names that belong to the tools", func(t *testing.T, dir string) {
			write(t, dir, ".labsync/tmp/x", "x", at)
			write(t, dir, ".stfolder/x", "x", at)
		}, true},
		{"the time of a directory", func(t *testing.T, dir string) { write(t, dir, "d/f", "text", at) }, true},
		{"another file", func(t *testing.T, dir string) { write(t, dir, "new", "", at) }, false},
		{"a missing file", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "d/f")); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"another size", func(t *testing.T, dir string) { write(t, dir, "d/f", "texts", at) }, false},
		{"another time", func(t *testing.T, dir string) { write(t, dir, "d/f", "text", at.Add(1)) }, false},
		{"the executable bit", func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, "d/f"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"another link", func(t *testing.T, dir string) {
			if err := errors.Join(os.Remove(filepath.Join(dir, "link")), os.Symlink("g", filepath.Join(dir, "link"))); err != nil {
				t.Fatal(err)
			}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "d/f", "text", at)
			if err := os.Symlink("d/f", filepath.Join(dir, "link")); err != nil {
				t.Skip("links cannot be made here: ", err)
			}
			before := read(t, dir)
			c.edit(t, dir)
			if d := Difference(before, read(t, dir)); (d == "") != c.same {
				t.Errorf("the difference is %q", d)
			}
		})
	}
}

func TestTreesMoveAndShrinkAsDirectoriesDo(t *testing.T) {
	at := time.Unix(1_600_000_000, 0)
	dir := t.TempDir()
	write(t, dir, "data/d/f", "1", at)
	write(t, dir, "database", "2", at) // a prefix of its name is another name
	before := read(t, dir)
	if err := os.Rename(filepath.Join(dir, "data"), filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	after := read(t, dir)
	if d := Difference(after, before.Moved("data", "moved")); d != "" {
		t.Error("moved:", d)
	}
	if err := os.RemoveAll(filepath.Join(dir, "moved")); err != nil {
		t.Fatal(err)
	}
	if d := Difference(read(t, dir), after.Without("moved")); d != "" {
		t.Error("removed:", d)
	}
	outer := t.TempDir()
	if err := os.Rename(dir, filepath.Join(outer, "in")); err != nil {
		t.Fatal(err)
	}
	if d := Difference(read(t, outer), after.Without("moved").Moved("", "in")); d != "" {
		t.Error("put into another:", d)
	}
}

// Files that have the right size and time but not yet the right bytes keep the
// clock going.
func TestTheClockStopsWhenTheBytesAreRight(t *testing.T) {
	at := time.Unix(1_600_000_000, 0)
	pattern, dir := t.TempDir(), t.TempDir()
	write(t, pattern, "f", "right", at)
	write(t, dir, "f", "wrong", at)
	want := read(t, pattern)
	ctx, cancel := context.WithTimeout(t.Context(), 3*again)
	defer cancel()
	if _, err := Await(ctx, Tree{}, want, pattern, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("wrong bytes: error %v, want it to wait", err)
	}
	changed := make(chan time.Time)
	go func() {
		write(t, dir, "f", "right", at)
		changed <- time.Now()
	}()
	done := <-changed
	out, err := Await(t.Context(), Tree{}, want, pattern, dir)
	if err != nil {
		t.Fatal(err)
	}
	if out.At.Before(done) {
		t.Errorf("the clock stopped %v before the bytes were there", done.Sub(out.At))
	}
}

func TestWaitingEndsWithTheLastOfSeveralFolders(t *testing.T) {
	at := time.Unix(1_600_000_000, 0)
	pattern, a, b := t.TempDir(), t.TempDir(), t.TempDir()
	for _, dir := range []string{pattern, a} {
		write(t, dir, "d/f", "text", at)
	}
	begun := make(chan time.Time, 1)
	go func() {
		begun <- time.Now()
		write(t, b, "d/f", "text", at)
	}()
	out, err := Await(t.Context(), Tree{}, read(t, pattern), pattern, a, b, pattern)
	if err != nil {
		t.Fatal(err)
	}
	if early := (<-begun).Sub(out.At); early > 0 {
		t.Errorf("the clock stopped %v before the last folder was written to", early)
	}
}

func TestAPatternThatChangedIsAnError(t *testing.T) {
	at := time.Unix(1_600_000_000, 0)
	pattern, dir := t.TempDir(), t.TempDir()
	write(t, pattern, "f", "text", at)
	write(t, dir, "f", "text", at)
	want := read(t, pattern)
	write(t, pattern, "f", "other", at)
	if _, err := Await(t.Context(), Tree{}, want, pattern, dir); err == nil {
		t.Error("a folder that was to be copied lost what it held, and nobody noticed")
	}
}

func TestADeletionIsOverWhenNoNameIsLeft(t *testing.T) {
	at := time.Unix(1_600_000_000, 0)
	pattern, dir := t.TempDir(), t.TempDir()
	write(t, dir, "d/f", "text", at)
	before := read(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 20*glance)
	defer cancel()
	if _, err := Await(ctx, before, Tree{}, pattern, dir); err == nil {
		t.Error("a tree that is still there passes for deleted")
	}
	if err := os.RemoveAll(filepath.Join(dir, "d")); err != nil {
		t.Fatal(err)
	}
	if _, err := Await(t.Context(), before, Tree{}, pattern, dir); err != nil {
		t.Error(err)
	}
}

func TestAProcessIsMeasuredWithItsChildren(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is Linux's")
	}
	const line = "12 (a (very) odd name) S 1 12 12 0 -1 4194304 100 0 0 0 7 5 30 8 20 0 9 0 100 0 0"
	for times, want := range map[int]time.Duration{alone: 120 * time.Millisecond, withChildren: 500 * time.Millisecond} {
		if got, err := cpu(line, times); err != nil || got != want {
			t.Errorf("the first %d times are %v, %v, want %v", times, got, err, want)
		}
	}
	if _, err := cpu("12 (short)", alone); err == nil {
		t.Error("a line that is too short passes")
	}
	u, err := Process(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if u.RSS < 1<<20 || u.PeakRSS < u.RSS/2 {
		t.Errorf("this test uses %+v", u)
	}
}

func TestTheMachineIsDescribed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is Linux's")
	}
	m := ThisMachine(t.TempDir())
	if m.CPU == "" || m.Cores < 1 || m.Memory < 1<<26 || m.Kernel == "" || m.FileSystem == "unknown" {
		t.Errorf("this machine is %+v", m)
	}
	before, err := Busy()
	if err != nil || before <= 0 {
		t.Errorf("busy for %v, %v", before, err)
	}
	if _, err := Sent(); err != nil {
		t.Error(err)
	}
}
