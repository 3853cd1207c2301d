package sim

import (
	"cmp"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// verified looks at what a placement that began at a step has left, before
// anything else happens. Where no user had a hand in it, it is what the index
// says now (I14), and something that a user wrote (I3), if only so far. Later that might not be
// seen: the next version covers it.
func (d *Device) verified(actions []plan.Action, outcomes []plan.Outcome, began int) {
	var tree map[string]memfs.Item
	for i := range actions {
		a := &actions[i]
		touched, ever := d.edits.lastTouch(a.Name)
		if outcomes[i].Status != plan.Done || !placesBytes(a) || ever && touched >= began {
			continue
		}
		held, err := d.index.Store.Local(d.w.ctx, a.Name)
		d.check("Local", err)
		if held == nil || held.Flags&index.MustRescan != 0 {
			continue
		}
		if tree == nil {
			tree = d.look().tree
		}
		item, there := tree[norm.NFC.String(cmp.Or(held.Disk.Name, a.Name))]
		switch _, wrote := d.w.ghost.written[contentOf(&item)]; {
		case !there || !d.stands(&item, held):
			d.w.violate("I14", d, "placed %s, and there is %s", describeEntry(d.w, &held.Entry), describeItem(&item))
		case !wrote && !d.w.ghost.prefixes[held.Entry.Hash]:
			d.w.violate("I3", d, "placed %s, which nobody wrote: %s", describeEntry(d.w, &held.Entry), describeItem(&item))
		}
	}
}

// placesBytes reports whether an action puts content at its name.
func placesBytes(a *plan.Action) bool {
	if a.Want.Deleted || a.Want.Type == index.Directory {
		return false
	}
	return a.Op == plan.Create || a.Op == plan.Replace || a.Op == plan.Retype || a.Op == plan.Move
}
