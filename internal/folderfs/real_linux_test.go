package folderfs_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/fstest"
	"github.com/labsync/labsync/internal/testkit/mount"
)

func TestMain(m *testing.M) { os.Exit(mount.Private(m)) }

// realTypes are file systems with what has to be found out about each. What is
// left out of can is as on ext4.
var realTypes = []struct {
	typ mount.Type
	can func(c *folderfs.Capabilities)
}{
	{mount.Ext4(), func(*folderfs.Capabilities) {}},
	{mount.XFS(), func(c *folderfs.Capabilities) { c.Reflink = true }},
	{mount.Btrfs(), func(c *folderfs.Capabilities) { c.Reflink = true }},
	{mount.ExFAT(), func(c *folderfs.Capabilities) {
		c.Exchange, c.NoReplace, c.CaseSensitive, c.Symlinks, c.Modes, c.HardLinks = false, false, false, false, false, false
		c.StableInodes, c.Ctime, c.Watchable = false, false, false
		c.MtimeGranularity, c.ClockStep = time.Second, time.Second
	}},
}

// openOn opens a new folder on a file system that is mounted at top.
func openOn(t *testing.T, top string, opts folderfs.Options) *folderfs.Disk {
	t.Helper()
	root, err := os.MkdirTemp(top, "folder")
	must(t, err)
	opts.Prepare = true
	d, err := folderfs.Open(root, opts)
	must(t, err)
	t.Cleanup(func() {
		if err := d.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
		must(t, os.RemoveAll(root))
	})
	return d
}

func TestRealFileSystems(t *testing.T) {
	for _, real := range realTypes {
		t.Run(real.typ.Name, func(t *testing.T) {
			t.Parallel()
			top := mount.New(t, real.typ).Dir
			for _, one := range lacks {
				t.Run(one.says, func(t *testing.T) {
					t.Parallel()
					fstest.Run(t, func(t *testing.T) fstest.Fixture {
						d := openOn(t, top, folderfs.Options{Without: one.lack})
						return fstest.Fixture{Writer: d, User: user{d.Path()}}
					})
				})
			}
		})
	}
}

// A capability that is claimed wrongly loses data, one that is missed makes the
// folder worse than it need be.
func TestWhatRealFileSystemsCanDoIsFound(t *testing.T) {
	for _, real := range realTypes {
		t.Run(real.typ.Name, func(t *testing.T) {
			got := openOn(t, mount.New(t, real.typ).Dir, folderfs.Options{}).Capabilities()
			want := folderfs.Capabilities{
				Exchange: true, NoReplace: true, StableInodes: true, Ctime: true,
				MtimeGranularity: time.Nanosecond, CaseSensitive: true, UnicodeExact: true,
				Symlinks: true, Modes: true, HardLinks: true, MaxName: 255, Watchable: true,
			}
			want.ClockStep = got.ClockStep // the kernel's, unless the type says otherwise
			real.can(&want)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("found   %+v\nit has %+v", got, want)
			}
			if got.ClockStep < got.MtimeGranularity || got.ClockStep <= 0 {
				t.Errorf("the clock's step is %v, times are kept in steps of %v", got.ClockStep, got.MtimeGranularity)
			}
		})
	}
}

// Facts that prove a file unchanged have to be the same when the file system is
// mounted again.
func TestFactsSurviveARemount(t *testing.T) {
	for _, real := range realTypes {
		t.Run(real.typ.Name, func(t *testing.T) {
			v := mount.New(t, real.typ)
			look := func(change func(d *folderfs.Disk)) folderfs.Info {
				d, err := folderfs.Open(v.Dir, folderfs.Options{Prepare: true})
				must(t, err)
				change(d)
				info, err := d.Lstat("f")
				must(t, err)
				if !d.Capabilities().StableInodes {
					info.Inode = 0
				}
				info.Device = 0 // numbers of devices are given out anew
				must(t, d.Close())
				return info
			}
			before := look(func(d *folderfs.Disk) {
				for _, name := range []string{"e", "f"} {
					must(t, os.WriteFile(filepath.Join(d.Path(), name), []byte("x"), 0o644))
				}
				must(t, d.Chtimes("f", 1_600_000_001_987_654_321))
			})
			must(t, v.Remount())
			if after := look(func(*folderfs.Disk) {}); after != before {
				t.Errorf("facts were %+v, are %+v", before, after)
			}
		})
	}
}
