package storetest

import (
	"slices"

	"github.com/labsync/labsync/index"
)

func testLocals(f *fixture) {
	names := []string{"a", "a-b", "a-b/x", "a/b", "a/b/c", "a/b/d", "a/b-c", "a0", "b", "ä", "日本"}
	for _, name := range names {
		f.hold(directory(name, v(1, 0)))
	}
	f.announce(alice, directory("a/remote", v(0, 1)))
	list := func(dir string, limit int) (got []string) {
		f.Helper()
		after := ""
		for {
			page, err := f.s.Locals(f.ctx, dir, after, limit)
			f.must(err)
			for _, h := range page {
				got = append(got, h.Entry.Name)
			}
			if len(page) < limit {
				return got
			}
			after = page[len(page)-1].Entry.Name
		}
	}
	slices.Sort(names)
	below := map[string][]string{
		"":    names,
		"a":   {"a", "a/b", "a/b-c", "a/b/c", "a/b/d"},
		"a/b": {"a/b", "a/b/c", "a/b/d"},
		"a-b": {"a-b", "a-b/x"},
		"b":   {"b"},
		"z":   nil,
	}
	for dir, want := range below {
		for _, limit := range []int{1, 2, 3, 100} {
			if got := list(dir, limit); !slices.Equal(got, want) {
				f.Fatalf("below %q by %d: %q, want %q", dir, limit, got, want)
			}
		}
	}
}

func testDirtyPages(f *fixture) {
	live := []string{"a", "a/b", "c"}
	for _, name := range slices.Backward(live) {
		f.announce(alice, directory(name, v(0, 1)))
	}
	for _, name := range []string{"g", "f", "h"} {
		f.hold(file(name, v(1, 0), name))
		f.announce(alice, deleted(file(name, v(1, 0), name), v(1, 1)))
	}
	for _, name := range []string{"x", "x/y", "x/y/z"} {
		f.hold(directory(name, v(1, 0)))
		f.announce(alice, deleted(directory(name, v(1, 0)), v(1, 1)))
	}
	want := map[index.Dirty][]string{
		index.Clean:              nil,
		index.DirtyLive:          live,
		index.DirtyGone:          {"f", "g", "h"},
		index.DirtyGoneDirectory: {"x/y/z", "x/y", "x"},
	}
	for pass, want := range want {
		for _, limit := range []int{1, 2, 10} {
			var got []string
			after := ""
			for {
				page, err := f.s.Dirty(f.ctx, pass, after, limit)
				f.must(err)
				for _, s := range page {
					got = append(got, s.Name)
					equal(f, "pass of "+s.Name, s.Dirty, pass)
				}
				if len(page) < limit {
					break
				}
				after = got[len(got)-1]
			}
			if !slices.Equal(got, want) {
				f.Fatalf("pass %d by %d: %q, want %q", pass, limit, got, want)
			}
		}
	}
}

func testFlagged(f *fixture) {
	a := file("a", v(1, 0), "x")
	f.commit(index.Change{Entry: a, Flags: index.Ignored, Quiet: true})
	f.commit(index.Change{Entry: directory("b", v(1, 0)), Flags: index.Ignored | index.MustRescan})
	f.hold(directory("c", v(1, 0)))
	f.commit(index.Change{Entry: deleted(directory("d", v(1, 0)), v(2, 0)), Flags: index.Kept})
	list := func(flags index.Flags, after string, limit int) (names string) {
		states, err := f.s.Flagged(f.ctx, flags, after, limit)
		f.must(err)
		for _, s := range states {
			names += s.Name
		}
		return names
	}
	equal(f, "ignored", list(index.Ignored, "", 10), "ab")
	equal(f, "ignored, first", list(index.Ignored, "", 1), "a")
	equal(f, "ignored, after a", list(index.Ignored, "a", 10), "b")
	equal(f, "to be scanned or kept", list(index.MustRescan|index.Kept, "", 10), "bd")
	equal(f, "prefixes", list(index.Prefix, "", 10), "")
	f.commit(index.Change{Base: v(1, 0), Entry: a})
	equal(f, "ignored", list(index.Ignored, "", 10), "b")
}

func testSince(f *fixture) {
	f.hold(file("a", v(1, 0), "1", "2"), file("b", v(1, 0), "1"), file("c", v(1, 0), "1", "2", "3"))
	f.commit(index.Change{Base: v(1, 0), Entry: file("a", v(2, 0), "2", "3")})
	f.updates("b 1,0", "c 1,0", "a 2,0")
	page, err := f.s.Since(f.ctx, 2, 1)
	f.must(err)
	if len(page) != 1 || page[0].Sequence != 3 || len(page[0].Heads[0].Blocks) != 3 {
		f.Fatalf("after 2: %+v", page)
	}
	page, err = f.s.Since(f.ctx, 4, 10)
	f.must(err)
	equal(f, "updates after the last", len(page), 0)
}
