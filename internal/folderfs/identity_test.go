package folderfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

func opened(t *testing.T, path string, o folderfs.Options) *folderfs.Disk {
	t.Helper()
	d, err := folderfs.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestPrepareGivesARootAnIdentityThatStays(t *testing.T) {
	path := t.TempDir()
	d := opened(t, path, folderfs.Options{})
	if _, err := d.Identity(); !errors.Is(err, folderfs.ErrNoIdentity) {
		t.Errorf("before it is prepared: %v", err)
	}
	seen := map[string]bool{}
	for range 2 {
		if err := d.Prepare(); err != nil {
			t.Fatal(err)
		}
		id, err := d.Identity()
		if err != nil || len(id) != 32 {
			t.Fatalf("identity %q, %v", id, err)
		}
		seen[id] = true
	}
	if other, err := opened(t, t.TempDir(), folderfs.Options{Prepare: true}).Identity(); err != nil || seen[other] || len(seen) != 1 {
		t.Errorf("identities %v, and of another root %s (%v)", seen, other, err)
	}
	info, err := os.Stat(filepath.Join(path, folderfs.IdentityFile))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
}

func TestWhatIsNoIdentityIsReplacedByPrepareAlone(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "too short": "00ff\n", "no digits": "zz112233445566778899aabbccddeeff\n",
		"cut off": "00112233445566778899aabbccddeeff", "too long": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			opened(t, path, folderfs.Options{Prepare: true})
			for _, file := range []string{folderfs.IdentityFile, folderfs.IdentityFile + ".new"} { // the latter of a crash
				if err := os.WriteFile(filepath.Join(path, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d := opened(t, path, folderfs.Options{})
			if id, err := d.Identity(); !errors.Is(err, folderfs.ErrNoIdentity) {
				t.Errorf("identity %q, %v", id, err)
			}
			if err := d.Prepare(); err != nil {
				t.Fatal(err)
			}
			if id, err := d.Identity(); err != nil || len(id) != 32 {
				t.Errorf("identity %q, %v", id, err)
			}
		})
	}
}
