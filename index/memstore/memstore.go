// Package memstore is an index.Store in memory, for tests and the simulator.
//
// It shares its rules (index/internal/register) with the SQLite store and
// differs in where registers lie: here in a map, each immutable once it is in
// there, so that Clone and Crash copy pointers only. Nothing observable
// depends on the order of a map, and the only randomness is Options.Random:
// the same calls give the same answers.
//
// Durability is that of SQLite in WAL mode: a write that was not asked to be
// durable becomes so with the next one that is. Crash returns what a power
// loss would have left; undo.go keeps what it takes to tell.
//
// A Store starts no goroutine and may be used from several.
package memstore

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// Options are what a store may be given. The zero value is usable.
type Options struct {
	Random io.Reader             // replica and index IDs come from here; nil: crypto/rand
	Joins  map[string]index.Join // how records join, by kind; index.Latest for the others
}

// Store implements index.Store.
type Store struct {
	options Options

	mu     sync.Mutex // guards everything below
	closed bool

	identity  index.Identity
	names     names
	tally     register.Tally
	devices   []device.ID // by number; that of register.Self is unused
	remotes   []remote    // by number
	intents   map[index.IntentID]index.Intent
	intent    index.IntentID // the last one given
	settings  map[string][]byte
	records   map[recordKey]index.Record
	recordSeq int64

	undo *undo // nil while everything is durable
}

// remote is how far a device's announcements are known.
type remote struct {
	index.RemoteIndex
	records int64
}

type recordKey struct{ kind, key string }

var _ index.Store = (*Store)(nil)

var errClosed = errors.New("index is closed")

// New returns an empty store with a new identity. It fails if Random does.
func New(o Options) (*Store, error) {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	s := &Store{
		options:  o,
		names:    newNames(),
		devices:  make([]device.ID, 1),
		remotes:  make([]remote, 1),
		intents:  make(map[index.IntentID]index.Intent),
		settings: make(map[string][]byte),
		records:  make(map[recordKey]index.Record),
	}
	return s, s.renew()
}

// renew makes a replica and an index ID, neither zero.
func (s *Store) renew() error {
	for _, id := range []*uint64{(*uint64)(&s.identity.Replica), &s.identity.Index} {
		var b [8]byte
		for *id = 0; *id == 0; *id = binary.BigEndian.Uint64(b[:]) {
			if _, err := io.ReadFull(s.options.Random, b[:]); err != nil {
				return fmt.Errorf("making an index identity: %w", err)
			}
		}
	}
	return nil
}

// Close ends the store's use. Clone and Crash still work.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// enter locks the store for one call; leave it with s.mu.Unlock.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	return nil
}

// number returns the number of a device, or 0 if it is not known.
func (s *Store) number(d device.ID) int {
	for n := 1; n < len(s.devices); n++ {
		if s.devices[n] == d {
			return n
		}
	}
	return 0
}

// assign returns the number of a device, giving it one if it has none.
func (s *Store) assign(d device.ID) int {
	if n := s.number(d); n != 0 {
		return n
	}
	s.devices = append(s.devices, d)
	s.remotes = append(s.remotes, remote{})
	return len(s.devices) - 1
}
