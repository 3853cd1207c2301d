package pull

import (
	"context"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
)

// adoptCreated records what an earlier run had created and did not come to
// record: a create has no intent, and what it has left is known by being what a
// head says. That cannot wait for a scan, since the head may be replaced before
// one comes by; what stands there would then pass for something made here, in
// conflict with that.
func (p *Puller) adoptCreated(ctx context.Context, rep *Report) error {
	const page = 1000
	for after := ""; ; {
		states, err := p.idx.Dirty(ctx, index.DirtyLive, after, page)
		if err != nil {
			return err
		}
		var found settlement
		for i := range states {
			c, err := p.created(ctx, &states[i])
			if err != nil {
				return fmt.Errorf("look for what was created at %q: %w", states[i].Name, err)
			}
			if c != nil {
				found.add(&repair{changes: []index.Change{*c}, dirs: []string{parent(c.Entry.Name)}, rescan: []string{c.Entry.Name}, finished: true})
			}
		}
		if len(found.changes) > 0 {
			refused, err := p.settled(ctx, &found)
			if err != nil {
				return err
			}
			for _, r := range refused { // the index went on: a scan looks at it
				rep.Rescan = append(rep.Rescan, r.rescan...)
			}
			rep.Finished += len(found.changes) - len(refused)
		}
		if len(states) < page {
			return nil
		}
		after = states[len(states)-1].Name
	}
}

// created returns the change that records a head as what stands at its name,
// nil if none does. Only heads of names at which nothing is held count: a step
// at another has an intent.
func (p *Puller) created(ctx context.Context, s *index.State) (*index.Change, error) {
	var base index.Version
	if s.Local != nil {
		const left = index.Ignored | index.Unsupported | index.Kept
		if !s.Local.Entry.Deleted || s.Local.Flags&left != 0 {
			return nil, nil
		}
		base = s.Local.Entry.Version
	}
	info, err := p.fs.Lstat(s.Name)
	if err != nil || !p.isSpelled(s.Name, info) {
		return nil, nil // a scan says what is wrong with it, if anything is
	}
	for _, head := range slices.Concat(s.Heads, s.Hidden) {
		h := &head.Entry
		if h.Deleted || kindOf(h.Type) != info.Kind || s.Local != nil && base.Dominates(h.Version) || !p.hasMeta(info, h) {
			continue
		}
		full, err := p.idx.Head(ctx, s.Name, h.Version)
		if err != nil {
			return nil, err
		}
		if same, err := p.holds(ctx, s.Name, info, &full); err != nil || !same {
			continue // likewise
		}
		c := &index.Change{Base: base, Entry: full, Heads: []index.Version{full.Version, base}, Disk: diskOf(info, s.Name, s.Name, p.opt.Now().UnixNano())}
		// Seen is after the facts here, so that they must not pass for proof.
		c.Disk.Seen = min(c.Disk.Seen, c.Disk.Mtime)
		return c, nil
	}
	return nil, nil
}
