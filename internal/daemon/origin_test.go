package daemon

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

func TestAnIndexIsInStepWithItsFolderAlone(t *testing.T) {
	const at8, at9, other = "00000000000000aa 8", "00000000000000aa 9", "00000000000000bb 9"
	running := origin{Stamp: at8, File: "5 1"}
	ended := origin{Stamp: at9, File: "5 1", Ended: true}
	tests := []struct {
		name  string
		known origin
		stamp string
		file  string
		want  string
	}{
		{"a new index in a folder that another one used", origin{}, at8, "5 1", ""},
		{"after a run that ended", ended, at9, "5 1", ""},
		{"after a run that ended, the folder was moved to another disk", ended, at9, "77 1", ""},
		{"after a crash", running, at8, "5 1", ""},
		{"after a crash, where inodes say nothing", running, at8, "", ""},
		{"after a crash, a copy of the folder stands there", running, at8, "77 1", "restored"},
		{"after a crash, a copy with the same inode stands there", running, at8, "5 2", "restored"},
		{"after a crash, where times of birth are told no more", running, at8, "5 0", ""},
		{"the next stamp had been set", origin{Stamp: at8, Next: at9, File: "5 1"}, at9, "77 1", ""},
		{"the next stamp had not been set", origin{Stamp: at8, Next: at9, File: "5 1"}, at8, "5 1", ""},
		{"setting the next stamp was interrupted", origin{Stamp: at8, Next: at9, File: "5 1"}, "", "", ""},
		{"the index was restored", running, at9, "5 1", "is an older copy"},
		{"the folder was restored", ended, at8, "5 1", "newer than the folder"},
		{"the folder was restored from before it had a stamp", ended, "", "", "newer than the folder"},
		{"another index was used since", ended, other, "5 1", "another index"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.known.outOfStep(tt.stamp, tt.file)
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("it %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStampsGrow(t *testing.T) {
	who := index.Identity{Index: 0xaa}
	one := nextStamp(who, "")
	two := nextStamp(who, one)
	if one != "00000000000000aa 1" || two != "00000000000000aa 2" {
		t.Errorf("stamps %q and %q", one, two)
	}
	if got := nextStamp(index.Identity{Index: 0xbb}, two); got != "00000000000000bb 3" {
		t.Errorf("the stamp of a renewed index is %q", got)
	}
}

func TestOnlyUsedSequencesAreOurs(t *testing.T) {
	r := runs{{100, 120}, {500, 500}, {900, math.MaxInt64}}
	for n, want := range map[int64]bool{0: true, 99: true, 100: true, 120: true, 121: false, 499: false, 500: true, 501: false, 899: false, 900: true, 1 << 40: true} {
		if r.used(n) != want {
			t.Errorf("%d used: %v, want %v", n, !want, want)
		}
	}
	if !(runs)(nil).used(7) {
		t.Error("an index of which nothing is known refuses a sequence")
	}
	for i := range int64(2 * runsKept) {
		r = r.end(1000*i + 1000).begin(1000*i + 1500)
	}
	if len(r) != runsKept || !r.used(5) {
		t.Errorf("%d runs are kept", len(r))
	}
}

// replace puts a copy of what lay at a path before do in its place afterwards.
func (b *bench) replace(path string, do func()) {
	b.t.Helper()
	kept := filepath.Join(b.t.TempDir(), "kept")
	b.copyTo(path, kept)
	do()
	// What stood there is put away, not removed: its inodes would be given out
	// again, and not every file system tells when a file was made.
	b.must(os.Rename(path, filepath.Join(b.t.TempDir(), "before")))
	b.copyTo(kept, path)
}

func (b *bench) copyTo(from, to string) {
	b.t.Helper()
	info, err := os.Stat(from)
	b.must(err)
	if info.IsDir() {
		b.must(os.CopyFS(to, os.DirFS(from)))
		return
	}
	content, err := os.ReadFile(from)
	b.must(err)
	b.must(os.WriteFile(to, content, 0o600))
}

func TestACopiedIndexGetsANewIdentity(t *testing.T) {
	change := func(f func(o *origin)) func(b *bench) {
		return func(b *bench) {
			b.with(func(o *opened) {
				known, err := readOrigin(t.Context(), o.store)
				b.must(err)
				f(&known)
				b.must(writeOrigin(t.Context(), o.store, &known))
			})
		}
	}
	tests := []struct {
		name string
		copy func(b *bench)
		want string // of what is told
	}{
		{"made on another machine", change(func(o *origin) { o.Machine = "elsewhere" }), "another machine"},
		{"made in another home", change(func(o *origin) { o.Home = "/elsewhere" }), "another home, /elsewhere"},
		{"the index restored after a run that ended", func(b *bench) {
			b.replace(b.indexPath(), func() { b.with(nil) })
		}, "is an older copy"},
		{"the index restored after a crash", func(b *bench) {
			b.replace(b.indexPath(), func() { b.interrupt(func(*opened) {}) })
		}, "is an older copy"},
		{"the folder restored after a run that ended", func(b *bench) {
			b.replace(b.conf.Path, func() { b.with(nil) })
		}, "newer than the folder"},
		{"the folder copied in the middle of a run and restored after a crash", func(b *bench) {
			b.interrupt(func(*opened) {})
			b.replace(b.conf.Path, func() {})
		}, "a copy of the folder"},
		{"the folder copied in a run whose end could not be stamped, and restored", func(b *bench) {
			block := b.inside(folderfs.StampFile + ".new")
			b.with(func(*opened) { b.must(os.Mkdir(block, 0o700)) })
			b.must(os.Remove(block))
			b.replace(b.conf.Path, func() {})
		}, "a copy of the folder"},
		{"the index deleted", func(b *bench) { b.must(os.Remove(b.indexPath())) }, "not here any more"},
		{"the folder used by a copy of the home", func(b *bench) {
			b.must(os.WriteFile(b.inside(folderfs.StampFile), []byte("00000000000000bb 3\n"), 0o600))
		}, "another index"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			before := b.identity()
			test.copy(b)
			after := b.identity()
			if after.Index == before.Index || after.Replica == before.Replica {
				t.Error("the identity is still the same")
			}
			if len(b.told) != 1 || b.told[0].Fields["code"] != "index-renewed" || !strings.Contains(b.told[0].Text, test.want) {
				t.Errorf("told %+v; want that the index was renewed", b.told)
			}
			if again := b.identity(); again.Index != after.Index || len(b.told) != 1 {
				t.Errorf("it was renewed again: %+v", b.told)
			}
		})
	}
}

func TestWhatIsNoCopyKeepsItsIdentity(t *testing.T) {
	tests := []struct {
		name string
		do   func(b *bench)
	}{
		{"a crash", func(b *bench) { b.interrupt(func(*opened) {}) }},
		{"two crashes", func(b *bench) { b.interrupt(func(*opened) {}); b.interrupt(func(*opened) {}) }},
		{"a crash before the stamp was set", func(b *bench) {
			b.with(func(o *opened) {
				known, err := readOrigin(t.Context(), o.store)
				b.must(err)
				known.Next = nextStamp(index.Identity{Index: 1}, known.Stamp)
				b.must(writeOrigin(t.Context(), o.store, &known))
			})
		}},
		{"a stamp that cannot be written", func(b *bench) {
			b.must(os.Mkdir(b.inside(folderfs.StampFile+".new"), 0o700))
			b.with(nil)
		}},
		{"a folder moved to another disk between runs", func(b *bench) { b.replace(b.conf.Path, func() {}) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			before := b.identity()
			test.do(b)
			if after := b.identity(); after.Index != before.Index || after.Replica != before.Replica || len(b.told) != 0 {
				t.Errorf("identity %+v became %+v, told %+v", before, after, b.told)
			}
		})
	}
}

func TestAFolderIsUsedByOneProcess(t *testing.T) {
	b := newBench(t)
	b.interrupt(func(*opened) {
		copied := newBench(t)
		copied.conf.Path = b.conf.Path
		o, err := copied.open(t.Context())
		if err == nil {
			o.close()
			t.Fatal("two homes use one folder")
		}
		if text := copied.failureText(err); !strings.Contains(text, b.conf.Path) || !strings.Contains(text, "in use by another labsync") {
			t.Errorf("told %q", text)
		}
	})
	b.with(nil) // and the claim ends
}
