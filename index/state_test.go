package index_test

import (
	"testing"

	"github.com/labsync/labsync/index"
	"pgregory.net/rapid"
)

// entries draws versions of one name, among them equal ones with the same and
// with other content.
func entries() *rapid.Generator[[]index.Entry] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) index.Entry {
		return index.Entry{
			Name:    "a",
			Type:    rapid.SampledFrom([]index.Type{index.File, index.Directory}).Draw(t, "type"),
			Deleted: rapid.Bool().Draw(t, "deleted"),
			Hash:    index.Hash{rapid.Byte().Draw(t, "hash") & 1},
			Version: versions().Draw(t, "version"),
		}
	}), 0, 6)
}

func TestMaximalKeepsWhatNoOtherDominates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := entries().Draw(t, "entries")
		heads := index.Maximal(all)
		for _, e := range all {
			covered := false
			for _, h := range heads {
				order := e.Version.Compare(h.Version)
				covered = covered || order == index.Before || order == index.Equal && e.SameContent(&h)
			}
			if !covered {
				t.Fatalf("%+v is lost from %+v", e, heads)
			}
		}
		for i := range heads {
			for j := range heads {
				order := heads[i].Version.Compare(heads[j].Version)
				if i != j && (order != index.Concurrent && order != index.Equal || order == index.Equal && heads[i].SameContent(&heads[j])) {
					t.Fatalf("%v and %v are both heads", heads[i], heads[j])
				}
			}
		}
		if again := index.Maximal(heads); len(again) != len(heads) {
			t.Fatalf("%d heads of %d heads", len(again), len(heads))
		}
	})
}

func TestDirtyOf(t *testing.T) {
	v := func(a, b uint64) index.Version {
		return index.Version{{Replica: 1, Value: a}, {Replica: 2, Value: b}}
	}
	live := index.Entry{Name: "a", Version: v(1, 2), Hash: index.Hash{1}}
	twin := index.Entry{Name: "a", Version: v(1, 2), Hash: index.Hash{2}}
	gone := index.Entry{Name: "a", Version: v(2, 1), Deleted: true}
	goneDirectory := index.Entry{Name: "a", Version: v(3, 1), Deleted: true, Type: index.Directory}
	tests := []struct {
		name  string
		heads []index.Entry
		local *index.Entry
		want  index.Dirty
	}{
		{"no heads leave nothing to do", nil, nil, index.Clean},
		{"the only head is held", []index.Entry{live}, &live, index.Clean},
		{"a held tombstone is clean too", []index.Entry{gone}, &gone, index.Clean},
		{"nothing is held yet", []index.Entry{live}, nil, index.DirtyLive},
		{"a twin of what is held is another version", []index.Entry{twin}, &live, index.DirtyLive},
		{"a second head is open", []index.Entry{live, twin}, &live, index.DirtyLive},
		{"a live head beside a tombstone is live", []index.Entry{gone, live}, &gone, index.DirtyLive},
		{"a file is to go", []index.Entry{gone}, &live, index.DirtyGone},
		{"a directory is to go", []index.Entry{gone, goneDirectory}, &live, index.DirtyGoneDirectory},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := index.DirtyOf(test.heads, test.local); got != test.want {
				t.Fatalf("dirty %d, want %d", got, test.want)
			}
		})
	}
}

func TestSameContent(t *testing.T) {
	file := index.Entry{Size: 3, Hash: index.Hash{1}}
	longer := index.Entry{Size: 4, Hash: index.Hash{1}}
	renamed := index.Entry{Name: "b", Size: 3, Hash: index.Hash{1}, Mode: 0o600, Mtime: 9}
	directory, link := index.Entry{Type: index.Directory}, index.Entry{Type: index.Symlink, Target: "x"}
	gone := index.Entry{Deleted: true, Hash: index.Hash{1}}
	tests := []struct {
		name string
		a, b index.Entry
		want bool
	}{
		{"name and metadata do not count", file, renamed, true},
		{"size counts", file, longer, false},
		{"all directories are alike", directory, index.Entry{Type: index.Directory, Mode: 0o700}, true},
		{"links are their text", link, index.Entry{Type: index.Symlink, Target: "y"}, false},
		{"a file is no directory", file, directory, false},
		{"a tombstone is no file", file, gone, false},
		{"tombstones are alike", gone, index.Entry{Deleted: true, Type: index.Directory}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.a.SameContent(&test.b) != test.want || test.b.SameContent(&test.a) != test.want {
				t.Fatalf("same content: %v, want %v", !test.want, test.want)
			}
		})
	}
}
