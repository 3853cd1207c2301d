package conflict

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/labsync/labsync/index"
)

// head makes a file head by author a with the given vector text, like "1:10 2:5".
func head(content string, by index.Replica, version ...index.Counter) index.Entry {
	return index.Entry{
		Name: "report.txt", Size: int64(len(content)), Mode: 0o644, Mtime: 1_700_000_000_000_000_000,
		Version: version, ModifiedBy: by, Hash: sha256.Sum256([]byte(content)),
	}
}

func c(r index.Replica, v uint64) index.Counter { return index.Counter{Replica: r, Value: v} }

func deleted(of index.Entry, by index.Replica, version ...index.Counter) index.Entry {
	of.Deleted, of.Size, of.ModifiedBy, of.Version, of.ContentVersion = true, 0, by, version, nil
	return of
}

func TestResolve(t *testing.T) {
	base := head("base", 1, c(1, 10))
	chmod := base
	chmod.Version, chmod.ModifiedBy, chmod.Mode, chmod.ContentVersion = index.Version{c(1, 10), c(2, 30)}, 2, 0o755, base.Version
	dir := index.Entry{Name: "report.txt", Type: index.Directory, Mode: 0o755, Version: index.Version{c(3, 5)}, ModifiedBy: 3}
	link := index.Entry{Name: "report.txt", Type: index.Symlink, Target: "x", Version: index.Version{c(3, 90)}, ModifiedBy: 3, Hash: sha256.Sum256([]byte("x"))}
	fresh := head("base", 4, c(4, 40))
	aged := dir
	aged.Version, aged.Parent = index.Version{c(3, 9)}, index.Version{c(3, 5)}

	tests := []struct {
		name   string
		heads  []index.Entry
		winner string // content, "deleted" or type
		losers int
		joined index.Version // of the winner, nil for not checked
	}{
		{"one head stands", []index.Entry{base}, "base", 0, base.Version},
		{"a descendant replaces its ancestor", []index.Entry{base, head("new", 2, c(1, 10), c(2, 20))}, "new", 0, nil},
		{"of two edits the later counter of the author wins", []index.Entry{head("a", 1, c(1, 20)), head("b", 2, c(1, 10), c(2, 30))}, "b", 1, nil},
		{"the author's own counter decides, not the highest in the vector", []index.Entry{head("a", 1, c(1, 20), c(9, 99)), head("b", 2, c(1, 10), c(2, 30))}, "b", 1, nil},
		{"an edit beats a deletion", []index.Entry{deleted(base, 1, c(1, 90)), head("b", 2, c(1, 10), c(2, 30))}, "b", 1, nil},
		{"equal bytes are no conflict", []index.Entry{head("same", 1, c(1, 20)), head("same", 2, c(2, 30))}, "same", 0, index.Version{c(1, 20), c(2, 30)}},
		{"two deletions are no conflict", []index.Entry{deleted(base, 1, c(1, 20)), deleted(base, 2, c(1, 10), c(2, 30))}, "deleted", 0, index.Version{c(1, 20), c(2, 30)}},
		{"a deletion beats a mere change of permissions", []index.Entry{chmod, deleted(base, 1, c(1, 20))}, "deleted", 0, index.Version{c(1, 20), c(2, 30)}},
		{"a deletion does not apply to an edit", []index.Entry{head("edit", 2, c(1, 10), c(2, 30)), deleted(base, 1, c(1, 20))}, "edit", 1, nil},
		{"what is scanned without a past and is what was deleted stays deleted", []index.Entry{fresh, deleted(base, 1, c(1, 20))}, "deleted", 0, nil},
		{"so does a directory", []index.Entry{dir, deleted(index.Entry{Name: "report.txt", Type: index.Directory}, 1, c(1, 20))}, "deleted", 0, nil},
		{"a directory with a past comes back", []index.Entry{aged, deleted(index.Entry{Name: "report.txt", Type: index.Directory}, 1, c(3, 5), c(1, 20))}, "directory", 1, nil},
		{"what is scanned without a past and differs stays", []index.Entry{head("other", 4, c(4, 40)), deleted(base, 1, c(1, 20))}, "other", 1, nil},
		{"an edit wins against permissions changed beside it, which are no conflict", []index.Entry{chmod, head("edit", 1, c(1, 20))}, "edit", 0, index.Version{c(1, 20)}},
		{"equal bytes with other times are no conflict", []index.Entry{head("same", 1, c(1, 20)), later(head("same", 2, c(2, 30)))}, "same", 0, index.Version{c(2, 30)}},
		{"two losers of the same bytes are one", []index.Entry{head("a", 1, c(1, 1)), later(head("a", 2, c(2, 2))), head("c", 3, c(3, 3))}, "c", 1, nil},
		{"a directory beats a file", []index.Entry{head("file", 1, c(1, 90)), dir}, "directory", 1, nil},
		{"a file beats a link", []index.Entry{head("file", 1, c(1, 1)), link}, "file", 1, nil},
		{"equal vectors with other bytes are a conflict", []index.Entry{head("a", 1, c(1, 10)), head("b", 1, c(1, 10))}, "", 1, nil},
		{"three heads leave two losers", []index.Entry{head("a", 1, c(1, 1)), head("b", 2, c(2, 2)), head("c", 3, c(3, 3))}, "c", 2, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, order := range permutations(tt.heads) {
				out := Resolve(order)
				if got := describe(&out.Winner); tt.winner != "" && got != tt.winner {
					t.Fatalf("winner is %s, want %s", got, tt.winner)
				}
				if len(out.Losers) != tt.losers {
					t.Fatalf("%d losers, want %d", len(out.Losers), tt.losers)
				}
				if tt.joined != nil && out.Winner.Version.Compare(tt.joined) != index.Equal {
					t.Fatalf("winner has version %v, want %v", out.Winner.Version, tt.joined)
				}
			}
		})
	}
}

func later(e index.Entry) index.Entry {
	e.Mtime++
	return e
}

func describe(e *index.Entry) string {
	switch {
	case e.Deleted:
		return "deleted"
	case e.Type != index.File:
		return strings.Replace(e.Type.String(), "symlink", "link", 1)
	}
	for _, text := range []string{"base", "new", "a", "b", "c", "same", "edit", "other", "file"} {
		if e.Hash == sha256.Sum256([]byte(text)) {
			return text
		}
	}
	return "unknown"
}

func permutations(in []index.Entry) [][]index.Entry {
	if len(in) <= 1 {
		return [][]index.Entry{in}
	}
	var out [][]index.Entry
	for i := range in {
		rest := append(slices.Clone(in[:i]), in[i+1:]...)
		for _, p := range permutations(rest) {
			out = append(out, append([]index.Entry{in[i]}, p...))
		}
	}
	return out
}

// TestSetsOfHeadsConverge is a model of what becomes of heads:
// devices edit, delete, change permissions and exchange what they know in any
// order, and all agree once everything has reached everybody.
func TestSetsOfHeadsConverge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const devices = 4
		var known [devices][]index.Entry
		clock := int64(0)
		for range rapid.IntRange(3, 14).Draw(t, "steps") {
			d := rapid.IntRange(0, devices-1).Draw(t, "device")
			clock++
			switch op := rapid.IntRange(0, 9).Draw(t, "op"); {
			case op < 5:
				edit(&known[d], index.Replica(d+1), clock, op)
			default:
				from := rapid.IntRange(0, devices-1).Draw(t, "from")
				known[d] = Join(append(slices.Clone(known[d]), known[from]...))
			}
		}
		for round := 0; ; round++ {
			changed := false
			for a := range known {
				for b := range known {
					merged := Join(append(slices.Clone(known[a]), known[b]...))
					if fmt.Sprint(merged) != fmt.Sprint(known[a]) {
						known[a], changed = merged, true
					}
				}
			}
			if !changed {
				break
			}
			if round > 60 {
				t.Fatal("the devices exchange for ever")
			}
		}
		for d := range known {
			if fmt.Sprint(known[d]) != fmt.Sprint(known[0]) {
				t.Fatalf("device %d ends with %v, device 0 with %v", d, known[d], known[0])
			}
			sameVersionSameMeaning(t, known[d])
		}
	})
}

// sameVersionSameMeaning fails if heads of one version say different things
// without being in conflict.
func sameVersionSameMeaning(t *rapid.T, heads []index.Entry) {
	for i := range heads {
		for j := range heads[:i] {
			a, b := &heads[i], &heads[j]
			if a.Version.Compare(b.Version) == index.Equal && a.SameContent(b) {
				t.Fatalf("one version stands twice: %v and %v", a, b)
			}
		}
	}
}

func edit(heads *[]index.Entry, by index.Replica, clock int64, op int) {
	var local index.Entry
	if len(*heads) > 0 {
		local = Resolve(*heads).Winner
	}
	next := head(fmt.Sprintf("%d by %d", clock, by), by)
	switch {
	case op == 0 && !local.Deleted && local.Version != nil:
		next = deleted(local, by)
	case op == 1 && !local.Deleted && local.Version != nil:
		next = local
		next.Mode, next.ContentVersion = uint32(clock%3), local.ContentAt()
	case op == 2:
		next = head("common", by) // bytes that several devices make
	}
	base := local.Version
	var all []index.Version
	for i := range *heads {
		h := &(*heads)[i]
		all = append(all, h.Version)
		if local.Version != nil && h.Agrees(&local) {
			base = base.Merge(h.Version)
		}
	}
	next.ModifiedBy, next.Parent, next.Version = by, local.Version, base.Bump(by, clock, all...)
	*heads = Join(append(slices.Clone(*heads), next))
}

func TestSiblingName(t *testing.T) {
	alice := Author{Person: "Alice", Device: "bench-laptop"}
	loser := head("x", 7, c(7, 1))
	loser.Mtime = 1772633520e9 // 2026-03-04 14:12 UTC
	tests := []struct {
		name, file string
		by         Author
		want       string
	}{
		{"person and device", "report.docx", alice, "report (conflict, Alice - bench-laptop, 2026-03-04 14.12 UTC, 2d711642b7).docx"},
		{"device alone", "a/b/report", Author{Device: "pi"}, "a/b/report (conflict, pi, 2026-03-04 14.12 UTC, 2d711642b7)"},
		{"nobody known", "x.txt", Author{}, "x (conflict, 0000000000000007, 2026-03-04 14.12 UTC, 2d711642b7).txt"},
		{"a hidden name has no extension", ".bashrc", Author{Device: "pi"}, ".bashrc (conflict, pi, 2026-03-04 14.12 UTC, 2d711642b7)"},
		{"characters no file system takes", "x.txt", Author{Person: "a/b:c\x00", Device: "d"}, "x (conflict, a_b_c_ - d, 2026-03-04 14.12 UTC, 2d711642b7).txt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := loser
			e.Name = tt.file
			s, ok := Sibling(e, tt.by)
			if !ok || s.Name != tt.want {
				t.Fatalf("sibling is %q, want %q", s.Name, tt.want)
			}
		})
	}
	t.Run("a long name is cut between characters", func(t *testing.T) {
		e := loser
		e.Name = strings.Repeat("é", 125) + ".html"
		s, _ := Sibling(e, alice)
		if len(s.Name) > MaxName || !utf8.ValidString(s.Name) || !strings.HasSuffix(s.Name, ").html") {
			t.Fatalf("sibling is %q of %d bytes", s.Name, len(s.Name))
		}
	})
	t.Run("a deletion has none", func(t *testing.T) {
		if _, ok := Sibling(deleted(loser, 1, c(1, 2)), alice); ok {
			t.Fatal("a deletion got a sibling")
		}
	})
}
