package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/chunk"
)

func TestAFirstScanFindsEverythingInOrder(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	for _, d := range []string{"a", "a/x", "empty"} {
		w.must(w.user.Mkdir(d))
	}
	for _, f := range []string{"a-b", "a/x/1", "a/y", "a0", "ab", "zero"} {
		w.must(w.user.Write(f, []byte(f)))
	}
	w.must(w.user.Write("zero", nil))
	w.must(w.user.Symlink("a/y", "link"))
	found := w.settle()
	w.expect("first scan", found, "a changed", "a-b changed", "a/x changed", "a/x/1 changed", "a/y changed",
		"a0 changed", "ab changed", "empty changed", "link changed", "zero changed")
	for _, f := range found {
		if f.Base != nil || f.Disk.Name != "" || f.Disk.Seen == 0 || f.Disk.Inode == 0 {
			t.Errorf("%s: base %v, disk %+v", f.Name, f.Base, f.Disk)
		}
		if blocks := len(f.Entry.Blocks); (f.Entry.Type == index.File) != (blocks == 1) {
			t.Errorf("%s has %d blocks", f.Name, blocks)
		}
	}
	if link := found[8].Entry; link.Target != "a/y" || link.Type != index.Symlink || link.Mode != 0 || link.Mtime != found[8].Disk.Mtime || link.Mtime == 0 {
		t.Errorf("link: %+v", link)
	}
	w.expect("second scan", w.scan())
}

func TestChanges(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(u memfs.User) error
		want   []string
	}{
		{"nothing", func(memfs.User) error { return nil }, nil},
		{"a save in place", func(u memfs.User) error { return u.Write("d/f", []byte("new")) }, []string{"d/f changed"}},
		{"a save of the same size", func(u memfs.User) error { return u.Write("d/f", []byte("tent")) }, []string{"d/f changed"}},
		{"a save by renaming", func(u memfs.User) error { return u.SaveByRename("d/f", []byte("tent")) }, []string{"d/f changed"}},
		{"the same bytes saved again", func(u memfs.User) error { return u.Write("d/f", []byte("text")) }, []string{"d/f meta-changed"}},
		{"other permissions", func(u memfs.User) error { return u.Chmod("d/f", 0o755) }, []string{"d/f meta-changed"}},
		{"another time", func(u memfs.User) error { return u.Touch("d/f", 1e18) }, []string{"d/f meta-changed"}},
		{"another time of the link", func(u memfs.User) error { return u.Touch("l", 1e18) }, []string{"l touched"}},
		{"permissions of a directory", func(u memfs.User) error { return u.Chmod("d", 0o700) }, []string{"d meta-changed"}},
		{"the file deleted", func(u memfs.User) error { return u.Remove("d/f") }, []string{"d/f removed"}},
		{"the directory deleted", func(u memfs.User) error { return u.RemoveAll("d") },
			[]string{"d removed", "d/e removed", "d/e/g removed", "d/f removed"}},
		{"the file renamed", func(u memfs.User) error { return u.Rename("d/f", "n") }, []string{"d/f removed", "n changed from d/f"}},
		{"the file renamed after other bytes of its size were given its time", func(u memfs.User) error {
			info, err := u.Lstat("d/f")
			return errors.Join(err, u.Write("d/f", []byte("tent")), u.Touch("d/f", info.Mtime), u.Rename("d/f", "n"))
		}, []string{"d/f removed", "n changed"}},
		{"the directory renamed", func(u memfs.User) error { return u.Rename("d", "b") },
			[]string{"b changed", "b/e changed", "b/e/g changed from d/e/g", "b/f changed from d/f",
				"d removed", "d/e removed", "d/e/g removed", "d/f removed"}},
		{"the file renamed and written anew", func(u memfs.User) error {
			return errors.Join(u.Rename("d/f", "d/f~"), u.Write("d/f", []byte("second")))
		}, []string{"d/f changed", "d/f~ changed"}},
		{"the file replaced by a directory", func(u memfs.User) error {
			return errors.Join(u.Remove("d/f"), u.Mkdir("d/f"), u.Write("d/f/x", nil))
		}, []string{"d/f changed", "d/f/x changed"}},
		{"the directory replaced by a file, one between", func(u memfs.User) error {
			return errors.Join(u.RemoveAll("d/e"), u.Write("d/e", nil), u.Write("d/e-x", nil))
		}, []string{"d/e changed", "d/e-x changed", "d/e/g removed"}},
		{"the file replaced by a link", func(u memfs.User) error {
			return errors.Join(u.Remove("d/f"), u.Symlink("e", "d/f"))
		}, []string{"d/f changed"}},
		{"the link changed", func(u memfs.User) error {
			return errors.Join(u.Remove("l"), u.Symlink("elsewhere", "l"))
		}, []string{"l changed"}},
		{"the link made again", func(u memfs.User) error { return errors.Join(u.Remove("l"), u.Symlink("d", "l")) }, []string{"l touched"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, memfs.Linux())
			w.must(errors.Join(w.user.Mkdir("d"), w.user.Mkdir("d/e"), w.user.Write("d/e/g", []byte("deep")),
				w.user.Write("d/f", []byte("text")), w.user.Symlink("d", "l")))
			w.settle()
			w.must(c.change(w.user))
			w.rest()
			found := w.scan()
			w.expect("whole scan", found, c.want...)
			w.record(found)
			w.rest()
			w.expect("scan after it was recorded", w.scan())
		})
	}
}

func TestFilesWrittenWithinAGranuleAreRead(t *testing.T) {
	caps := memfs.Linux()
	caps.ClockStep, caps.Ctime = 0, false
	w := newWorld(t, caps)
	w.must(w.user.Write("f", []byte("one")))
	info, err := w.user.Lstat("f")
	w.must(err)
	w.opt.Policy = chunk.Content
	caps.MtimeGranularity = 1
	w.record(w.scan())
	held, err := w.idx.Local(context.Background(), "f")
	w.must(err)
	if racy(&index.Disk{Mtime: 5, Seen: 6}, caps) != true || racy(&index.Disk{Mtime: 5, Seen: 7}, caps) {
		t.Error("the bound is not two granules")
	}
	if racy(&index.Disk{Mtime: 1 << 60, Seen: 5}, caps) {
		t.Error("a time far ahead was set by hand and proves the facts")
	}
	// A second write that leaves size and time as they were, seen as if at once.
	w.must(errors.Join(w.user.Write("f", []byte("two")), w.user.Touch("f", info.Mtime)))
	held.Disk.Seen = info.Mtime + 1
	_, err = w.idx.Commit(context.Background(), []index.Change{{Base: held.Entry.Version, Entry: held.Entry, Disk: held.Disk}}, true)
	w.must(err)
	w.expect("scan", w.scan(), "f changed")
}

func TestScopes(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir("a"), w.user.Write("a/f", nil), w.user.Mkdir("b"), w.user.Write("b/f", nil)))
	w.settle()
	w.must(errors.Join(w.user.Write("a/f", []byte("1")), w.user.Write("b/f", []byte("1")),
		w.user.Mkdir("n"), w.user.Mkdir("n/m"), w.user.Write("n/m/f", nil), w.user.Write("n/x", nil)))
	w.rest()
	w.expect("one file", w.scan(Scope{Name: "a/f"}), "a/f changed")
	w.expect("a directory alone", w.scan(Scope{Name: "a"}))
	w.expect("a directory and all below", w.scan(Scope{Name: "a", Recursive: true}, Scope{Name: "a/f"}), "a/f changed")
	w.expect("a name below an unknown directory", w.scan(Scope{Name: "n/m/f"}), "n changed", "n/m changed", "n/m/f changed", "n/x changed")
	w.expect("an unknown directory alone", w.scan(Scope{Name: "n"}), "n changed", "n/m changed", "n/m/f changed", "n/x changed")
	w.expect("a name that never was", w.scan(Scope{Name: "a/never"}, Scope{Name: "no/where"}))
	w.must(w.user.RemoveAll("b"))
	w.expect("a directory that is gone", w.scan(Scope{Name: "b"}), "b removed", "b/f removed")
	w.expect("a file in it", w.scan(Scope{Name: "b/f"}), "b/f removed")
}

func TestIgnoredNames(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir("d"), w.user.Mkdir("d/sub"), w.user.Write("d/sub/f", nil), w.user.Write("d/x.o", nil), w.user.Write("d-x", nil)))
	w.settle()
	w.opt.Ignore = func(name string, _ bool) bool {
		return name == "d/sub" || strings.HasPrefix(name, "d/sub/") || strings.HasSuffix(name, ".o")
	}
	w.expect("names that became ignored", w.settle(), "d/sub hidden flags 1", "d/sub/f hidden flags 1", "d/x.o hidden flags 1")
	w.expect("again", w.scan())
	w.must(w.user.Remove("d/x.o"))
	w.must(w.user.Write("d/new.o", nil))
	w.expect("ignored names come and go", w.scan())
	w.opt.Ignore = nil
	w.expect("names that are not ignored any more", w.scan(),
		"d/new.o changed", "d/sub touched", "d/sub/f touched", "d/x.o removed flags 1")
}

func TestAnIgnoredDirectoryHidesWhatSortsBehindItsSibling(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir("d"), w.user.Write("d/f", nil), w.user.Write("d-x", nil)))
	w.settle()
	w.must(w.user.Remove("d-x"))
	w.opt.Ignore = func(name string, _ bool) bool { return name == "d" || name == "d/f" }
	w.expect("scan", w.scan(), "d hidden flags 1", "d-x removed", "d/f hidden flags 1")
}

func TestWhatCannotBeReadIsNotGone(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir("d"), w.user.Write("d/f", nil), w.user.Write("d-x", nil), w.user.Write("f", []byte("x"))))
	w.settle()
	w.must(w.user.Write("f", []byte("y")))
	w.fs.SetHook(func(op memfs.Op, name string) error {
		if op == memfs.OpReadDir && name == "d" || op == memfs.OpOpen && name == "f" {
			return syscall.EACCES
		}
		return nil
	})
	found := w.scan()
	w.expect("scan", found, "d faulty unreadable", "f faulty unreadable")
	if text := found[0].Problem.Text; !strings.Contains(text, `"d" cannot be read by this user`) {
		t.Errorf("text: %s", text)
	}
}

func TestAMountThatIsGoneIsNoDeletion(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir("d"), w.user.Mkdir("d/m"), w.user.Mount("d/m"), w.user.Write("d/m/f", nil), w.user.Write("d/m/g", nil)))
	w.expect("mounted", w.settle(), "d changed", "d/m changed", "d/m faulty other-filesystem", "d/m/f changed", "d/m/g changed")
	w.must(w.user.Remove("d/m/g"))
	w.expect("a file on it deleted", w.settle(), "d/m faulty other-filesystem", "d/m/g removed")
	w.must(w.user.Unmount("d/m"))
	w.expect("gone", w.settle(), "d/m touched", "d/m faulty mount-missing")
	w.expect("still gone", w.settle(), "d/m faulty mount-missing")
	w.expect("the file alone", w.scan(Scope{Name: "d/m/f"}), "d/m faulty mount-missing")
	w.must(w.user.Mount("d/m"))
	w.expect("back", w.settle(), "d/m touched", "d/m faulty other-filesystem")
}

func TestTheRootIsNotTrustedWhenItIsAnother(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Write("a", nil), w.user.Write("b", nil)))
	w.settle()
	scan := func() (found []Found, err error) {
		err = New(w.fs, w.idx, w.opt).Scan(context.Background(), []Scope{{Recursive: true}}, func(f []Found) error {
			found = append(found, f...)
			return nil
		}, nil)
		return found, err
	}
	w.user.HideRoot(true)
	if found, err := scan(); !errors.Is(err, folderfs.ErrRootGone) || found != nil {
		t.Errorf("root gone: %v, %v", show(found), err)
	}
	w.user.HideRoot(false)
	w.must(w.user.Remove("a"))
	w.fs.SetHook(func(op memfs.Op, name string) error {
		if op == memfs.OpReadDir {
			w.user.HideRoot(true)
		}
		return nil
	})
	if found, err := scan(); !errors.Is(err, folderfs.ErrRootGone) || found != nil {
		t.Errorf("root gone while it was listed: %v, %v", show(found), err)
	}
	w.fs.SetHook(nil)
	w.user.HideRoot(false)
	w.must(errors.Join(w.user.Remove("b"), w.user.RemoveAll(folderfs.WorkDir)))
	if found, err := scan(); !errors.Is(err, ErrRootEmptied) || found != nil {
		t.Errorf("root emptied: %v, %v", show(found), err)
	}
	w.must(w.fs.Prepare())
	found, err := scan()
	w.must(err)
	w.expect("the last file deleted by a person", found, "a removed", "b removed")
}

func TestAFileThatChangesWhileItIsRead(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	for _, c := range []struct {
		name   string
		first  int // the read before which it changes for the first time
		again  int // and how many more times it does
		change func(u memfs.User, size int64) error
		want   string
	}{
		{"changed in place", 5, 0, func(u memfs.User, _ int64) error { return u.WriteAt("f", []byte("x"), 9) }, "f unsettled"},
		{"appended to", 5, 0, func(u memfs.User, size int64) error { return u.WriteAt("f", []byte("x"), size) }, "f unsettled"},
		{"appended to again and again", 5, 1000, func(u memfs.User, size int64) error { return u.WriteAt("f", []byte("x"), size) },
			fmt.Sprintf("f changed flags %d", index.Prefix)},
		{"appended to and changed before", 5, 0, func(u memfs.User, size int64) error {
			return errors.Join(u.WriteAt("f", []byte("x"), 9), u.WriteAt("f", []byte("x"), size))
		}, "f unsettled"},
		{"saved anew and longer before anything was read", 1, 0, func(u memfs.User, _ int64) error {
			return u.Write("f", bytes.Repeat([]byte("longer"), 1<<19))
		}, "f unsettled"},
		{"cut", 5, 0, func(u memfs.User, _ int64) error { return u.Truncate("f", 10) }, "f unsettled"},
		{"replaced", 5, 0, func(u memfs.User, _ int64) error { return u.SaveByRename("f", []byte("x")) }, "f unsettled"},
	} {
		w := newWorld(t, memfs.Linux())
		w.must(w.user.Write("f", big))
		w.rest()
		reads := 0
		w.fs.SetHook(func(op memfs.Op, name string) error {
			if op != memfs.OpRead || name != "f" {
				return nil
			}
			if reads++; reads < c.first || reads > c.first+c.again {
				return nil
			}
			info, err := w.user.Lstat("f")
			return errors.Join(err, c.change(w.user, info.Size))
		})
		found := w.scan()
		w.fs.SetHook(nil)
		w.expect(c.name, found, c.want)
		if found[0].Flags&index.Prefix != 0 {
			if found[0].Entry.Size != int64(len(big)) {
				t.Errorf("%s: a prefix of %d bytes", c.name, found[0].Entry.Size)
			}
			w.record(found)
			w.rest()
			w.expect(c.name+", looked at again", w.scan(), "f changed")
		}
	}
}

func TestEqualBytesCutOtherwiseAreNoChange(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	big := make([]byte, 3<<20)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	w.must(w.user.Write("f", big))
	w.opt.Policy = chunk.Fixed
	w.settle()
	w.opt.Policy = chunk.Content
	w.must(w.user.Touch("f", 1e18))
	found := w.scan()
	w.expect("scan", found, "f meta-changed")
	if e := found[0].Entry; e.BlockSize == 0 || len(e.Blocks) != 24 {
		t.Errorf("the list held did not stay: %d blocks of %d", len(e.Blocks), e.BlockSize)
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	nfd, nfc := "e\u0301", "\u00e9"
	w.must(errors.Join(w.user.Mkdir("d"+nfd), w.user.Write("d"+nfd+"/"+nfd, []byte("1")), w.user.Write("x"+nfd, nil), w.user.Write("x"+nfc, nil),
		w.user.Write("bad\xff", nil), w.user.Write("日本語.txt", nil)))
	found := w.settle()
	w.expect("scan", found, "bad\ufffd faulty not-utf8", "x"+nfc+" faulty name-twin",
		"d"+nfc+" changed", "d"+nfc+"/"+nfc+" changed", "x"+nfc+" changed", "日本語.txt changed")
	if d := found[3].Disk; d.Name != "d"+nfd+"/"+nfd {
		t.Errorf("the disk's spelling is %+q", d.Name)
	}
	w.must(w.user.Write("d"+nfd+"/"+nfd, []byte("22")))
	w.expect("a scope as the disk spells it", w.scan(Scope{Name: "d" + nfd + "/" + nfd}), "d"+nfc+"/"+nfc+" changed")
	w.expect("a bad name as a scope", w.scan(Scope{Name: "bad\xff"}, Scope{Name: "worse\xff"}), "bad\ufffd faulty not-utf8")
	w.must(w.user.Remove("x" + nfc))
	w.expect("the twin takes the name", w.scan(Scope{Name: "x" + nfc}), "x"+nfc+" meta-changed")
}

func TestRenameByContentWhereInodesMeanNothing(t *testing.T) {
	w := newWorld(t, memfs.Windows())
	w.must(errors.Join(w.user.Write("a", []byte("same")), w.user.Write("b", []byte("same"))))
	w.settle()
	w.must(w.user.Rename("b", "c"))
	w.must(w.user.Write("copy", []byte("same")))
	w.rest()
	w.expect("scan", w.scan(), "b removed", "c changed from b", "copy changed")
}

func TestALetterCaseRenamedOnADiskThatFoldsCase(t *testing.T) {
	w := newWorld(t, memfs.MacOS())
	w.must(w.user.Write("readme", []byte("x")))
	w.settle()
	w.must(w.user.Rename("readme", "README"))
	w.rest()
	w.expect("both names", w.scan(Scope{Name: "readme"}, Scope{Name: "README"}), "README changed", "readme removed")
}

func TestOtherLinksOfAChangedFileAreScanned(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir("d"), w.user.Write("d/f", []byte("1")), w.user.Link("d/f", "g")))
	w.expect("first", w.settle(), "d changed", "d/f changed", "g changed")
	w.must(w.user.Write("g", []byte("2")))
	w.rest()
	w.expect("one name", w.scan(Scope{Name: "g"}), "g changed", "d/f changed")
}

// lateIndex lets something happen after the disk was listed and before the
// index is read.
type lateIndex struct {
	index.Store
	before func()
}

func (i *lateIndex) Locals(ctx context.Context, dir, after string, limit int) ([]index.Held, error) {
	if before := i.before; before != nil {
		i.before = nil
		before()
	}
	return i.Store.Locals(ctx, dir, after, limit)
}

func TestANamePlacedDuringTheScanIsNotFoundRemoved(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(w.user.Write("z", nil))
	w.settle()
	store := w.idx
	w.idx = &lateIndex{Store: store, before: func() {
		w.must(w.user.Write("placed", []byte("by a pull")))
		scanner := &world{t: t, fs: w.fs, user: w.user, idx: store}
		scanner.opt.Now = w.opt.Now
		scanner.record(scanner.scan(Scope{Name: "placed"}))
	}}
	w.expect("scan", w.scan(), "placed unsettled")
	w.rest()
	w.expect("another look", w.scan(Scope{Name: "placed"}))
}

func TestACancelledScanEnds(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	for i := range 3000 {
		w.must(w.user.Write(fmt.Sprint(i), []byte("x")))
	}
	ctx, cancel := context.WithCancel(context.Background())
	emitted := 0
	err := New(w.fs, w.idx, w.opt).Scan(ctx, []Scope{{Recursive: true}}, func(f []Found) error {
		emitted += len(f)
		cancel()
		return nil
	}, nil)
	if !errors.Is(err, context.Canceled) || emitted > maxFound {
		t.Errorf("ended with %v after %d findings", err, emitted)
	}
	full := errors.New("full")
	err = New(w.fs, w.idx, w.opt).Scan(context.Background(), []Scope{{Recursive: true}}, func([]Found) error { return full }, nil)
	if !errors.Is(err, full) {
		t.Errorf("an error of emit gave %v", err)
	}
}

// After a loss of power facts prove nothing, but a file that is read may turn out
// to be what was held under another name.
func TestARenameOfAFileThatIsNotToBeTrusted(t *testing.T) {
	for _, x := range []struct {
		name, now string
		want      string
	}{
		{"is recognised by its content", "text", "g changed from f"},
		{"is none if the content is another", "\x00\x00\x00\x00", "g changed"},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, memfs.Linux())
			w.must(w.user.Write("f", []byte("text")))
			w.settle()
			h, err := w.idx.Local(t.Context(), "f")
			w.must(err)
			h.Flags |= index.MustRescan | index.Suspect
			_, err = w.idx.Commit(t.Context(), []index.Change{{Base: h.Entry.Version, Entry: h.Entry, Disk: h.Disk, Flags: h.Flags}}, true)
			w.must(err)
			w.must(errors.Join(w.user.Write("f", []byte(x.now)), w.user.Touch("f", h.Disk.Mtime), w.user.Rename("f", "g")))
			w.expect("scan", w.scan(), "f removed", x.want)
		})
	}
}

func TestADirectoryKeptForIgnoredContentStaysUnannounced(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.opt.Ignore = func(name string, _ bool) bool { return strings.HasSuffix(name, ".o") }
	w.must(errors.Join(w.user.Mkdir("d"), w.user.Mkdir("d/e"), w.user.Write("d/e/x.o", nil)))
	found := w.settle()
	for i := range found { // deleted by others, kept here
		found[i].Kind, found[i].Base = Removed, nil
		h, err := w.idx.Local(context.Background(), found[i].Name)
		w.must(err)
		found[i].Base = h.Entry.Version
		found[i].Entry = index.Entry{Name: found[i].Name, Type: index.Directory, Deleted: true}
		found[i].Disk, found[i].Flags = index.Disk{}, index.Kept
	}
	w.record(found)
	w.expect("scan", w.scan())
	w.expect("a scope below", w.scan(Scope{Name: "d/e"}))
	w.must(w.user.Write("d/e/new", nil))
	found = w.scan()
	w.expect("with content of its own", found, "d changed", "d/e changed", "d/e/new changed")
	if found[0].Base == nil {
		t.Error("the tombstone is not the base")
	}
}

func TestBatchesAreBounded(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	for i := range 2500 {
		w.must(w.user.Write(fmt.Sprintf("f%04d", i), []byte{byte(i)}))
	}
	var sizes []int
	var names []string
	var last Progress
	w.opt.Parallel = func(n int, work func(int)) {
		done := make(chan struct{})
		for k := range 3 {
			go func() {
				for i := k; i < n; i += 3 {
					work(i)
				}
				done <- struct{}{}
			}()
		}
		for range 3 {
			<-done
		}
	}
	w.must(New(w.fs, w.idx, w.opt).Scan(context.Background(), []Scope{{Recursive: true}}, func(f []Found) error {
		sizes = append(sizes, len(f))
		for i := range f {
			names = append(names, f[i].Name)
		}
		return nil
	}, func(p Progress) { last = p }))
	if !slices.Equal(sizes, []int{1000, 1000, 500}) || !slices.IsSorted(names) {
		t.Errorf("batches of %v, sorted: %v", sizes, slices.IsSorted(names))
	}
	if last.Files != 2500 || last.TotalFiles != 2500 || last.Bytes != 2500 || last.TotalBytes != 2500 {
		t.Errorf("progress ended with %+v", last)
	}
}
