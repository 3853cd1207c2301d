package storetest

import (
	"reflect"
	"slices"

	"github.com/labsync/labsync/index"
)

func testStates(f *fixture) {
	f.hold(file("one", v(1, 0), "a"), file("many \"\u00e9\n", v(1, 0), "a", "b", "c"), directory("dir", v(1, 0)))
	f.announce(alice, file("many \"\u00e9\n", v(0, 5), "d", "e"))
	f.announce(bob, file("far", v(0, 1), "x", "y"))
	f.hold(file("gone", v(1, 0), "a"))
	f.commit(index.Change{Base: v(1, 0), Entry: deleted(file("gone", v(1, 0), "a"), v(2, 0))})
	names := []string{"one", "nobody's", "far", "many \"\u00e9\n", "gone", "dir"}
	for _, blocks := range []bool{false, true} {
		got, err := f.s.States(f.ctx, names, blocks)
		f.must(err)
		for i, name := range names {
			want, known, err := f.s.State(f.ctx, name)
			f.must(err)
			if !known {
				want.Name = name
			}
			if blocks {
				f.addBlocks(&want)
			}
			if !reflect.DeepEqual(got[i], want) {
				f.Errorf("state of %q is %+v, want %+v", name, got[i], want)
			}
		}
	}
	none, err := f.s.States(f.ctx, nil, true)
	f.must(err)
	equal(f, "states of no names", len(none), 0)
	twice, err := f.s.States(f.ctx, []string{"one", "far", "one"}, false)
	f.must(err)
	if !reflect.DeepEqual(twice[2], twice[0]) {
		f.Errorf("a name asked for twice is %+v, then %+v", twice[0], twice[2])
	}
	all := make([]string, 3000)
	for i := range all {
		all[i] = names[i%len(names)]
	}
	slices.Sort(all)
	several, err := f.s.States(f.ctx, all, false)
	f.must(err)
	for i := range several {
		equal(f, "order of many names", several[i].Name, all[i])
	}
}

// addBlocks fills in the block lists of a state, read one by one.
func (f *fixture) addBlocks(s *index.State) {
	f.Helper()
	if s.Local != nil {
		held, err := f.s.Local(f.ctx, s.Name)
		f.must(err)
		s.Local = held
	}
	for i := range s.Heads {
		e, err := f.s.Head(f.ctx, s.Name, s.Heads[i].Entry.Version)
		f.must(err)
		s.Heads[i].Entry = e
	}
}
