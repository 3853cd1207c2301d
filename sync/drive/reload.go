package drive

import (
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/ignore"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/scan"
)

// Whose content the ignore file has decides whether it comes in force.
type trust uint8

const (
	foreign trust = iota // another device's: it waits if it ignores less
	unclear              // it may be a person's who is here: left for later if it ignores less
	someone              // a person's who is here: it comes in force
)

// rulesTouched puts the ignore file in force when a person here changed it. A
// scan that found the file as it was recorded, or with another time only, says
// nothing about who wrote what is in it; one that found what another device
// announces says that it was placed and not recorded.
func (f *Folder) rulesTouched(ctx context.Context, x engine.Commit) error {
	if x.Scan == 0 {
		return nil
	}
	for i := range x.Changes {
		c := &x.Changes[i]
		if c.Entry.Name != ignore.FileName || c.Base.Compare(c.Entry.Version) == index.Equal || len(c.Entry.ContentVersion) > 0 {
			continue
		}
		if c.Entry.ModifiedBy != f.replica {
			return f.reloadRules(ctx, foreign)
		}
		return f.reloadRules(ctx, someone)
	}
	return nil
}

// tightenRules takes in, before a scan that may meet it, an ignore file that
// ignores more: what it names must not be announced because both were saved at
// the same moment.
func (f *Folder) tightenRules(ctx context.Context, scopes []scan.Scope) error {
	meets := func(sc scan.Scope) bool { return sc.Name == ignore.FileName || sc.Name == "" }
	if !slices.ContainsFunc(scopes, meets) {
		return nil
	}
	return f.reload(ctx, unclear)
}

// rulesPlaced puts the ignore file of another device in force, unless it
// ignores less.
func (f *Folder) rulesPlaced(ctx context.Context, actions []plan.Action, outcomes []plan.Outcome) error {
	for i := range actions {
		if outcomes[i].Status == plan.Done && movesRules(&actions[i]) {
			return f.reload(ctx, foreign)
		}
	}
	return nil
}

func movesRules(a *plan.Action) bool {
	return a.Name == ignore.FileName || a.Op == plan.Move && a.From.Entry.Name == ignore.FileName
}

// AcceptRules puts the ignore file in force that waits for it.
func (f *Folder) AcceptRules(ctx context.Context) error { return f.reload(ctx, someone) }

// reload lets the store lane reload the rules and waits for that.
func (f *Folder) reload(ctx context.Context, from trust) error {
	done := make(chan error, 1)
	f.store.add(func(ctx context.Context) error {
		done <- f.reloadRules(ctx, from)
		return nil
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-f.stopped:
		return ErrStopped
	}
}

// reloadRules reads the ignore file. Only the store lane calls it.
func (f *Folder) reloadRules(ctx context.Context, from trust) error {
	text, err := readRules(f.opt.FS)
	if err != nil {
		f.opt.Log.Warn("ignore rules stay as they were", "folder", f.opt.Root, "err", err)
		return nil
	}
	if string(text) == string(f.rules.text) {
		f.rules.since.Store(nil)
		return nil
	}
	if from != someone && ignore.Relaxes(f.rules.text, text) {
		if from == foreign {
			f.rules.wait()
		}
		return nil
	}
	if err := f.rules.accept(ctx, f.opt.Index, text); err != nil {
		return err
	}
	f.setWatchRules()
	return f.post(ctx, engine.RulesChanged{})
}
