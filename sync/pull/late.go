package pull

import (
	"context"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// lateHead makes a head of what was saved so late that it was displaced, or was
// written even after that: a version on top of the one that was to be displaced,
// beside whatever stands at the name.
func (p *Puller) lateHead(ctx context.Context, w *watched, was *index.Entry) (bool, error) {
	e, err := p.read(ctx, w.Work, w.Name, was)
	if err != nil {
		return false, err
	}
	work, err := p.renameWork(w.Work, e.Hash)
	if err != nil {
		return false, err
	}
	if err := p.opt.Fault("pull.late"); err != nil {
		return false, err
	}
	p.opt.OnEvent(Event{Kind: Saved, Name: w.Name, Work: work})
	held, err := p.idx.Local(ctx, w.Name)
	if err != nil || held == nil || p.opt.Direction == plan.ReceiveOnly || held.Flags&quietFlags != 0 {
		return false, err // kept where it is
	}
	base, err := index.ParseVersion(w.Base)
	if err != nil {
		return false, err
	}
	state, _, err := p.idx.State(ctx, w.Name)
	if err != nil {
		return false, err
	}
	if announces(&state, &e) {
		return false, nil // recorded, and the list was not shortened any more
	}
	id, err := p.idx.Identity(ctx)
	if err != nil {
		return false, err
	}
	by := plan.Author{Replica: id.Replica, Now: p.opt.Clock(), Names: p.opt.Author}
	maker := id.Replica
	e.Version = base.Bump(maker, by.Now, state.Versions()...)
	e.ModifiedBy, e.Parent = id.Replica, base
	if v := held.Entry.Version; e.Version.Dominates(v) || v.Counter(maker) > base.Counter(maker) {
		// What is held was made here as well, by somebody who knew nothing of
		// this: two versions of one replica would look like one after the other.
		// Or nothing was placed, and what somebody has saved at the name since
		// waits for a scan, which is to make a version beside this one of it.
		maker = maker.Shadow()
		e.Version = base.BumpShadow(id.Replica, by.Now, state.Versions()...)
	}
	var swallowed []index.Entry
	e.Version, swallowed = plan.Swallow(e.Version, base, maker, &state, by)
	derived, err := p.derived(ctx, w.Name, swallowed, nil)
	if err != nil {
		return false, err
	}
	// It never stands at the path: it is recorded, and what stands there again.
	stale, err := p.idx.Commit(ctx, []index.Change{
		{Base: held.Entry.Version, Entry: e, Derived: derived},
		{Base: e.Version, Entry: held.Entry, Disk: held.Disk, Flags: held.Flags},
	}, true)
	if err == nil && len(stale) > 0 {
		err = fmt.Errorf("index of %q changed meanwhile", w.Name)
	}
	return err == nil, err
}

// announces reports whether this device announces a version with that content.
func announces(s *index.State, e *index.Entry) bool {
	return slices.ContainsFunc(s.Heads, func(h index.Head) bool {
		return h.Ours && !h.Entry.Deleted && h.Entry.Type == e.Type && h.Entry.SameContent(e)
	})
}

// quietFlags are those of what is not announced.
const quietFlags = index.Ignored | index.Unsupported | index.ReceiveOnlyChanged
