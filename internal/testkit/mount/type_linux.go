package mount

import (
	"fmt"
	"os/exec"
	"slices"
	"testing"
)

// Type is a kind of file system.
type Type struct {
	Name string
	Size int64 // of a device that is big enough, in bytes

	make []string // the command, to which the device is added
	env  []string
	// helper is the program that mounts it in user space; "" for the kernel.
	helper string
	data   string // for mount(2)
}

// Ext4 is a small ext4. Its tables are all written when it is made: what the
// kernel would write later, in the background, has nothing to do with a test.
func Ext4() Type {
	return Type{Name: "ext4", Size: 40 << 20, make: []string{"mkfs.ext4", "-q", "-F", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"}}
}

// XFS is a small xfs. mkfs makes one below 300 MiB for its own tests only,
// which tell it so by these variables.
func XFS() Type {
	return Type{Name: "xfs", Size: 64 << 20, make: []string{"mkfs.xfs", "-q", "-f", "-K", "-l", "size=6m"},
		env: []string{"TEST_DIR=1", "TEST_DEV=1", "QA_CHECK_FS=1"}, data: "nouuid"}
}

// Btrfs is a small btrfs.
func Btrfs() Type {
	return Type{Name: "btrfs", Size: 112 << 20, make: []string{"mkfs.btrfs", "-q", "-f", "-K", "-m", "single"}}
}

// ExFAT is the file system of big memory cards, by FUSE.
func ExFAT() Type {
	return Type{Name: "exfat", Size: 32 << 20, make: []string{"mkfs.exfat"}, helper: "mount.exfat-fuse"}
}

// Lack says why a file system of this type cannot be had here, "" if it can.
func (t Type) Lack() string {
	if !isPrivate() {
		return "mounting file systems needs root"
	}
	for _, program := range []string{t.make[0], t.helper} {
		if program == "" {
			continue
		}
		if _, err := exec.LookPath(program); err != nil {
			return program + " is not installed"
		}
	}
	if t.helper == "" && !slices.Contains(kernelTypes(), t.Name) {
		return "the kernel has no " + t.Name
	}
	return ""
}

// Need skips the test if a file system of this type cannot be had here.
func Need(tb testing.TB, t Type) {
	tb.Helper()
	if why := t.Lack(); why != "" {
		tb.Skip(why)
	}
}

// Format makes an empty file system on a block device or file.
func (t Type) Format(device string) error {
	cmd := exec.Command(t.make[0], append(t.make[1:], device)...)
	cmd.Env = append(cmd.Environ(), t.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make %s: %w: %s", t.Name, err, out)
	}
	return nil
}
