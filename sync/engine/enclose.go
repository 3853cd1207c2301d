package engine

import (
	"context"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// waitForWay is how often a name is tried while something that is no directory
// stands in its path: that may be about to change by itself.
const waitForWay = 3

// enclosed makes a directory of what stands in the way of a name, if all that
// is known of that is here and it will not change by itself: what is live needs
// its directory, and of a directory and a file the directory wins.
func (e *Engine) enclosed(ctx context.Context, name string) error {
	for dir := parent(name); dir != ""; dir = parent(dir) {
		s, ok, err := e.Index.State(ctx, dir)
		if err != nil {
			return err
		}
		if !ok || s.Local == nil || s.Local.Entry.Deleted || s.Local.Entry.Type == index.Directory {
			continue
		}
		if s.Dirty != index.Clean || e.work.stages[dir] != 0 || e.work.records(dir) || e.work.unsettled[dir] {
			return nil
		}
		f := e.facts(&s)
		if a := plan.Enclose(&f, e.author()); a.Op == plan.Retype {
			e.enqueue(&a)
		}
		return nil
	}
	return nil
}
