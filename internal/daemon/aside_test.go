package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/api/edit"
	"github.com/labsync/labsync/internal/config"
)

// TestDeletingTheFilesOfARemovedFolderDeletesNothingElsewhere frees the space
// of a folder between its removal and its return.
func TestDeletingTheFilesOfARemovedFolderDeletesNothingElsewhere(t *testing.T) {
	add := func(a, b *site, home edit.Home) {
		_, err := home.AddFolder(t.Context(), api.FolderAdd{Path: a.root, ID: lab, Devices: []string{b.self.String()}})
		a.must(err)
	}
	tests := []struct {
		name string
		// away removes the folder and deletes the file; back adds it again.
		away func(a, b *site, free func())
		back func(a, b *site)
	}{
		{"both by the daemon",
			func(a, _ *site, free func()) { a.must(a.RemoveFolder(a.bounded(), lab)); free() },
			func(a, b *site) { a.shares(b) }},
		{"both while no daemon runs",
			func(a, _ *site, free func()) {
				a.stop()
				a.must(edit.Home(a.home).RemoveFolder(t.Context(), lab))
				free()
			},
			func(a, b *site) { add(a, b, edit.Home(a.home)); a.start(); b.knows(a) }},
		{"removed while no daemon runs, added by the daemon",
			func(a, b *site, free func()) {
				a.stop()
				a.must(edit.Home(a.home).RemoveFolder(t.Context(), lab))
				a.start()
				b.knows(a)
				free()
			},
			func(a, b *site) { a.shares(b) }},
		{"removed by hand, added by hand",
			func(a, b *site, free func()) {
				a.stop()
				a.must(os.Rename(filepath.Join(a.home, config.FoldersFile), filepath.Join(a.home, "kept")))
				a.start()
				b.knows(a)
				a.stop()
				free()
			},
			func(a, b *site) {
				a.must(os.Rename(filepath.Join(a.home, "kept"), filepath.Join(a.home, config.FoldersFile)))
				a.start()
				b.knows(a)
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := newSite(t, "a"), newSite(t, "b")
			a.save("kept", "of a")
			a.save("big", "to be freed")
			join(a, b)
			b.holds("big", "to be freed")
			_, s := a.running()[lab].folder.running()
			before, err := s.Identity(t.Context())
			a.must(err)
			test.away(a, b, func() { a.must(os.Remove(filepath.Join(a.root, "big"))) })
			test.back(a, b)
			a.must(a.runs(lab))
			a.inSync()
			b.inSync()
			b.holds("big", "to be freed")
			a.holds("big", "to be freed")
			_, s = a.running()[lab].folder.running()
			if after, err := s.Identity(t.Context()); err != nil || after.Replica == before.Replica || after.Index == before.Index {
				t.Errorf("the index goes on as %+v, %v", after, err)
			}
			if _, err := os.Lstat(a.IndexPath(lab) + removedSuffix); err != nil {
				t.Errorf("the old index: %v", err)
			}
			if _, err := os.Lstat(edit.OutdatedMark(a.IndexPath(lab))); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the mark: %v", err)
			}
			if list, err := filepath.Glob(filepath.Join(a.root, "*conflict*")); err != nil || len(list) > 0 {
				t.Errorf("conflicts: %v, %v", list, err)
			}
		})
	}
}

// TestAFolderThatWasRemovedAndAddedUnseenHasANewIndex edits the files as a
// command line does, beside a daemon that does not look in between.
func TestAFolderThatWasRemovedAndAddedUnseenHasANewIndex(t *testing.T) {
	a := newSite(t, "a")
	a.start()
	a.shares()
	a.must(a.runs(lab))
	before := a.running()[lab]
	a.loading.Lock()
	a.must(a.Home.RemoveFolder(t.Context(), lab))
	_, err := a.Home.AddFolder(t.Context(), api.FolderAdd{Path: a.root, ID: lab})
	a.loading.Unlock()
	a.must(err)
	a.must(a.applied())
	if a.running()[lab] == before {
		t.Error("the folder goes on as before")
	}
	a.must(a.runs(lab))
	if _, err := os.Lstat(a.IndexPath(lab) + removedSuffix); err != nil || isOutdated(a.IndexPath(lab)) {
		t.Errorf("the old index was not set aside, or the mark is left: %v", err)
	}
}

// TestDamageThatShowsLaterIsMended overwrites all but the first page, which is
// all that opening reads after a clean stop.
func TestDamageThatShowsLaterIsMended(t *testing.T) {
	for _, pages := range [][2]int{{1, 5}, {2, 3}, {4, 12}, {8, 30}} {
		a, b := newSite(t, "a"), newSite(t, "b")
		for _, i := range "abcdefghijklmnopqrstuvwxyz" {
			a.save("file "+string(i), strings.Repeat(string(i), 300))
		}
		join(a, b)
		a.stop()
		path := a.IndexPath(lab)
		content, err := os.ReadFile(path)
		a.must(err)
		from, to := min(pages[0]*4096, len(content)), min(pages[1]*4096, len(content))
		for i := from; i < to; i++ {
			content[i] = byte(i*i>>3 ^ i*7)
		}
		a.must(os.WriteFile(path, content, 0o600))
		a.start()
		b.knows(a)
		b.save("after", "b's")
		a.awaitFile("after") // an event tells of it only if the damage did not come in between
		a.save("of a", "a's")
		b.awaitFile("of a")
		a.inSync()
		b.inSync()
		for _, s := range []*site{a, b} {
			list, err := os.ReadDir(s.root)
			if err != nil || len(list) != 26+2+1 {
				t.Errorf("pages %v: %s holds %v, %v", pages, s.name, list, err)
			}
		}
		if n := a.count(func(e api.Event) bool { return e.Fields["code"] == "index-damaged" }); n != 1 {
			t.Errorf("pages %v of %d: damage was told %d times", pages, len(content)/4096, n)
		}
		a.stop()
		b.stop()
	}
}

// awaitFile waits until the folder has a file.
func (s *site) awaitFile(name string) {
	s.t.Helper()
	for look := range 1000 {
		if _, err := os.Lstat(filepath.Join(s.root, name)); err == nil {
			return
		}
		<-shortly(s.t, look).Done()
	}
	s.t.Fatalf("%s has no %s", s.name, name)
}
