package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// State implements index.Reader.
func (s *Store) State(ctx context.Context, name string) (index.State, bool, error) {
	if err := s.enter(ctx); err != nil {
		return index.State{}, false, err
	}
	defer s.mu.Unlock()
	r := s.names.registers[name]
	if r == nil {
		return index.State{}, false, nil
	}
	return r.State(s.devices), true, nil
}

// Locals implements index.Reader.
func (s *Store) Locals(ctx context.Context, dir, after string, limit int) ([]index.Held, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var page []index.Held
	names := s.names.after(after)
	if dir != "" && after < dir {
		names = s.names.after(dir)
		page = s.appendLocal(page, dir, limit)
	}
	for _, name := range names {
		if dir != "" && name >= dir+"0" { // '0' follows '/'
			break
		}
		if below(name, dir) {
			page = s.appendLocal(page, name, limit)
		}
		if len(page) >= limit {
			break
		}
	}
	return page, nil
}

func (s *Store) appendLocal(page []index.Held, name string, limit int) []index.Held {
	r := s.names.registers[name]
	if r == nil || len(page) >= limit {
		return page
	}
	if v := r.Held(); v == nil || v.Entry.Deleted {
		return page
	}
	return append(page, *r.HeldWithoutBlocks())
}

// Local implements index.Reader.
func (s *Store) Local(ctx context.Context, name string) (*index.Held, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	r := s.names.registers[name]
	if r == nil || r.Held() == nil {
		return nil, nil
	}
	held := r.HeldWithoutBlocks()
	held.Entry.Blocks = slices.Clone(r.Held().Entry.Blocks)
	return held, nil
}

// Head implements index.Reader.
func (s *Store) Head(ctx context.Context, name string, v index.Version) (index.Entry, error) {
	if err := s.enter(ctx); err != nil {
		return index.Entry{}, err
	}
	defer s.mu.Unlock()
	if r := s.names.registers[name]; r != nil {
		for i := range r.Versions {
			if r.Versions[i].Entry.Version.Compare(v) == index.Equal {
				return r.Versions[i].Entry.Clone(), nil
			}
		}
	}
	return index.Entry{}, fmt.Errorf("%w: %q %v", index.ErrNoVersion, name, v)
}

// each calls f for every register by ascending name until it returns false.
func (s *Store) each(f func(r *register.Register) bool) {
	for _, name := range s.names.order() {
		if r := s.names.registers[name]; r != nil && !f(r) {
			return
		}
	}
}

// files returns what is held of those files present here that f picks, at most
// limit, 0 meaning all.
func (s *Store) files(limit int, f func(r *register.Register, e *index.Entry) bool) []index.Held {
	var found []index.Held
	s.each(func(r *register.Register) bool {
		if v := r.Present(); v != nil && v.Entry.Type == index.File && f(r, &v.Entry) {
			found = append(found, *r.HeldWithoutBlocks())
		}
		return limit == 0 || len(found) < limit
	})
	return found
}

// ByInode implements index.Reader.
func (s *Store) ByInode(ctx context.Context, dev, inode uint64) ([]index.Held, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if inode == 0 {
		return nil, nil
	}
	return s.files(0, func(r *register.Register, _ *index.Entry) bool {
		return r.Disk.Inode == inode && r.Disk.Device == dev
	}), nil
}

// Holding implements index.Reader.
func (s *Store) Holding(ctx context.Context, hash index.Hash, limit int) ([]index.Held, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if limit <= 0 || hash == (index.Hash{}) {
		return nil, nil
	}
	return s.files(limit, func(_ *register.Register, e *index.Entry) bool { return e.Hash == hash }), nil
}

// Holders implements index.Reader.
func (s *Store) Holders(ctx context.Context, hash index.Hash) ([]device.ID, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	if hash == (index.Hash{}) {
		return nil, nil
	}
	var ids []device.ID
	s.each(func(r *register.Register) bool {
		for _, n := range r.Holders(hash) {
			ids = append(ids, s.devices[n])
		}
		return true
	})
	slices.SortFunc(ids, register.CompareDevices)
	return slices.Compact(ids), nil
}

// FindBlocks implements index.Reader. found is called after the store was
// read, so it may use the store.
func (s *Store) FindBlocks(ctx context.Context, wanted map[index.Hash]struct{}, found func(index.Hash, index.BlockPlace)) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	type place struct {
		hash index.Hash
		at   index.BlockPlace
	}
	var places []place
	seen := make(map[index.Hash]struct{})
	s.files(0, func(r *register.Register, e *index.Entry) bool {
		var offset int64
		for _, b := range e.Blocks {
			_, want := wanted[b.Hash]
			if _, twice := seen[b.Hash]; want && !twice {
				seen[b.Hash] = struct{}{}
				places = append(places, place{b.Hash, index.BlockPlace{Name: r.Name, Offset: offset, Size: b.Size}})
			}
			offset += int64(b.Size)
		}
		return false
	})
	s.mu.Unlock()
	for _, p := range places {
		found(p.hash, p.at)
	}
	return nil
}

// Dirty implements index.Reader.
func (s *Store) Dirty(ctx context.Context, pass index.Dirty, after string, limit int) ([]index.State, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var page []index.State
	take := func(name string) bool {
		if r := s.names.registers[name]; r != nil && r.Dirty == pass && pass != index.Clean && len(page) < limit {
			page = append(page, r.State(s.devices))
		}
		return len(page) < limit
	}
	if pass != index.DirtyGoneDirectory {
		for _, name := range s.names.after(after) {
			if !take(name) {
				break
			}
		}
		return page, nil
	}
	for _, name := range slices.Backward(s.names.before(after)) {
		if !take(name) {
			break
		}
	}
	return page, nil
}

// Since implements index.Reader.
func (s *Store) Since(ctx context.Context, seq int64, limit int) ([]index.Update, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var page []index.Update
	for _, a := range s.names.since(seq) {
		if len(page) >= limit {
			break
		}
		if s.names.stale(a) {
			continue
		}
		u := index.Update{Sequence: a.sequence}
		for _, v := range s.names.registers[a.name].Ours() {
			u.Heads = append(u.Heads, v.Entry.Clone())
		}
		page = append(page, u)
	}
	return page, nil
}

// Identity implements index.Reader.
func (s *Store) Identity(ctx context.Context) (index.Identity, error) {
	if err := s.enter(ctx); err != nil {
		return index.Identity{}, err
	}
	defer s.mu.Unlock()
	return s.identity, nil
}

// Remote implements index.Reader.
func (s *Store) Remote(ctx context.Context, d device.ID) (index.RemoteIndex, error) {
	if err := s.enter(ctx); err != nil {
		return index.RemoteIndex{}, err
	}
	defer s.mu.Unlock()
	return s.remotes[s.number(d)].RemoteIndex, nil
}

// Remotes implements index.Reader.
func (s *Store) Remotes(ctx context.Context) ([]device.ID, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var known []device.ID
	for n, r := range s.remotes {
		if r.Index != 0 || r.Sequence > 0 || r.records > 0 {
			known = append(known, s.devices[n])
		}
	}
	slices.SortFunc(known, device.ID.Compare)
	return known, nil
}

// Counts implements index.Reader.
func (s *Store) Counts(ctx context.Context) (index.Counts, error) {
	if err := s.enter(ctx); err != nil {
		return index.Counts{}, err
	}
	defer s.mu.Unlock()
	return s.tally.Counts, nil
}

// Untaken implements index.Reader.
func (s *Store) Untaken(ctx context.Context) (n int64, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	for _, r := range s.names.registers {
		if r.Open() > r.Dirty {
			n++
		}
	}
	return n, nil
}

// Behind implements index.Reader.
func (s *Store) Behind(ctx context.Context, d device.ID) (files, bytes int64, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	defer s.mu.Unlock()
	need := s.tally.Behind(s.number(d))
	return need.Names, need.Bytes, nil
}

// Setting implements index.Reader.
func (s *Store) Setting(ctx context.Context, key string) ([]byte, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	return bytes.Clone(s.settings[key]), nil
}

// Flagged implements index.Reader.
func (s *Store) Flagged(ctx context.Context, flags index.Flags, after string, limit int) ([]index.State, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var page []index.State
	for _, name := range s.names.after(after) {
		if len(page) >= limit {
			break
		}
		if r := s.names.registers[name]; r != nil && r.Held() != nil && r.Flags&flags != 0 {
			page = append(page, r.State(s.devices))
		}
	}
	return page, nil
}
