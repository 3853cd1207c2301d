package memstore

import (
	"context"

	"github.com/labsync/labsync/index"
)

// States implements index.Reader.
func (s *Store) States(ctx context.Context, names []string, blocks bool) ([]index.State, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	states := make([]index.State, len(names))
	for i, name := range names {
		states[i].Name = name
		r := s.names.registers[name]
		if r == nil {
			continue
		}
		states[i] = r.State(s.devices)
		if blocks {
			r.AddBlocks(&states[i])
		}
	}
	return states, nil
}
