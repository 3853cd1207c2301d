package folderfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

func TestAStampIsReplacedAndRead(t *testing.T) {
	path := t.TempDir()
	d := opened(t, path, folderfs.Options{Prepare: true})
	read := func() (text, file string) {
		t.Helper()
		text, file, err := d.Stamp()
		if err != nil {
			t.Fatal(err)
		}
		return text, file
	}
	if text, file := read(); text != "" || file != "" {
		t.Errorf("before the first there is %q in %q", text, file)
	}
	for _, want := range []string{"one", "a longer one", "x"} {
		if err := d.SetStamp(want); err != nil {
			t.Fatal(err)
		}
		text, file := read()
		if text != want || d.Capabilities().StableInodes != (file != "") {
			t.Errorf("stamp %q in file %q, want %q", text, file, want)
		}
	}
	_, before := read()
	if again, file := read(); again != "x" || file != before {
		t.Errorf("read again it is %q in %q", again, file)
	}
	if list, err := os.ReadDir(filepath.Join(path, folderfs.WorkDir)); err != nil || len(list) != 5 {
		t.Errorf("the work directory holds %v, %v", list, err)
	}

	// What an interruption may leave behind is in nobody's way.
	if err := os.WriteFile(filepath.Join(path, folderfs.StampFile+".new"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, folderfs.StampFile)); err != nil {
		t.Fatal(err)
	}
	if err := d.SetStamp("after it"); err != nil {
		t.Fatal(err)
	}
	if text, _ := read(); text != "after it" {
		t.Errorf("after an interruption the stamp is %q", text)
	}
}

func TestACopyOfAStampStandsInAnotherFile(t *testing.T) {
	path := t.TempDir()
	d := opened(t, path, folderfs.Options{Prepare: true})
	if err := d.SetStamp("one"); err != nil {
		t.Fatal(err)
	}
	_, before, err := d.Stamp()
	if err != nil || before == "" || strings.HasSuffix(before, " 0") {
		t.Skipf("this file system cannot tell: %q, %v", before, err)
	}
	// Removed before it is written again, so that it may get the same inode.
	stamp := filepath.Join(path, folderfs.StampFile)
	if err := os.Remove(stamp); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stamp, []byte("one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, file, err := d.Stamp()
	if err != nil || text != "one" || file == before {
		t.Errorf("the copy says %q in %q (%v); the first stood in %q", text, file, err, before)
	}
}

func TestAFolderIsClaimedOnce(t *testing.T) {
	path := t.TempDir()
	first := opened(t, path, folderfs.Options{Prepare: true})
	second := opened(t, path, folderfs.Options{})
	release, err := first.Claim()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Claim(); !errors.Is(err, folderfs.ErrClaimed) {
		t.Errorf("a second claim: %v", err)
	}
	release()
	release, err = second.Claim()
	if err != nil {
		t.Fatalf("after the first ended: %v", err)
	}
	release()
	if _, err := opened(t, t.TempDir(), folderfs.Options{}).Claim(); !errors.Is(err, folderfs.ErrNoIdentity) && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without an identity: %v", err)
	}
}
