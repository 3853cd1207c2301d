package mount

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(Private(m)) }

func TestEveryTypeIsMountedAndTakenAway(t *testing.T) {
	for _, typ := range []Type{Ext4(), XFS(), Btrfs(), ExFAT()} {
		t.Run(typ.Name, func(t *testing.T) {
			var dir string
			t.Run("mounted", func(t *testing.T) {
				v := New(t, typ)
				dir = v.Dir
				var here, above unix.Stat_t
				if err := errors.Join(unix.Stat(dir, &here), unix.Stat(filepath.Dir(dir), &above)); err != nil {
					t.Fatal(err)
				}
				if here.Dev == above.Dev {
					t.Error("nothing is mounted")
				}
				if err := os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o644); err != nil {
					t.Fatal(err)
				}
				if err := v.Remount(); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(filepath.Join(dir, "f")); err != nil {
					t.Error(err)
				}
			})
			if dir == "" {
				t.Skip(typ.Lack())
			}
			if _, err := os.Stat(filepath.Join(dir, "f")); err == nil {
				t.Error("it is still mounted")
			}
		})
	}
}

// mkfs.btrfs goes by the name of what is below a loop device.
func TestTwoOfATypeAreMountedAtOnce(t *testing.T) {
	for _, typ := range []Type{Ext4(), XFS(), Btrfs(), ExFAT()} {
		t.Run(typ.Name, func(t *testing.T) {
			if first, second := New(t, typ), New(t, typ); first.Dir == second.Dir {
				t.Error("both are at", first.Dir)
			}
		})
	}
}

func TestALoopDeviceEndsWithItsLastUse(t *testing.T) {
	Need(t, Ext4())
	file, err := Memory(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	loop, err := Attach(file)
	if err != nil {
		t.Fatal(err)
	}
	path := loop.Path()
	if err := loop.Close(); err != nil {
		t.Fatal(err)
	}
	dev, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	if info, err := unix.IoctlLoopGetStatus64(int(dev.Fd())); err == nil && info.Inode != 0 {
		var st unix.Stat_t
		if err := unix.Fstat(int(file.Fd()), &st); err == nil && st.Ino == info.Inode {
			t.Errorf("%s is still attached", path)
		}
	}
}
