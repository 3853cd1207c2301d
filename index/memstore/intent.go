package memstore

import (
	"context"
	"maps"
	"slices"

	"github.com/labsync/labsync/index"
)

// Begin implements index.Intents.
func (s *Store) Begin(ctx context.Context, intents []index.Intent) ([]index.IntentID, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	ids := make([]index.IntentID, 0, len(intents))
	for i := range intents {
		s.intent++
		n := cloneIntent(intents[i])
		n.ID, n.Expected.Entry.Blocks = s.intent, nil
		s.intents[n.ID] = n
		ids = append(ids, n.ID)
	}
	s.durable()
	return ids, nil
}

// Pending implements index.Intents.
func (s *Store) Pending(ctx context.Context) ([]index.Intent, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var pending []index.Intent
	for _, id := range slices.Sorted(maps.Keys(s.intents)) {
		pending = append(pending, cloneIntent(s.intents[id]))
	}
	return pending, nil
}

// Abandon implements index.Intents.
func (s *Store) Abandon(ctx context.Context, ids []index.IntentID) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.loose()
	for _, id := range ids {
		s.settleIntent(id)
	}
	return nil
}

func cloneIntent(n index.Intent) index.Intent {
	n.Expected.Entry = n.Expected.Entry.Clone()
	n.New = n.New.Clone()
	n.Heads = slices.Clone(n.Heads)
	for i := range n.Heads {
		n.Heads[i] = slices.Clone(n.Heads[i])
	}
	return n
}
