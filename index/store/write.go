package store

import (
	"context"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// pageSize bounds the names that a change of many names reads at a time.
const pageSize = 1000

// Commit implements index.Recorder. A durable commit without changes makes
// durable what was committed before.
func (s *Store) Commit(ctx context.Context, changes []index.Change, durable bool) (stale []int, err error) {
	if len(changes) == 0 && !s.isLoose(durable) {
		return nil, ctx.Err()
	}
	err = s.write(ctx, "committing to the index", durable, func(t *transaction) error {
		if err := t.readAhead(len(changes), func(i int) string { return changes[i].Entry.Name }); err != nil {
			return err
		}
		for i := range changes {
			ok, err := t.change(&changes[i])
			if err != nil {
				return err
			}
			if !ok {
				stale = append(stale, i)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stale, nil
}

// isLoose reports whether a durable commit would make anything durable.
func (s *Store) isLoose(durable bool) bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	return durable && s.loose || s.refused != nil
}

func (t *transaction) change(c *index.Change) (ok bool, err error) {
	if err := register.CheckChange(c); err != nil {
		return false, err
	}
	w, err := t.name(c.Entry.Name)
	if err != nil {
		return false, err
	}
	announced, ok := w.Commit(c)
	if !ok {
		return false, nil
	}
	if announced {
		t.sequence++
		w.Sequence = t.sequence
	}
	if err := t.save(w); err != nil {
		return false, err
	}
	for i := range c.Derived {
		err := t.edit(c.Derived[i].Name, func(r *register.Register) { r.Derive(&c.Derived[i]) })
		if err != nil {
			return false, err
		}
	}
	t.settle(c.Intent)
	return true, nil
}

// edit changes the register of a name.
func (t *transaction) edit(name string, f func(*register.Register)) error {
	w, err := t.name(name)
	if err != nil {
		return err
	}
	f(&w.Register)
	return t.save(w)
}

// Settle implements index.Recorder.
func (s *Store) Settle(ctx context.Context, settled []index.Settled) error {
	if len(settled) == 0 {
		return ctx.Err()
	}
	return s.write(ctx, "settling names", false, func(t *transaction) error {
		for i := range settled {
			err := t.edit(settled[i].Name, func(r *register.Register) { r.Settle(settled[i].Heads) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Unsettle implements index.Recorder. For the whole folder it looks at every
// name's row once.
func (s *Store) Unsettle(ctx context.Context, dir string) error {
	return s.write(ctx, "planning names anew", false, func(t *transaction) error {
		unsettle := func(r *register.Register) { r.Dirty = r.Open() }
		if dir != "" {
			if err := t.edit(dir, unsettle); err != nil {
				return err
			}
		}
		low, high := bounds(dir)
		for {
			names, err := t.names(t.stmt.settled, low, high, pageSize)
			if err != nil || len(names) == 0 {
				return err
			}
			for _, name := range names {
				if err := t.edit(name, unsettle); err != nil {
					return err
				}
			}
			low = names[len(names)-1]
		}
	})
}

// bounds returns the names between which those below dir lie, exclusively.
func bounds(dir string) (low, high string) {
	if dir == "" {
		return "", "\xff" // no UTF-8 is greater
	}
	return dir + "/", dir + "0" // '0' follows '/'
}

// names returns the first column of a query, which must be names.
func (t *transaction) names(q querier, args ...any) ([]string, error) {
	var names []string
	err := each(t.ctx, q, args, func(scan scanner) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// RecordRemote implements index.Recorder.
func (s *Store) RecordRemote(ctx context.Context, d device.ID, updates []index.Update) error {
	if len(updates) == 0 {
		return ctx.Err()
	}
	return s.write(ctx, "recording what a device announces", false, func(t *transaction) error {
		n, _, err := t.device(d)
		if err != nil {
			return err
		}
		var highest int64
		if err := t.readAhead(len(updates), func(i int) string { return nameOf(&updates[i]) }); err != nil {
			return err
		}
		for i := range updates {
			u := &updates[i]
			if err := register.CheckUpdate(u); err != nil {
				return err
			}
			highest = max(highest, u.Sequence)
			if len(u.Heads) == 0 {
				continue
			}
			if err := t.edit(u.Heads[0].Name, func(r *register.Register) { r.Announce(n, u.Heads) }); err != nil {
				return err
			}
		}
		_, err = t.exec(t.stmt.noteSequence, highest, int64(n))
		return err
	})
}

// nameOf is the name that an update is about, "" if it only notes a sequence.
func nameOf(u *index.Update) string {
	if len(u.Heads) == 0 {
		return ""
	}
	return u.Heads[0].Name
}

// ResetRemote implements index.Recorder. It looks at every name once, unless
// the device is a new one.
func (s *Store) ResetRemote(ctx context.Context, d device.ID, id uint64) error {
	return s.write(ctx, "forgetting what a device announced", false, func(t *transaction) error {
		n, added, err := t.device(d)
		if err != nil {
			return err
		}
		if !added {
			if err := t.withdraw(n); err != nil {
				return err
			}
		}
		_, err = t.exec(t.stmt.resetDevice, int64(id), int64(n))
		return err
	})
}

// withdraw takes a device off every name.
func (t *transaction) withdraw(device int) error {
	return t.editAll(
		func(r *register.Register) bool { return r.Announces(device) },
		func(r *register.Register) { r.Announce(device, nil) })
}

// editAll changes the registers that are concerned. It reads all of them.
func (t *transaction) editAll(concerned func(*register.Register) bool, f func(*register.Register)) error {
	for after, more := "", true; more; {
		var names []string
		var c columns
		more = false
		err := each(t.ctx, t.stmt.all, []any{after, pageSize}, func(scan scanner) error {
			if err := scan(c.targets()...); err != nil {
				return err
			}
			r, err := c.register()
			if err == nil && concerned(r) {
				names = append(names, r.Name)
			}
			after, more = c.name, true
			return err
		})
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := t.edit(name, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetSetting implements index.Recorder.
func (s *Store) SetSetting(ctx context.Context, key string, value []byte) error {
	return s.write(ctx, "keeping setting "+key, true, func(t *transaction) error {
		if value == nil {
			_, err := t.exec(t.stmt.deleteSetting, key)
			return err
		}
		_, err := t.exec(t.stmt.setSetting, key, value)
		return err
	})
}
