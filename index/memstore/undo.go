package memstore

import (
	"maps"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// undo is what stood before the first write that is not durable yet. Only
// what such writes change is in it.
type undo struct {
	registers map[string]*register.Register // nil: there was none
	sequence  int64
	remotes   []remote
	intents   map[index.IntentID]index.Intent // settled since
}

// loose notes, before a write that need not be durable, what stands.
func (s *Store) loose() {
	if s.undo == nil {
		s.undo = &undo{
			registers: make(map[string]*register.Register),
			sequence:  s.identity.Sequence,
			remotes:   slices.Clone(s.remotes),
			intents:   make(map[index.IntentID]index.Intent),
		}
	}
}

// durable makes everything written so far durable.
func (s *Store) durable() { s.undo = nil }

// put stores a changed register. It must have been copied before the change.
func (s *Store) put(r *register.Register) {
	was := s.names.put(r)
	s.tally.Replace(was, r)
	if s.undo == nil {
		return
	}
	if _, noted := s.undo.registers[r.Name]; !noted {
		s.undo.registers[r.Name] = was
	}
}

// settleIntent forgets an intent; an unknown one is none.
func (s *Store) settleIntent(id index.IntentID) {
	n, ok := s.intents[id]
	if !ok {
		return
	}
	if s.undo != nil {
		s.undo.intents[id] = n
	}
	delete(s.intents, id)
}

// Clone returns an independent copy, as of a copied database: with the same
// replica and index ID. It works on a closed store too.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clone()
}

// clone copies the store, everything in the copy being durable. What maps
// and slices hold is never written to, so it is shared.
func (s *Store) clone() *Store {
	c := &Store{
		options:   s.options,
		identity:  s.identity,
		names:     s.names.clone(),
		tally:     register.Tally{Counts: s.tally.Counts, Live: s.tally.Live, Known: maps.Clone(s.tally.Known)},
		devices:   slices.Clone(s.devices),
		remotes:   slices.Clone(s.remotes),
		intents:   maps.Clone(s.intents),
		intent:    s.intent,
		settings:  maps.Clone(s.settings),
		records:   maps.Clone(s.records),
		recordSeq: s.recordSeq,
	}
	return c
}

// Crash returns a store with what a power loss at this moment would have left:
// writes that were not durable, and that no durable one followed, are undone.
// The store itself is closed.
func (s *Store) Crash() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	c := s.clone()
	if s.undo == nil {
		return c
	}
	for name, was := range s.undo.registers {
		is := c.names.registers[name]
		c.tally.Replace(is, was)
		if was == nil {
			delete(c.names.registers, name)
		} else {
			c.names.registers[name] = was
		}
	}
	c.names = c.names.clone()
	c.identity.Sequence = s.undo.sequence
	c.devices = c.devices[:len(s.undo.remotes)]
	c.remotes = slices.Clone(s.undo.remotes)
	maps.Copy(c.intents, s.undo.intents)
	return c
}

// Restart returns the store as the next process finds it when this one is
// killed: with all that was written, of which some still is not durable. The
// store itself is closed.
func (s *Store) Restart() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	c := s.clone()
	if u := s.undo; u != nil {
		c.undo = &undo{
			registers: maps.Clone(u.registers), sequence: u.sequence,
			remotes: slices.Clone(u.remotes), intents: maps.Clone(u.intents),
		}
	}
	return c
}
