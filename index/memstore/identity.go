package memstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// Renew implements index.Recorder.
func (s *Store) Renew(ctx context.Context) (index.Identity, error) {
	return s.identify(ctx, s.renew)
}

// Fork implements index.Recorder.
func (s *Store) Fork(ctx context.Context) (index.Identity, error) {
	return s.identify(ctx, func() error {
		old := s.identity.Replica
		if err := s.renew(); err != nil {
			return err
		}
		for _, name := range slices.Clone(s.names.order()) {
			if s.names.registers[name] == nil {
				continue
			}
			r := s.register(name)
			r.Fork(old, s.identity.Replica)
			s.put(r)
		}
		return nil
	})
}

// Leap implements index.Recorder.
func (s *Store) Leap(ctx context.Context) (index.Identity, error) {
	return s.identify(ctx, func() error {
		var b [4]byte
		if _, err := io.ReadFull(s.options.Random, b[:]); err != nil {
			return fmt.Errorf("leaping to another sequence: %w", err)
		}
		s.identity.Sequence += register.Leap(binary.BigEndian.Uint32(b[:]))
		return nil
	})
}

// identify changes who the index is, durably.
func (s *Store) identify(ctx context.Context, change func() error) (index.Identity, error) {
	if err := s.enter(ctx); err != nil {
		return index.Identity{}, err
	}
	defer s.mu.Unlock()
	if err := change(); err != nil {
		return index.Identity{}, err
	}
	s.durable()
	return s.identity, nil
}
