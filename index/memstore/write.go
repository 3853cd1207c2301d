package memstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// register returns a copy of a name's register to change, an empty one if the
// name was never heard of.
func (s *Store) register(name string) *register.Register {
	if r := s.names.registers[name]; r != nil {
		c := *r
		return &c
	}
	return &register.Register{Name: name}
}

// Commit implements index.Recorder.
func (s *Store) Commit(ctx context.Context, changes []index.Change, durable bool) ([]int, error) {
	for i := range changes {
		if err := register.CheckChange(&changes[i]); err != nil {
			return nil, fmt.Errorf("committing to the index: %w", err)
		}
	}
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	s.loose()
	var stale []int
	for i := range changes {
		if !s.commit(&changes[i]) {
			stale = append(stale, i)
		}
	}
	if durable {
		s.durable()
	}
	return stale, nil
}

func (s *Store) commit(c *index.Change) bool {
	r := s.register(c.Entry.Name)
	announced, ok := r.Commit(c)
	if !ok {
		return false
	}
	if announced {
		s.identity.Sequence++
		r.Sequence = s.identity.Sequence
	}
	s.put(r)
	for i := range c.Derived {
		r := s.register(c.Derived[i].Name)
		r.Derive(&c.Derived[i])
		s.put(r)
	}
	s.settleIntent(c.Intent)
	return true
}

// Settle implements index.Recorder.
func (s *Store) Settle(ctx context.Context, settled []index.Settled) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.loose()
	for i := range settled {
		if s.names.registers[settled[i].Name] == nil {
			continue
		}
		r := s.register(settled[i].Name)
		r.Settle(settled[i].Heads)
		s.put(r)
	}
	return nil
}

// Unsettle implements index.Recorder.
func (s *Store) Unsettle(ctx context.Context, dir string) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.loose()
	for _, name := range s.names.order() {
		if s.names.registers[name] == nil || !below(name, dir) {
			continue
		}
		r := s.register(name)
		if open := r.Open(); open != r.Dirty {
			r.Dirty = open
			s.put(r)
		}
	}
	return nil
}

// below reports whether a name is dir or lies below it; "" is the root.
func below(name, dir string) bool {
	rest, ok := strings.CutPrefix(name, dir)
	return ok && (dir == "" || rest == "" || rest[0] == '/')
}

// RecordRemote implements index.Recorder.
func (s *Store) RecordRemote(ctx context.Context, d device.ID, updates []index.Update) error {
	for i := range updates {
		if err := register.CheckUpdate(&updates[i]); err != nil {
			return fmt.Errorf("recording what a device announces: %w", err)
		}
	}
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.loose()
	n := s.assign(d)
	for i := range updates {
		u := &updates[i]
		s.remotes[n].Sequence = max(s.remotes[n].Sequence, u.Sequence)
		if len(u.Heads) == 0 {
			continue
		}
		r := s.register(u.Heads[0].Name)
		r.Announce(n, u.Heads)
		s.put(r)
	}
	return nil
}

// ResetRemote implements index.Recorder.
func (s *Store) ResetRemote(ctx context.Context, d device.ID, id uint64) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.loose()
	n := s.assign(d)
	for _, name := range slices.Clone(s.names.order()) {
		if r := s.names.registers[name]; r != nil && r.Announces(n) {
			r := s.register(name)
			r.Announce(n, nil)
			s.put(r)
		}
	}
	s.remotes[n] = remote{RemoteIndex: index.RemoteIndex{Index: id}}
	return nil
}

// SetSetting implements index.Recorder.
func (s *Store) SetSetting(ctx context.Context, key string, value []byte) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if value == nil {
		delete(s.settings, key)
	} else {
		s.settings[key] = bytes.Clone(value)
	}
	s.durable()
	return nil
}
