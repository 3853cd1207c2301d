package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// PutRecord implements index.Records.
func (s *Store) PutRecord(ctx context.Context, kind, key string, payload []byte, now int64) (r index.Record, err error) {
	err = s.write(ctx, "recording "+kind+" "+key, true, func(t *transaction) error {
		var replica int64
		if err := t.stmt.replica.QueryRowContext(t.ctx).Scan(&replica); err != nil {
			return err
		}
		have, _, err := t.record(kind, key)
		if err != nil {
			return err
		}
		r = register.NextRecord(have, kind, key, payload, index.Replica(replica), now)
		return t.putRecord(&r)
	})
	return r, err
}

// JoinRecords implements index.Records. It is durable, since what it takes in
// goes on to other devices under a sequence of ours.
func (s *Store) JoinRecords(ctx context.Context, d device.ID, records []index.Record) (changes []index.Record, err error) {
	if len(records) == 0 {
		return nil, ctx.Err()
	}
	err = s.write(ctx, "joining records", true, func(t *transaction) error {
		n, _, err := t.device(d)
		if err != nil {
			return err
		}
		var highest int64
		for i := range records {
			highest = max(highest, records[i].Sequence)
			have, ok, err := t.record(records[i].Kind, records[i].Key)
			if err != nil {
				return err
			}
			joined, changed := register.JoinRecord(s.options.Joins, have, ok, records[i])
			if !changed {
				continue
			}
			if err := t.putRecord(&joined); err != nil {
				return err
			}
			changes = append(changes, joined)
		}
		_, err = t.exec(t.stmt.noteRecords, highest, int64(n))
		return err
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}

func (t *transaction) record(kind, key string) (index.Record, bool, error) {
	r, err := scanRecord(t.stmt.record.QueryRowContext(t.ctx, kind, key).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return index.Record{}, false, nil
	}
	return r, err == nil, err
}

// putRecord stores a record under the next sequence.
func (t *transaction) putRecord(r *index.Record) error {
	t.recordSequence++
	r.Sequence = t.recordSequence
	payload := r.Payload
	if payload == nil {
		payload = []byte{}
	}
	_, err := t.exec(t.stmt.putRecord, r.Kind, r.Key, r.Version.Append([]byte{}), r.Sequence, payload)
	return err
}

func scanRecord(scan scanner) (r index.Record, err error) {
	var version []byte
	if err := scan(&r.Kind, &r.Key, &version, &r.Sequence, &r.Payload); err != nil {
		return r, err
	}
	if r.Version, err = index.ParseVersion(version); err != nil {
		err = fmt.Errorf("record %s %s: %w: %w", r.Kind, r.Key, index.ErrCorrupt, err)
	}
	return r, err
}

func (s *Store) records(ctx context.Context, q querier, args ...any) (records []index.Record, err error) {
	err = s.query(ctx, "reading records", q, args, func(scan scanner) error {
		r, err := scanRecord(scan)
		records = append(records, r)
		return err
	})
	return records, err
}

// Record implements index.Records.
func (s *Store) Record(ctx context.Context, kind, key string) (index.Record, bool, error) {
	records, err := s.records(ctx, s.read.record, kind, key)
	if err != nil || len(records) == 0 {
		return index.Record{}, false, err
	}
	return records[0], true, nil
}

// RecordsOf implements index.Records.
func (s *Store) RecordsOf(ctx context.Context, kind string) ([]index.Record, error) {
	return s.records(ctx, s.read.recordsOf, kind)
}

// RecordsSince implements index.Records.
func (s *Store) RecordsSince(ctx context.Context, seq int64, limit int) ([]index.Record, error) {
	return s.records(ctx, s.read.recordsSince, seq, limit)
}

// RemoteRecords implements index.Records.
func (s *Store) RemoteRecords(ctx context.Context, d device.ID) (int64, error) {
	_, records, err := s.remote(ctx, d)
	return records, err
}
