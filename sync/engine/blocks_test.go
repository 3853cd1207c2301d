package engine

import (
	"context"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// racing is an index that goes on between two reads, as it does in sync/drive
// while other devices announce: after runs once, after the first read of names
// without block lists.
type racing struct {
	index.Store
	after func()
}

func (s *racing) went(names int) {
	if f := s.after; f != nil && names > 0 {
		s.after = nil
		f()
	}
}

func (s *racing) Dirty(ctx context.Context, pass index.Dirty, after string, limit int) ([]index.State, error) {
	page, err := s.Store.Dirty(ctx, pass, after, limit)
	s.went(len(page))
	return page, err
}

func (s *racing) Flagged(ctx context.Context, any index.Flags, after string, limit int) ([]index.State, error) {
	page, err := s.Store.Flagged(ctx, any, after, limit)
	s.went(len(page))
	return page, err
}

func (s *racing) State(ctx context.Context, name string) (index.State, bool, error) {
	state, ok, err := s.Store.State(ctx, name)
	s.went(1)
	return state, ok, err
}

func (s *racing) States(ctx context.Context, names []string, blocks bool) ([]index.State, error) {
	states, err := s.Store.States(ctx, names, blocks)
	if !blocks {
		s.went(len(names))
	}
	return states, err
}

// A head that is superseded between two reads takes its block list with it. The
// name is decided on again; the folder goes on.
func TestAHeadThatIsSupersededBetweenTwoReads(t *testing.T) {
	mine := file("a", "mine", r0, c(r0, 1000))
	for _, x := range []struct {
		name   string
		change func(*Options)
		begin  func(r *rig) // what lets the engine read "a", of which a head is about to be superseded
		want   func(t *testing.T, r *rig)
	}{
		{"a conflict is noted", nil, func(r *rig) { r.step(RemoteRecorded{Device: bob}) }, siblingOfLater},
		{"an edit swallows a head", nil, func(r *rig) {
			r.step(Changed{Scopes: []Scope{{Name: "a"}}})
			scan := one[Scan](r)
			r.step(Scanned{ID: scan.ID, Seen: []plan.Observation{{Name: "a", Base: mine.Version, Entry: file("a", "edit", 0)}}})
			r.step(ScanDone{ID: scan.ID})
		}, func(t *testing.T, r *rig) {
			scan := one[Scan](r)
			r.step(Scanned{ID: scan.ID, Seen: []plan.Observation{{Name: "a", Base: mine.Version, Entry: file("a", "edit", 0)}}})
			if held := r.state("a").Local.Entry; held.Hash != file("a", "edit", 0).Hash {
				t.Errorf("held is %+v, not the edit", held)
			}
		}},
		{"a send-only folder is set over the others", func(o *Options) { o.Direction = plan.SendOnly }, func(r *rig) { r.step(Override{}) },
			func(t *testing.T, r *rig) {
				if s := r.state("a"); s.Dirty != index.Clean || s.Local.Entry.Hash != mine.Hash {
					t.Errorf("held is %+v, and it is not clean", s.Local.Entry)
				}
			}},
	} {
		t.Run(x.name, func(t *testing.T) {
			var store *racing
			r := started(t, func(o *Options) {
				store = &racing{Store: o.Index.(index.Store)}
				o.Index = store
				if x.change != nil {
					x.change(o)
				}
			})
			r.have(mine)
			bobHas := func(e index.Entry, sequence int64) {
				r.must(r.store.RecordRemote(t.Context(), bob, []index.Update{{Sequence: sequence, Heads: []index.Entry{e}}}))
			}
			displaced := c(r.me, 5) // a save of this device's, which bob knows
			bobHas(file("a", "displaced", r.me, displaced), 1)
			store.after = func() { bobHas(file("a", "later", byBob, c(byBob, 6), displaced), 2) }
			x.begin(r)
			if store.after != nil {
				t.Fatal("nothing was read")
			}
			r.step(RemoteRecorded{Device: bob})
			x.want(t, r)
		})
	}
}

// siblingOfLater checks that what lost is kept beside the winner.
func siblingOfLater(t *testing.T, r *rig) {
	t.Helper()
	later := file("a", "later", byBob)
	page, err := r.store.Dirty(t.Context(), index.DirtyLive, "", 10)
	r.must(err)
	if len(page) != 1 || page[0].Name == "a" || page[0].Heads[0].Entry.Hash != later.Hash {
		t.Errorf("%+v wait, want the sibling of what bob saved last", page)
	}
}
