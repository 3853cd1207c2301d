package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// Renew implements index.Recorder.
func (s *Store) Renew(ctx context.Context) (index.Identity, error) {
	return s.identify(ctx, "renewing the index's identity", (*transaction).renew)
}

// Fork implements index.Recorder. It looks at every name once.
func (s *Store) Fork(ctx context.Context) (index.Identity, error) {
	return s.identify(ctx, "renewing the index's identity", func(t *transaction, id *index.Identity) error {
		var old int64
		if err := t.stmt.replica.QueryRowContext(t.ctx).Scan(&old); err != nil {
			return err
		}
		if err := t.renew(id); err != nil {
			return err
		}
		return t.editAll(
			func(r *register.Register) bool { return r.Forked(index.Replica(old)) },
			func(r *register.Register) { r.Fork(index.Replica(old), id.Replica) })
	})
}

func (t *transaction) renew(id *index.Identity) (err error) {
	if id.Replica, id.Index, err = t.newIdentity(); err != nil {
		return err
	}
	_, err = t.exec(t.stmt.renew, int64(id.Replica), int64(id.Index), t.options.Now().Unix())
	return err
}

// Leap implements index.Recorder.
func (s *Store) Leap(ctx context.Context) (index.Identity, error) {
	id, err := s.Identity(ctx)
	if err != nil {
		return id, err
	}
	who, err := s.identify(ctx, "leaping to another sequence", func(t *transaction, _ *index.Identity) error {
		var b [4]byte
		if _, err := io.ReadFull(t.options.Random, b[:]); err != nil {
			return fmt.Errorf("reading randomness: %w", err)
		}
		t.sequence += register.Leap(binary.BigEndian.Uint32(b[:]))
		return nil
	})
	id.Sequence = who.Sequence
	return id, err
}

// identify changes who the index is, durably, and returns what change says and
// the sequence.
func (s *Store) identify(ctx context.Context, op string, change func(*transaction, *index.Identity) error) (index.Identity, error) {
	var id index.Identity
	err := s.write(ctx, op, true, func(t *transaction) error {
		err := change(t, &id)
		id.Sequence = t.sequence
		return err
	})
	if err != nil {
		return index.Identity{}, err
	}
	return id, nil
}
