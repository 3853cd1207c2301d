package pull

import (
	"context"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// settleRounds is how often what the index refuses is looked at anew: it went
// on between the look and the record.
const settleRounds = 3

// settle finishes or takes back every step whose intent is pending, by looking
// at what lies at both of its names. What the index refuses again and again is
// left for a scan, and what was displaced by it for Recheck.
func (p *Puller) settle(ctx context.Context) (Report, error) {
	var rep Report
	for round := 1; ; round++ {
		again, err := p.settleAll(ctx, &rep, round == settleRounds)
		if err != nil {
			return rep, fmt.Errorf("settle what was begun: %w", err)
		}
		if !again {
			p.unsettled = false
			return rep, nil
		}
	}
}

// settleAll looks at all intents once. It reports whether some of what it found
// was refused and is still to be settled, which does not happen in the last round.
func (p *Puller) settleAll(ctx context.Context, rep *Report, last bool) (again bool, err error) {
	pending, err := p.idx.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return false, err
	}
	byKey, err := p.displacedByKey()
	if err != nil {
		return false, err
	}
	repairs, single := p.repairs(ctx, pending)
	var found settlement
	for i := range single { // the other half is settled
		rep.Rescan = append(rep.Rescan, single[i].Path)
		found.abandoned = append(found.abandoned, single[i].ID)
	}
	for _, r := range repairs {
		if err := r.run(byKey); err != nil {
			return false, fmt.Errorf("the %s of %q: %w", r.it.Operation, r.it.Path, err)
		}
		found.add(r)
	}
	refused, err := p.settled(ctx, &found)
	if err != nil {
		return false, err
	}
	for _, r := range repairs {
		rep.Rescan = append(rep.Rescan, r.rescan...)
		switch {
		case slices.Contains(refused, r):
		case r.finished:
			rep.Finished++
		default:
			rep.TakenBack++
		}
	}
	if last {
		err = p.leave(ctx, refused, rep)
	}
	p.relistWorks()
	return len(refused) > 0 && !last, err
}

// repairs pairs the two intents of each rename, and returns apart those of old
// names whose rename is pending no more.
func (p *Puller) repairs(ctx context.Context, pending []index.Intent) (repairs []*repair, single []index.Intent) {
	type names struct{ from, to string }
	renamed := map[names]index.Intent{}
	for i := range pending {
		if it := &pending[i]; it.Operation == opRenameFrom {
			renamed[names{it.Path, it.To}] = *it
		}
	}
	for i := range pending {
		r := &repair{Puller: p, ctx: ctx, it: pending[i]}
		if r.it.Operation == opRename {
			pair := names{r.it.Path, r.it.To}
			r.from = renamed[pair]
			r.beside = r.from.ID
			delete(renamed, pair)
		}
		if r.it.Operation != opRenameFrom {
			repairs = append(repairs, r)
		}
	}
	for i := range pending {
		if it := &pending[i]; it.Operation == opRenameFrom && renamed[names{it.Path, it.To}].ID == it.ID {
			single = append(single, *it)
		}
	}
	return repairs, single
}

// settlement is what repairs have found, to be recorded together.
type settlement struct {
	changes   []index.Change
	owners    []*repair // of the changes
	abandoned []index.IntentID
	dirs      []string
	watch     []watched
}

func (s *settlement) add(r *repair) {
	for range r.changes {
		s.owners = append(s.owners, r)
	}
	s.changes, s.dirs, s.watch = append(s.changes, r.changes...), append(s.dirs, r.dirs...), append(s.watch, r.watch...)
	s.abandoned = append(s.abandoned, r.abandoned...)
	if !r.finished {
		s.abandoned = append(s.abandoned, r.intents()...)
	}
}

// settled makes what was found durable, then records it. It returns those of
// whose changes some were refused, because the index holds another version by now.
func (p *Puller) settled(ctx context.Context, s *settlement) (refused []*repair, err error) {
	slices.Sort(s.dirs)
	for _, dir := range slices.Compact(s.dirs) {
		if err := p.syncDir(dir); err != nil && !isGone(err) {
			return nil, err
		}
	}
	if err := p.addWatched(ctx, s.watch); err != nil {
		return nil, err
	}
	stale, err := p.idx.Commit(ctx, s.changes, true)
	if err != nil {
		return nil, err
	}
	for _, i := range stale {
		if r := s.owners[i]; !slices.Contains(refused, r) {
			refused = append(refused, r)
		}
	}
	if len(s.abandoned) == 0 {
		return refused, nil
	}
	return refused, p.idx.Abandon(ctx, s.abandoned)
}

// leave gives up steps that the index refuses to record: a scan sees what they
// have come to, and Recheck makes a head of a save that they displaced.
func (p *Puller) leave(ctx context.Context, refused []*repair, rep *Report) error {
	if len(refused) == 0 {
		return nil
	}
	var found settlement
	for _, r := range refused {
		r.watch = nil
		if err := r.keepDisplaced(); err != nil {
			return err
		}
		found.watch = append(found.watch, r.watch...)
		found.abandoned = append(found.abandoned, r.intents()...)
		r.lookAgain(true)
		rep.Rescan = append(rep.Rescan, r.rescan...)
		rep.TakenBack++
	}
	_, err := p.settled(ctx, &found)
	return err
}

// displacedByKey lists displaced files by the part of their name that stays
// when they are named after another content.
func (p *Puller) displacedByKey() (map[string]string, error) {
	infos, err := p.fs.ReadDir(folderfs.DisplacedDir)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]string, len(infos))
	for i := range infos {
		name := folderfs.DisplacedDir + "/" + infos[i].Name
		if w, ok := folderfs.ParseWork(name); ok {
			byKey[w.Key] = name
		}
	}
	return byKey, nil
}
