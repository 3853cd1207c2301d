package store

import (
	"context"
	"encoding/json"
	"unicode/utf8"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// States implements index.Reader. The names go to SQLite as one JSON array: a
// statement for each would cost more than what it reads.
func (s *Store) States(ctx context.Context, names []string, blocks bool) ([]index.State, error) {
	states := make([]index.State, len(names))
	at := make(map[string]int, len(names))
	asked := make([]string, 0, len(names))
	for i, name := range names {
		states[i].Name = name
		at[name] = i
		if utf8.ValidString(name) { // JSON holds no other, nor does the index
			asked = append(asked, name)
		}
	}
	list, err := json.Marshal(asked)
	if err != nil || len(asked) == 0 {
		return states, err
	}
	var found []*register.Register
	take := func(r *register.Register) error {
		found = append(found, r)
		return nil
	}
	const op = "reading the states of names"
	if blocks {
		err = s.registersWithLists(ctx, op, s.read.manyWithLists, []any{string(list)}, take)
	} else {
		err = s.registers(ctx, op, s.read.many, []any{string(list)}, take)
	}
	if err != nil {
		return nil, err
	}
	ids, err := s.ids(ctx, found...)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		state := r.State(ids)
		if blocks {
			r.AddBlocks(&state)
		}
		states[at[r.Name]] = state
	}
	for i, name := range names {
		if last := at[name]; last != i {
			states[i] = states[last] // asked for twice
		}
	}
	return states, nil
}
