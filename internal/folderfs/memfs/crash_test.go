package memfs_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

const seeds = 300

func rng(seed int) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), 1)) }

// crashes runs check on what many crashes of one folder leave, in both modes.
func crashes(f *memfs.FS, check func(mode memfs.Mode, seed int, after memfs.User)) {
	for _, mode := range []memfs.Mode{memfs.Ordered, memfs.Weak} {
		for seed := range seeds {
			check(mode, seed, f.Crash(rng(seed), mode).User())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// read returns a file's content, "-" if there is none.
func read(u memfs.User, name string) string {
	content, err := u.Read(name)
	if err != nil {
		return "-"
	}
	return string(content)
}

func temp(t *testing.T, f *memfs.FS, name, content string) folderfs.NewFile {
	t.Helper()
	file, err := f.Create(folderfs.TempDir + "/" + name)
	must(t, err)
	_, err = file.WriteAt([]byte(content), 0)
	must(t, err)
	return file
}

func TestUnsyncedContentIsOldNewTornOrZero(t *testing.T) {
	f := prepared(t, memfs.Options{PageSize: 2})
	must(t, f.User().Write("f", []byte("AABB")))
	f.SyncAll()
	must(t, f.User().WriteAt("f", []byte("ccdd"), 0))
	seen := map[string]bool{}
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) { seen[read(after, "f")] = true })
	for _, want := range []string{"AABB", "ccdd", "AAdd", "ccBB", "\x00\x00dd", "\x00\x00\x00\x00"} {
		if !seen[want] {
			t.Errorf("%q was never found", want)
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d contents found, want 3 states of 2 pages: %v", len(seen), seen)
	}
}

func TestSaveInPlaceCanLeaveAnEmptyFile(t *testing.T) {
	f := prepared(t, memfs.Options{})
	must(t, f.User().Write("f", []byte("old content")))
	f.SyncAll()
	must(t, f.User().Write("f", []byte("new")))
	empty := 0
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) {
		if read(after, "f") == "" {
			empty++
		}
	})
	if empty == 0 {
		t.Error("truncate to zero never survived alone")
	}
}

func TestSyncedContentAndNameStay(t *testing.T) {
	f := prepared(t, memfs.Options{PageSize: 2})
	file := temp(t, f, "x", "content")
	must(t, file.Chtimes(7e9))
	must(t, file.Sync())
	must(t, f.SyncDir(folderfs.TempDir))
	crashes(f, func(mode memfs.Mode, seed int, after memfs.User) {
		if got := read(after, folderfs.TempDir+"/x"); got != "content" {
			t.Errorf("mode %d, seed %d: %q", mode, seed, got)
		}
		if info, err := after.Lstat(folderfs.TempDir + "/x"); err != nil || info.Mtime != 7e9 {
			t.Errorf("mode %d, seed %d: %+v, %v", mode, seed, info, err)
		}
	})
}

func TestSyncOfAFileDoesNotKeepItsName(t *testing.T) {
	f := prepared(t, memfs.Options{})
	must(t, temp(t, f, "x", "content").Sync())
	lost, kept := 0, 0
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) {
		switch read(after, folderfs.TempDir+"/x") {
		case "-":
			lost++
		case "content":
			kept++
		default:
			t.Error("content was torn although it was synced")
		}
	})
	if lost == 0 || kept == 0 {
		t.Errorf("lost %d times, kept %d times", lost, kept)
	}
}

func TestExchangeIsAtomic(t *testing.T) {
	f := prepared(t, memfs.Options{})
	must(t, f.User().Write("f", []byte("old")))
	must(t, temp(t, f, "x", "new").Close())
	f.SyncAll()
	must(t, f.Exchange(folderfs.TempDir+"/x", "f"))
	seen := map[string]int{}
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) {
		seen[read(after, "f")+" "+read(after, folderfs.TempDir+"/x")]++
	})
	if len(seen) != 2 || seen["old new"] == 0 || seen["new old"] == 0 {
		t.Errorf("found %v", seen)
	}
}

func TestRenameIsBothOrNone(t *testing.T) {
	for _, sync := range []string{"", "a", "b"} {
		f := prepared(t, memfs.Options{})
		must(t, f.User().Mkdir("a"))
		must(t, f.User().Mkdir("b"))
		must(t, f.User().Write("a/f", []byte("x")))
		f.SyncAll()
		must(t, f.RenameNoReplace("a/f", "b/f"))
		if sync != "" {
			must(t, f.SyncDir(sync))
		}
		seen := map[string]int{}
		crashes(f, func(_ memfs.Mode, _ int, after memfs.User) { seen[read(after, "a/f")+read(after, "b/f")]++ })
		if sync == "" && (len(seen) != 2 || seen["x-"] == 0 || seen["-x"] == 0) {
			t.Errorf("without sync: found %v", seen)
		}
		if sync != "" && (len(seen) != 1 || seen["-x"] == 0) {
			t.Errorf("after sync of %s: found %v", sync, seen)
		}
	}
}

func TestRenameByLinkCanLeaveBothNames(t *testing.T) {
	opts := without(func(c *folderfs.Capabilities) { c.NoReplace = false })
	f := prepared(t, opts)
	must(t, temp(t, f, "x", "x").Close())
	f.SyncAll()
	must(t, f.RenameNoReplace(folderfs.TempDir+"/x", "f"))
	seen := map[string]int{}
	crashes(f, func(mode memfs.Mode, _ int, after memfs.User) {
		seen[read(after, "f")+read(after, folderfs.TempDir+"/x")]++
	})
	if seen["xx"] == 0 || seen["x-"] == 0 || seen["-x"] == 0 {
		t.Errorf("found %v", seen)
	}
}

func TestOrderOfNames(t *testing.T) {
	f := prepared(t, memfs.Options{})
	for n := range 6 {
		must(t, f.Mkdir(fmt.Sprint(n), 0o755))
	}
	must(t, f.Rmdir("0"))
	gaps := 0
	crashes(f, func(mode memfs.Mode, seed int, after memfs.User) {
		items, err := after.Tree("")
		must(t, err)
		var found []string
		for _, item := range items {
			found = append(found, item.Path)
		}
		prefix := slices.Equal(found, []string{"1", "2", "3", "4", "5"}) || isCount(found)
		if mode == memfs.Ordered && !prefix {
			t.Errorf("seed %d: %v is no prefix", seed, found)
		}
		if !prefix {
			gaps++
		}
	})
	if gaps == 0 {
		t.Error("the weak mode never lost a name before one it kept")
	}
}

func TestOrderHoldsAcrossDirectories(t *testing.T) {
	f := prepared(t, memfs.Options{})
	must(t, f.User().Mkdir("a"))
	must(t, f.User().Mkdir("b"))
	must(t, f.User().Write("a/f", []byte("x")))
	f.SyncAll()
	must(t, f.Mkdir("a/before", 0o755))
	must(t, f.RenameNoReplace("a/f", "b/f"))
	must(t, f.Mkdir("b/after", 0o755))
	seen := map[string]int{}
	for seed := range seeds {
		after := f.Crash(rng(seed), memfs.Ordered).User()
		state := ""
		for _, name := range []string{"a/before", "b/f", "b/after"} {
			if _, err := after.Lstat(name); err == nil {
				state += " " + name
			}
		}
		seen[state]++
	}
	want := []string{"", " a/before", " a/before b/f", " a/before b/f b/after"}
	for _, state := range want {
		if seen[state] == 0 {
			t.Errorf("never found:%s", state)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("found %v", seen)
	}
	must(t, f.SyncDir("b"))
	for seed := range seeds {
		if _, err := f.Crash(rng(seed), memfs.Ordered).User().Lstat("a/before"); err != nil {
			t.Fatalf("seed %d: the rename is durable, what came before it is not: %v", seed, err)
		}
	}
}

func isCount(found []string) bool {
	for n, name := range found {
		if name != fmt.Sprint(n) {
			return false
		}
	}
	return true
}

func TestAFailedSyncForgets(t *testing.T) {
	f := prepared(t, memfs.Options{PageSize: 4})
	file := temp(t, f, "x", "old!")
	f.SyncAll()
	_, err := file.WriteAt([]byte("new!more"), 0)
	must(t, err)
	f.SetHook(func(op memfs.Op, _ string) error {
		if op == memfs.OpSync {
			return syscall.EIO
		}
		return nil
	})
	if err := file.Sync(); err == nil || !strings.Contains(err.Error(), "sync") {
		t.Errorf("error is %v", err)
	}
	f.SetHook(nil)
	must(t, file.Sync())
	if got := read(f.User(), folderfs.TempDir+"/x"); got != "new!more" {
		t.Errorf("before the crash it reads %q", got)
	}
	crashes(f, func(mode memfs.Mode, seed int, after memfs.User) {
		if got := read(after, folderfs.TempDir+"/x"); strings.Contains(got, "new!") || strings.Contains(got, "more") {
			t.Errorf("mode %d, seed %d: %q came back from a sync that failed", mode, seed, got)
		}
	})
	_, err = file.WriteAt([]byte("new!more"), 0)
	must(t, err)
	must(t, file.Sync())
	crashes(f, func(mode memfs.Mode, seed int, after memfs.User) {
		if got := read(after, folderfs.TempDir+"/x"); got != "new!more" {
			t.Errorf("mode %d, seed %d: %q after it was written anew", mode, seed, got)
		}
	})
}

func TestACrashIsAFunctionOfItsSeed(t *testing.T) {
	f := prepared(t, memfs.Options{PageSize: 2})
	for n := range 20 {
		must(t, f.User().Mkdir(fmt.Sprintf("d%d", n%4)))
		must(t, f.User().Write(fmt.Sprintf("d%d/f%d", n%4, n), []byte(fmt.Sprint("content ", n))))
	}
	different := false
	for seed := range seeds {
		var trees [][]memfs.Item
		for range 2 {
			items, err := f.Crash(rng(seed), memfs.Weak).User().Tree("")
			must(t, err)
			trees = append(trees, items)
		}
		if !reflect.DeepEqual(trees[0], trees[1]) {
			t.Fatalf("seed %d: two results", seed)
		}
		other, err := f.Crash(rng(seed+1), memfs.Weak).User().Tree("")
		must(t, err)
		different = different || !reflect.DeepEqual(trees[0], other)
	}
	if !different {
		t.Error("all seeds give the same")
	}
}

// TestPlacement plays the order of operations that replaces a file, cuts the
// power after each step, and looks for anything but a whole content.
func TestPlacement(t *testing.T) {
	for _, mode := range []memfs.Mode{memfs.Ordered, memfs.Weak} {
		for seed := range seeds {
			f := prepared(t, memfs.Options{PageSize: 4})
			must(t, f.User().Write("f", []byte("version 0")))
			f.SyncAll()
			whole := map[string]bool{"version 0": true}
			for n := 1; n < 5; n++ {
				content := fmt.Sprintf("version %d, %s", n, strings.Repeat("x", seed%11))
				whole[content] = true
				place(t, f, content, func(placed bool) {
					got := read(f.Crash(rng(seed), mode).User(), "f")
					if !whole[got] || placed && got != content {
						t.Fatalf("mode %d, seed %d: found %q", mode, seed, got)
					}
				})
			}
		}
	}
}

func place(t *testing.T, f *memfs.FS, content string, crash func(placed bool)) {
	file := temp(t, f, "x", content)
	crash(false)
	must(t, file.Sync())
	must(t, file.Close())
	crash(false)
	must(t, f.Exchange(folderfs.TempDir+"/x", "f"))
	crash(false)
	must(t, f.SyncDir(""))
	must(t, f.SyncDir(folderfs.TempDir))
	crash(true)
	must(t, f.Remove(folderfs.TempDir+"/x"))
	crash(true)
}

func TestPlacementWithoutSyncIsFoundOut(t *testing.T) {
	f := prepared(t, memfs.Options{PageSize: 4})
	must(t, f.User().Write("f", []byte("old content")))
	f.SyncAll()
	must(t, temp(t, f, "x", "new content").Close())
	must(t, f.Exchange(folderfs.TempDir+"/x", "f"))
	must(t, f.SyncDir(""))
	bad := 0
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) {
		if got := read(after, "f"); got != "new content" && got != "old content" {
			bad++
		}
	})
	if bad == 0 {
		t.Error("a temp that was never synced was always whole")
	}
}

func TestInodeNumbersStayUniqueAfterACrash(t *testing.T) {
	f := prepared(t, memfs.Options{})
	must(t, f.User().Write("a", []byte("a")))
	must(t, f.User().Write("keep", []byte("k")))
	f.SyncAll()
	before, err := f.Lstat("a")
	must(t, err)
	must(t, f.User().Remove("a"))
	must(t, f.User().Write("b", []byte("b")))
	if after, err := f.Lstat("b"); err != nil || after.Inode != before.Inode {
		t.Errorf("inode %d is not used again: %+v, %v", before.Inode, after, err)
	}
	both := 0
	crashes(f, func(_ memfs.Mode, _ int, after memfs.User) {
		items, err := after.Tree("")
		must(t, err)
		seen := map[uint64]string{}
		for _, item := range items {
			if other := seen[item.Inode]; other != "" {
				t.Errorf("%s and %s are inode %d", other, item.Path, item.Inode)
			}
			seen[item.Inode] = item.Path
		}
		if len(items) == 3 {
			both++
		}
	})
	if both == 0 {
		t.Error("no crash brought the removed file back beside the new one")
	}
}

func TestWhatACrashLeavesIsDurable(t *testing.T) {
	f := prepared(t, memfs.Options{PageSize: 2})
	must(t, f.User().Write("d", []byte("abcd")))
	must(t, f.User().Write("e", []byte("efgh")))
	for seed := range seeds {
		once := f.Crash(rng(seed), memfs.Weak)
		first, err := once.User().Tree("")
		must(t, err)
		again, err := once.Crash(rng(seed+1), memfs.Weak).User().Tree("")
		must(t, err)
		if !reflect.DeepEqual(first, again) {
			t.Fatalf("seed %d: a second crash changed %+v to %+v", seed, first, again)
		}
	}
}
