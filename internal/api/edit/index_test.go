package edit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

func TestTheIndexOfAFolderThatComesOrGoesIsOutdated(t *testing.T) {
	h, dir := newHome(t)
	outdated := func(id string) bool {
		t.Helper()
		_, err := os.Lstat(OutdatedMark(h.IndexPath(id)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		return err == nil
	}
	settle := func(ids ...string) { // as a daemon does
		t.Helper()
		for _, id := range ids {
			if err := os.Remove(OutdatedMark(h.IndexPath(id))); err != nil {
				t.Fatal(err)
			}
		}
	}
	ctx := t.Context()
	mustAdd(t, h, api.FolderAdd{Path: dir, ID: "one"})
	mustAdd(t, h, api.FolderAdd{Path: dir + "2", ID: "two"})
	settle("one", "two")

	for _, err := range []error{
		h.PauseFolder(ctx, "one", true),
		errorOf(h.SetFolder(ctx, "one", api.FolderSet{Direction: api.SendOnly})),
		h.RemoveDevice(ctx, someID("bob")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := h.RemoveFolder(ctx, "none"); err == nil || outdated("none") {
		t.Errorf("removing what is not there: %v, marked %v", err, outdated("none"))
	}
	if outdated("one") || outdated("two") {
		t.Error("a folder that stays is marked")
	}

	if err := h.RemoveFolder(ctx, "one"); err != nil || !outdated("one") || outdated("two") {
		t.Errorf("a removal: %v, marked one %v, two %v", err, outdated("one"), outdated("two"))
	}
	mustAdd(t, h, api.FolderAdd{Path: dir, ID: "one"})
	if !outdated("one") {
		t.Error("the mark went when the folder was added again")
	}
	settle("one")
	mustAdd(t, h, api.FolderAdd{Path: dir, ID: "three"}) // takes another ID
	if !outdated("one") || !outdated("three") || outdated("two") {
		t.Error("a change of the ID is not marked")
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestARefusedRemovalMarksNothing(t *testing.T) {
	h, dir := newHome(t)
	path := filepath.Join(string(h), config.ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "\n[[folders]]\nid = \"mine\"\npath = '"+dir+"'\n"...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.RemoveFolder(t.Context(), "mine"); err == nil {
		t.Fatal("a folder of config.toml was removed")
	}
	if list, err := filepath.Glob(OutdatedMark(h.IndexPath("mine"))); err != nil || len(list) > 0 {
		t.Errorf("marked: %v, %v", list, err)
	}
}
