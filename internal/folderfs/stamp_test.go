package folderfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

func TestAStampIsReplacedAndRead(t *testing.T) {
	path := t.TempDir()
	d := opened(t, path, folderfs.Options{Prepare: true})
	read := func() (string, uint64) {
		t.Helper()
		text, inode, err := d.Stamp()
		if err != nil {
			t.Fatal(err)
		}
		return text, inode
	}
	if text, inode := read(); text != "" || inode != 0 {
		t.Errorf("before the first there is %q in %d", text, inode)
	}
	for _, want := range []string{"one", "a longer one", "x"} {
		if err := d.SetStamp(want); err != nil {
			t.Fatal(err)
		}
		text, inode := read()
		if text != want || d.Capabilities().StableInodes != (inode != 0) {
			t.Errorf("stamp %q in inode %d, want %q", text, inode, want)
		}
	}
	_, before := read()
	if again, inode := read(); again != "x" || inode != before {
		t.Errorf("read again it is %q in %d", again, inode)
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
