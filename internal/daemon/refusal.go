package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/transport/session"
)

// settingRefused holds the refusals of a folder. What a device announced is not
// announced again, so they have to outlast the run.
const settingRefused = "refused"

// refusals are the announcements that were left out because they broke a rule,
// by name. Each stays until its device announces the name in order, or has
// another index, or the folder is not shared with it any more.
type refusals map[string]refusal

type refusal struct {
	Device device.ID
	Reason string
}

// refusalsKept bounds what a device can make us remember.
const refusalsKept = 1000

// take notes what of a batch was refused, and what was not any more. It reports
// whether that changed anything.
func (r refusals) take(d device.ID, batch []index.Update, rejected []session.Rejected) (changed bool) {
	if len(r) > 0 {
		for i := range batch {
			if len(batch[i].Heads) == 0 {
				continue
			}
			if name := batch[i].Heads[0].Name; r[name].Device == d && r[name].Reason != "" {
				delete(r, name)
				changed = true
			}
		}
	}
	for _, x := range rejected {
		now := refusal{d, x.Reason}
		if was, known := r[x.Name]; was == now || !known && len(r) >= refusalsKept {
			continue
		}
		r[x.Name] = now
		changed = true
	}
	return changed
}

// forget drops the refusals of devices.
func (r refusals) forget(of func(device.ID) bool) (changed bool) {
	for name, x := range r {
		if of(x.Device) {
			delete(r, name)
			changed = true
		}
	}
	return changed
}

const codeRefusedName = "refused-name"

func (r refusals) problems() []plan.Problem {
	var out []plan.Problem
	for _, name := range slices.Sorted(maps.Keys(r)) {
		x := r[name]
		out = append(out, plan.Problem{
			Name: name, Code: codeRefusedName,
			Text: fmt.Sprintf("Device %s announced %q, which was refused: %s; rename or remove it there.", x.Device.Short(), name, x.Reason),
		})
	}
	return out
}

// rejected notes which announcements broke a rule, before the others are
// recorded, which stand for all.
func (f *folder) rejected(ctx context.Context, d device.ID, batch []index.Update, rejected []session.Rejected) error {
	return f.changeRefusals(ctx, func(r refusals) bool { return r.take(d, batch, rejected) })
}

func (f *folder) changeRefusals(ctx context.Context, change func(refusals) bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.store == nil || !change(f.refused) {
		return nil
	}
	return f.refused.save(ctx, f.store)
}

func (r refusals) save(ctx context.Context, s *store.Store) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.SetSetting(ctx, settingRefused, text)
}

// readRefusals returns those recorded, less those of devices that the folder is
// not shared with.
func (f *folder) readRefusals(ctx context.Context, s *store.Store) (refusals, error) {
	r := refusals{}
	text, err := s.Setting(ctx, settingRefused)
	if err != nil || text == nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("refusals recorded in the index: %w: %w", index.ErrCorrupt, err)
	}
	r.forget(func(d device.ID) bool { return !slices.Contains(f.conf.Devices, d) })
	return r, nil
}
