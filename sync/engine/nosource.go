package engine

import (
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

// noSource leaves a name alone that no connected device could send. Another
// device, or news of the name, lets it be tried again before its time.
//
// A sibling that nobody announces was derived here from a head that may have
// been superseded before anyone placed it: its bytes may be nowhere any more.
// So may those of a head that everybody has put aside for another, if a loss of
// power took them from its author. Such heads do not count until somebody
// announces the name, which is what every device does that has them; plan
// withdraws those that are announced here.
func (e *Engine) noSource(ctx context.Context, was *plan.Action, o *plan.Outcome) error {
	s, _, err := e.Index.State(ctx, o.Name)
	if err != nil {
		return err
	}
	switch {
	case e.receiving == 0 && e.unheld(&s, was.Want.Hash): // else it may be announced just now
		e.work.succeed(o.Name)
		e.nowhere[o.Name] = append(e.nowhere[o.Name], was.Want.Hash)
		e.cycle.again = true
	case len(e.peers) == 0:
		e.work.wait(e.now, o.Name, onTime, nil) // nobody to ask is no problem of this file
	default:
		e.work.fail(e.now, o.Name, o.Problem)
	}
	return nil
}

// asideTries is how often a content is asked for that all who know of it have
// put aside: it may be on its way under another name. About four minutes.
const asideTries = 8

// unheld reports whether there is no hope for a content that could not be had.
func (e *Engine) unheld(s *index.State, content index.Hash) bool {
	aside, derived := plan.Unheld(s, content)
	return derived || aside && len(e.peers) > 0 && e.work.failures[s.Name].tries >= asideTries
}

// announced reports whether some content that could not be had is announced by
// now, under whatever name, and counts it in again.
func (e *Engine) announced(heads []index.Entry) (again bool) {
	if len(e.nowhere) == 0 {
		return false
	}
	for name, contents := range e.nowhere {
		if slices.ContainsFunc(heads, func(h index.Entry) bool { return h.Name == name || slices.Contains(contents, h.Hash) }) {
			delete(e.nowhere, name)
			again = true
		}
	}
	return again
}
