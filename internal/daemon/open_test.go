package daemon

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/internal/folderfs"
)

// bench is a folder that is opened and closed, and not run.
type bench struct {
	*folder
	t    *testing.T
	told []event.Event
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t}
	b.folder = &folder{
		conf: config.Folder{ID: lab, Path: filepath.Join(t.TempDir(), "root")}, home: t.TempDir(),
		tell: func(e event.Event) { b.told = append(b.told, e) }, log: slog.New(slog.DiscardHandler),
	}
	b.must(os.Mkdir(b.conf.Path, 0o755))
	return b
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// with opens the folder, which must succeed, and closes it after do.
func (b *bench) with(do func(o *opened)) {
	b.t.Helper()
	b.interrupt(func(o *opened) {
		if do != nil {
			do(o)
		}
		b.endRun(b.t.Context(), o)
	})
}

// interrupt is with for a run that does not end in order.
func (b *bench) interrupt(do func(o *opened)) {
	b.t.Helper()
	o, err := b.open(b.t.Context())
	b.must(err)
	defer o.close()
	do(o)
}

func (b *bench) identity() (who index.Identity) {
	b.t.Helper()
	b.with(func(o *opened) {
		var err error
		who, err = o.store.Identity(b.t.Context())
		b.must(err)
	})
	return who
}

func (b *bench) inside(name string) string { return filepath.Join(b.conf.Path, name) }

func TestTheFirstOpenPrepares(t *testing.T) {
	b := newBench(t)
	b.with(func(o *opened) {
		if o.previousRoot != 0 {
			t.Errorf("a root of an earlier run is known: %d", o.previousRoot)
		}
	})
	if _, err := os.Stat(b.inside(folderfs.TempDir)); err != nil {
		t.Error(err)
	}
	b.with(func(o *opened) {
		if o.previousRoot != o.fs.Root().Device {
			t.Errorf("device of the root %d; want %d", o.previousRoot, o.fs.Root().Device)
		}
	})
	if len(b.told) != 0 {
		t.Errorf("an ordinary start told %+v", b.told)
	}
}

func TestARootThatIsNotWhatItWasIsNotOpened(t *testing.T) {
	tests := []struct {
		name   string
		change func(b *bench)
		want   string
	}{
		{"it is missing", func(b *bench) { b.must(os.Rename(b.conf.Path, b.conf.Path+" away")) }, "is missing"},
		{"it is a file", func(b *bench) {
			b.must(os.Rename(b.conf.Path, b.conf.Path+" away"))
			b.must(os.WriteFile(b.conf.Path, nil, 0o600))
		}, "is not a directory"},
		{"it is another directory", func(b *bench) {
			b.must(os.Rename(b.conf.Path, b.conf.Path+" away"))
			b.must(os.Mkdir(b.conf.Path, 0o755))
			b.must(os.WriteFile(b.inside("file"), nil, 0o600))
		}, "is another directory or disk than before"},
		{"its work directory is gone and nothing else is there", func(b *bench) {
			b.must(os.RemoveAll(b.inside(folderfs.WorkDir)))
		}, "is another directory or disk than before"},
		{"its work directory is gone, as on another disk with the same inode", func(b *bench) {
			b.must(os.WriteFile(b.inside("file"), nil, 0o600))
			b.must(os.RemoveAll(b.inside(folderfs.WorkDir)))
		}, "is another directory or disk than before"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.with(nil)
			test.change(b)
			o, err := b.open(t.Context())
			if err == nil {
				o.close()
				t.Fatal("it was opened")
			}
			if text := b.failureText(err); !strings.Contains(text, test.want) || !strings.HasPrefix(text, b.conf.Path) {
				t.Errorf("told %q; want a sentence with %q", text, test.want)
			}
			if _, err := os.Lstat(b.inside(folderfs.WorkDir)); err == nil {
				t.Error("something was made in it")
			}
			if again, err := b.open(t.Context()); err == nil {
				again.close()
				t.Error("it was opened when tried again")
			}
		})
	}
}

// TestAnotherDiskOfTheSameNumbersIsNotOpened gives the root the identity of
// another: device and inode are those known.
func TestAnotherDiskOfTheSameNumbersIsNotOpened(t *testing.T) {
	b := newBench(t)
	b.with(nil)
	b.must(os.WriteFile(b.inside(folderfs.IdentityFile), []byte("00112233445566778899aabbccddeeff\n"), 0o600))
	if o, err := b.open(t.Context()); err == nil {
		o.close()
		t.Fatal("it was opened")
	}
	b.must(os.Remove(b.inside(folderfs.IdentityFile)))
	if o, err := b.open(t.Context()); err == nil {
		o.close()
		t.Fatal("it was opened without an identity")
	}
}

func TestACopiedRootIsTheSame(t *testing.T) {
	b := newBench(t)
	before := b.identity()
	b.must(os.Rename(b.conf.Path, b.conf.Path+" away"))
	b.must(os.CopyFS(b.conf.Path, os.DirFS(b.conf.Path+" away")))
	b.must(os.Remove(b.inside(folderfs.TempDir))) // as backups do with empty directories
	if after := b.identity(); after.Index != before.Index {
		t.Error("a root that was restored from a copy has another index")
	}
	if _, err := os.Stat(b.inside(folderfs.TempDir)); err != nil {
		t.Error(err)
	}
}

func TestAnIndexFromBeforeRootsHadIdentities(t *testing.T) {
	tests := []struct {
		name   string
		change func(known *rootRecord)
		opens  bool
	}{
		{"it is of this root", func(*rootRecord) {}, true},
		{"the device is another one", func(known *rootRecord) { known.Device++ }, false},
		{"the inode is another one", func(known *rootRecord) { known.Inode++ }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.with(func(o *opened) {
				known, err := readRoot(t.Context(), o.store)
				b.must(err)
				known.Identity = ""
				test.change(known)
				b.must(writeRoot(t.Context(), o.store, *known))
				b.must(os.Remove(b.inside(folderfs.IdentityFile)))
			})
			o, err := b.open(t.Context())
			if (err == nil) != test.opens {
				t.Fatalf("open: %v", err)
			}
			if err != nil {
				return
			}
			defer o.close()
			known, err := readRoot(t.Context(), o.store)
			if is, idErr := o.fs.Identity(); err != nil || idErr != nil || known.Identity != is || is == "" {
				t.Errorf("the index knows %+v, the root is %s (%v, %v)", known, is, err, idErr)
			}
		})
	}
}

func TestARootIsPreparedForAnEmptyIndexOnly(t *testing.T) {
	b := newBench(t)
	b.with(func(o *opened) {
		entry := index.Entry{Name: "x", Type: index.Directory, Version: index.Version{{Replica: 3, Value: 1}}, ModifiedBy: 3}
		_, err := o.store.Commit(t.Context(), []index.Change{{Entry: entry}}, true)
		b.must(err)
		b.must(o.store.SetSetting(t.Context(), settingRoot, nil))
	})
	if o, err := b.open(t.Context()); err == nil {
		o.close()
		t.Error("a root of which the index knows nothing was opened, though things may be missing in it")
	}
}

func TestAnotherConfiguredPathBeginsANewIndex(t *testing.T) {
	b := newBench(t)
	before := b.identity()
	b.conf.Path += " two"
	b.must(os.Mkdir(b.conf.Path, 0o755))
	if after := b.identity(); after.Index == before.Index {
		t.Error("the index of the old directory is used for the new one")
	}
	// A directory that was moved, and configured where it is now, is the same.
	before = b.identity()
	b.must(os.Rename(b.conf.Path, b.conf.Path+" moved"))
	b.conf.Path += " moved"
	if after := b.identity(); after.Index != before.Index {
		t.Error("the index of a directory that was moved was given up")
	}
}

func TestADamagedIndexIsSetAside(t *testing.T) {
	b := newBench(t)
	before := b.identity()
	path := b.indexPath()
	b.must(os.WriteFile(path, []byte("this is no database, but long enough to be taken for one"), 0o600))
	if after := b.identity(); after.Index == before.Index {
		t.Error("the index has the identity of the damaged one")
	}
	if len(b.told) != 1 || b.told[0].Fields["code"] != "index-damaged" {
		t.Errorf("told %+v; want that the index was damaged, and only that", b.told)
	}
	kept, err := filepath.Glob(path + "?*")
	b.must(err)
	aside := false
	for _, name := range kept {
		aside = aside || strings.Contains(b.told[0].Text, name)
	}
	if !aside {
		t.Errorf("%q names none of %v", b.told[0].Text, kept)
	}
}

func TestDevicesThatAreNotConfiguredAreForgotten(t *testing.T) {
	b := newBench(t)
	kept, gone := device.ID{1}, device.ID{2}
	b.conf.Devices = []device.ID{kept}
	b.with(func(o *opened) {
		for _, d := range []device.ID{kept, gone} {
			b.must(o.store.ResetRemote(t.Context(), d, 7))
		}
		entry := index.Entry{Name: "x", Type: index.Directory, Version: index.Version{{Replica: 3, Value: 1}}, ModifiedBy: 3}
		b.must(o.store.RecordRemote(t.Context(), gone, []index.Update{{Sequence: 4, Heads: []index.Entry{entry}}}))
		b.must(b.forget(t.Context(), o.store))
		known, err := o.store.Remotes(t.Context())
		if err != nil || len(known) != 1 || known[0] != kept {
			t.Errorf("devices known = %v, %v", known, err)
		}
		if c, err := o.store.Counts(t.Context()); err != nil || c.NeedFiles != 0 {
			t.Errorf("%d names are still needed, %v", c.NeedFiles, err)
		}
	})
}
