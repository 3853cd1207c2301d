package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// State implements index.Reader.
func (s *Store) State(ctx context.Context, name string) (index.State, bool, error) {
	states, err := s.statesOf(ctx, "reading the state of "+name, s.read.name, name)
	if err != nil || len(states) == 0 {
		return index.State{}, false, err
	}
	return states[0], true, nil
}

// statesOf returns the states of the registers that a statement finds.
func (s *Store) statesOf(ctx context.Context, op string, q querier, args ...any) ([]index.State, error) {
	var registers []*register.Register
	err := s.registers(ctx, op, q, args, func(r *register.Register) error {
		registers = append(registers, r)
		return nil
	})
	if err != nil || len(registers) == 0 {
		return nil, err
	}
	ids, err := s.ids(ctx, registers...)
	if err != nil {
		return nil, err
	}
	states := make([]index.State, len(registers))
	for i, r := range registers {
		states[i] = r.State(ids)
	}
	return states, nil
}

// Locals implements index.Reader.
func (s *Store) Locals(ctx context.Context, dir, after string, limit int) ([]index.Held, error) {
	var page []index.Held
	take := func(r *register.Register) error {
		if v := r.Held(); v != nil && !v.Entry.Deleted {
			page = append(page, *r.HeldWithoutBlocks())
		}
		return nil
	}
	const op = "listing what is held"
	if dir != "" && after < dir && limit > 0 {
		if err := s.registers(ctx, op, s.read.name, []any{dir}, take); err != nil {
			return nil, err
		}
	}
	low, high := bounds(dir)
	err := s.registers(ctx, op, s.read.locals, []any{max(low, after), high, limit - len(page)}, take)
	return page, err
}

// Local implements index.Reader.
func (s *Store) Local(ctx context.Context, name string) (held *index.Held, err error) {
	err = s.registersWithLists(ctx, "reading what is held at "+name, s.read.named, []any{name}, func(r *register.Register) error {
		if held = r.HeldWithoutBlocks(); held != nil {
			held.Entry.Blocks = r.Held().Entry.Blocks
		}
		return nil
	})
	return held, err
}

// Head implements index.Reader.
func (s *Store) Head(ctx context.Context, name string, v index.Version) (e index.Entry, err error) {
	found := false
	err = s.registersWithLists(ctx, "reading a head of "+name, s.read.named, []any{name}, func(r *register.Register) error {
		i := slices.IndexFunc(r.Versions, func(w register.Version) bool { return w.Entry.Version.Compare(v) == index.Equal })
		if found = i >= 0; found {
			e = r.Versions[i].Entry
		}
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("%w: %q %v", index.ErrNoVersion, name, v)
	}
	return e, err
}

// ByInode implements index.Reader.
func (s *Store) ByInode(ctx context.Context, dev, inode uint64) (held []index.Held, err error) {
	err = s.registers(ctx, "looking up an inode", s.read.inode, []any{int64(inode)}, func(r *register.Register) error {
		if r.Disk.Device == dev {
			held = append(held, *r.HeldWithoutBlocks())
		}
		return nil
	})
	return held, err
}

// content calls f for each name with a live version of this content, or of
// another with the same beginning of the hash.
func (s *Store) content(ctx context.Context, hash index.Hash, f func(r *register.Register) (more bool)) error {
	if hash == (index.Hash{}) {
		return nil
	}
	enough := errors.New("enough")
	err := s.registers(ctx, "looking up a content", s.read.content, []any{contentKey(hash)}, func(r *register.Register) error {
		if !f(r) {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	return err
}

// Holding implements index.Reader.
func (s *Store) Holding(ctx context.Context, hash index.Hash, limit int) ([]index.Held, error) {
	var held []index.Held
	err := s.content(ctx, hash, func(r *register.Register) bool {
		if v := r.Present(); v != nil && v.Entry.Type == index.File && v.Entry.Hash == hash {
			held = append(held, *r.HeldWithoutBlocks())
		}
		return len(held) < limit
	})
	return held, err
}

// enoughNames is how many names of one content are asked for its holders: with
// thousands of equal files the first ones tell as much.
const enoughNames = 64

// Holders implements index.Reader.
func (s *Store) Holders(ctx context.Context, hash index.Hash) ([]device.ID, error) {
	var holding []*register.Register
	err := s.content(ctx, hash, func(r *register.Register) bool {
		if len(r.Holders(hash)) > 0 {
			holding = append(holding, r)
		}
		return len(holding) < enoughNames
	})
	if err != nil {
		return nil, err
	}
	ids, err := s.ids(ctx, holding...)
	if err != nil {
		return nil, err
	}
	var devices []device.ID
	for _, r := range holding {
		for _, n := range r.Holders(hash) {
			devices = append(devices, ids[n])
		}
	}
	slices.SortFunc(devices, register.CompareDevices)
	return slices.Compact(devices), nil
}

// Dirty implements index.Reader.
func (s *Store) Dirty(ctx context.Context, pass index.Dirty, after string, limit int) ([]index.State, error) {
	const op = "listing what waits for a plan"
	if pass != index.DirtyGoneDirectory {
		return s.statesOf(ctx, op, s.read.dirty, int64(pass), after, limit)
	}
	if after == "" {
		_, after = bounds("")
	}
	return s.statesOf(ctx, op, s.read.dirtyLast, int64(pass), after, limit)
}

// Flagged implements index.Reader.
func (s *Store) Flagged(ctx context.Context, flags index.Flags, after string, limit int) ([]index.State, error) {
	return s.statesOf(ctx, "listing flagged names", s.read.flagged, int64(flags), after, limit)
}

// Since implements index.Reader.
func (s *Store) Since(ctx context.Context, seq int64, limit int) (page []index.Update, err error) {
	err = s.registersWithLists(ctx, "reading what is announced", s.read.since, []any{seq, limit}, func(r *register.Register) error {
		u := index.Update{Sequence: r.Sequence}
		for _, v := range r.Ours() {
			u.Heads = append(u.Heads, v.Entry)
		}
		page = append(page, u)
		return nil
	})
	return page, err
}

// Identity implements index.Reader.
func (s *Store) Identity(ctx context.Context) (index.Identity, error) {
	id, _, err := s.folder(ctx)
	return id, err
}

// Counts implements index.Reader. It reads one row, whatever the folder's size.
func (s *Store) Counts(ctx context.Context) (index.Counts, error) {
	_, c, err := s.folder(ctx)
	return c, err
}

func (s *Store) folder(ctx context.Context) (id index.Identity, c index.Counts, err error) {
	err = s.query(ctx, "reading the index's identity and sums", s.read.folder, nil, func(scan scanner) error {
		var replica, indexID int64
		err := scan(&replica, &indexID, &id.Sequence, &c.Files, &c.Directories, &c.Symlinks, &c.Tombstones, &c.Bytes,
			&c.NeedFiles, &c.NeedBytes, &c.Conflicts, &c.ReceiveOnlyChanged)
		id.Replica, id.Index = index.Replica(replica), uint64(indexID)
		return err
	})
	return id, c, err
}

// Untaken implements index.Reader. There is an index of just these names.
func (s *Store) Untaken(ctx context.Context) (n int64, err error) {
	err = s.query(ctx, "counting what is not taken", s.read.untaken, nil, func(scan scanner) error { return scan(&n) })
	return n, err
}

// Remote implements index.Reader.
func (s *Store) Remote(ctx context.Context, d device.ID) (index.RemoteIndex, error) {
	r, _, err := s.remote(ctx, d)
	return r, err
}

func (s *Store) remote(ctx context.Context, d device.ID) (r index.RemoteIndex, records int64, err error) {
	err = s.query(ctx, "reading how far a device is known", s.read.remote, []any{d[:]}, func(scan scanner) error {
		var indexID int64
		err := scan(&indexID, &r.Sequence, &records)
		r.Index = uint64(indexID)
		return err
	})
	return r, records, err
}

// Remotes implements index.Reader.
func (s *Store) Remotes(ctx context.Context) (devices []device.ID, err error) {
	err = s.query(ctx, "listing the devices known", s.read.remotes, nil, func(scan scanner) error {
		var id []byte
		if err := scan(&id); err != nil {
			return err
		}
		if len(id) != len(device.ID{}) {
			return fmt.Errorf("device ID of %d bytes: %w", len(id), index.ErrCorrupt)
		}
		devices = append(devices, device.ID(id))
		return nil
	})
	return devices, err
}

// Behind implements index.Reader. It reads two rows, whatever the folder's size.
func (s *Store) Behind(ctx context.Context, d device.ID) (files, bytes int64, err error) {
	err = s.query(ctx, "reading what a device needs", s.read.behind, []any{d[:]}, func(scan scanner) error {
		return scan(&files, &bytes)
	})
	return files, bytes, err
}

// Setting implements index.Reader.
func (s *Store) Setting(ctx context.Context, key string) (value []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.read.setting.QueryRowContext(context.WithoutCancel(ctx), key).Scan(&value)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading setting %s: %w", key, classify(err))
	case value == nil:
		value = []byte{}
	}
	return value, nil
}
