package folderfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/labsync/labsync/internal/folderfs"
)

// asNobody runs a test body whose file accesses are those of another user.
func asNobody(t *testing.T, uid int, body func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		body() // already nobody special
		return
	}
	runtime.LockOSThread() // the identity for files is the thread's
	defer runtime.UnlockOSThread()
	must(t, unix.Setfsuid(uid))
	defer func() { _ = unix.Setfsuid(0) }() // cannot fail for root
	body()
}

const nobody = 65534

func TestAnOwnerChangesAFileHeMayNotRead(t *testing.T) {
	d := openDisk(t, folderfs.Options{})
	must(t, os.WriteFile(filepath.Join(d.Path(), "f"), []byte("x"), 0))
	if os.Geteuid() == 0 {
		must(t, os.Chown(d.Path(), nobody, nobody))
		must(t, os.Chown(filepath.Join(d.Path(), "f"), nobody, nobody))
	}
	asNobody(t, nobody, func() {
		_, err := d.Open("f")
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("open: %v", err)
		}
		must(t, d.Chtimes("f", 1e9))
		must(t, d.Chmod("f", 0o600))
		must(t, d.Chmod("f", 0))
		must(t, d.ChangeUnreadable("f", 0o640))
	})
	info, err := d.Lstat("f")
	must(t, err)
	if info.Mode != 0o640 || info.Mtime != 1e9 {
		t.Errorf("facts are %+v", info)
	}
}

func TestChangeUnreadableRefusesALink(t *testing.T) {
	d := openDisk(t, folderfs.Options{})
	must(t, os.Symlink("/etc/passwd", filepath.Join(d.Path(), "l")))
	if err := d.ChangeUnreadable("l", 0o777); !errors.Is(err, folderfs.ErrKind) {
		t.Errorf("error is %v", err)
	}
}

func TestADirectoryIsReachedThroughOneThatCannotBeListed(t *testing.T) {
	d := openDisk(t, folderfs.Options{})
	must(t, os.MkdirAll(filepath.Join(d.Path(), "d/e"), 0o755))
	must(t, os.Chmod(filepath.Join(d.Path(), "d"), 0o711))
	asNobody(t, nobody, func() {
		if _, err := d.Lstat("d/e"); err != nil {
			t.Error(err)
		}
		if _, err := d.ReadDir("d"); os.Geteuid() == 0 && !errors.Is(err, fs.ErrPermission) {
			t.Errorf("list: %v", err)
		}
	})
}

func TestInheritCopiesAttributesButNoCapabilities(t *testing.T) {
	d := openDisk(t, folderfs.Options{})
	old := filepath.Join(d.Path(), "f")
	must(t, os.WriteFile(old, nil, 0o644))
	if err := unix.Setxattr(old, "user.lab", []byte("room 12"), 0); err != nil {
		t.Skip("no extended attributes here: ", err)
	}
	// An ACL: owner rw, user nobody r, group r, mask r, other none.
	acl := []byte("\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\xfe\xff\x00\x00" +
		"\x04\x00\x04\x00\xff\xff\xff\xff" + "\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff")
	aclErr := unix.Setxattr(old, "system.posix_acl_access", acl, 0)
	capability := []byte("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	capErr := unix.Setxattr(old, "security.capability", capability, 0)
	if os.Geteuid() == 0 {
		must(t, os.Chown(old, nobody, nobody))
	}
	f, err := d.Create(folderfs.TempDir + "/x")
	must(t, err)
	must(t, f.Close())
	must(t, d.Inherit("f", folderfs.TempDir+"/x"))

	made := filepath.Join(d.Path(), folderfs.TempDir, "x")
	buffer := make([]byte, 256)
	if n, err := unix.Getxattr(made, "user.lab", buffer); err != nil || string(buffer[:n]) != "room 12" {
		t.Errorf("attribute is %q, %v", buffer[:max(n, 0)], err)
	}
	if n, err := unix.Getxattr(made, "system.posix_acl_access", buffer); aclErr == nil && (err != nil || string(buffer[:n]) != string(acl)) {
		t.Errorf("ACL is %x, %v", buffer[:max(n, 0)], err)
	}
	if _, err := unix.Getxattr(made, "security.capability", buffer); capErr == nil && err == nil {
		t.Error("the capability was copied")
	}
	var st unix.Stat_t
	must(t, unix.Stat(made, &st))
	if os.Geteuid() == 0 && st.Uid != nobody {
		t.Errorf("owner is %d", st.Uid)
	}
}

func TestANestedMountIsReadAndNotRenamedInto(t *testing.T) {
	d := openDisk(t, folderfs.Options{})
	inside := filepath.Join(d.Path(), "m")
	must(t, os.Mkdir(inside, 0o755))
	if err := unix.Mount("none", inside, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("mounting is not permitted here: ", err)
	}
	defer func() { must(t, unix.Unmount(inside, unix.MNT_DETACH)) }()
	must(t, os.WriteFile(filepath.Join(inside, "f"), []byte("x"), 0o644))
	f, err := d.Open("m/f")
	must(t, err)
	must(t, f.Close())
	list, err := d.ReadDir("m")
	must(t, err)
	if len(list) != 1 || list[0].Device == d.Root().Device {
		t.Errorf("listed are %+v", list)
	}
	if err := d.RenameNoReplace("m/f", folderfs.DisplacedDir+"/f"); !errors.Is(err, folderfs.ErrCrossDevice) || !errors.Is(err, unix.EXDEV) {
		t.Errorf("error is %v", err)
	}
	if err := d.Rmdir("m"); !errors.Is(err, unix.EBUSY) {
		t.Errorf("error is %v", err)
	}
}
