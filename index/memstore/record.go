package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// PutRecord implements index.Records.
func (s *Store) PutRecord(ctx context.Context, kind, key string, payload []byte, now int64) (index.Record, error) {
	if err := s.enter(ctx); err != nil {
		return index.Record{}, err
	}
	defer s.mu.Unlock()
	r := register.NextRecord(s.records[recordKey{kind, key}], kind, key, payload, s.identity.Replica, now)
	return s.putRecord(r), nil
}

// putRecord stores a record under the next sequence, durably, and returns a
// copy of it.
func (s *Store) putRecord(r index.Record) index.Record {
	s.recordSeq++
	r.Sequence = s.recordSeq
	s.records[recordKey{r.Kind, r.Key}] = r
	s.durable()
	return r.Clone()
}

// JoinRecords implements index.Records.
func (s *Store) JoinRecords(ctx context.Context, d device.ID, records []index.Record) ([]index.Record, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	n := s.assign(d)
	var changes []index.Record
	for _, r := range records {
		s.remotes[n].records = max(s.remotes[n].records, r.Sequence)
		have, ok := s.records[recordKey{r.Kind, r.Key}]
		if joined, changed := register.JoinRecord(s.options.Joins, have, ok, r); changed {
			changes = append(changes, s.putRecord(joined))
		}
	}
	s.durable()
	return changes, nil
}

// Record implements index.Records.
func (s *Store) Record(ctx context.Context, kind, key string) (index.Record, bool, error) {
	if err := s.enter(ctx); err != nil {
		return index.Record{}, false, err
	}
	defer s.mu.Unlock()
	r, ok := s.records[recordKey{kind, key}]
	return r.Clone(), ok, nil
}

// RecordsOf implements index.Records.
func (s *Store) RecordsOf(ctx context.Context, kind string) ([]index.Record, error) {
	return s.sorted(ctx, func(r *index.Record) bool { return r.Kind == kind },
		func(a, b index.Record) int { return cmp.Compare(a.Key, b.Key) })
}

// RecordsSince implements index.Records.
func (s *Store) RecordsSince(ctx context.Context, seq int64, limit int) ([]index.Record, error) {
	records, err := s.sorted(ctx, func(r *index.Record) bool { return r.Sequence > seq },
		func(a, b index.Record) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return records[:min(limit, len(records))], err
}

func (s *Store) sorted(ctx context.Context, pick func(*index.Record) bool, order func(a, b index.Record) int) ([]index.Record, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var records []index.Record
	for _, r := range s.records {
		if pick(&r) {
			records = append(records, r.Clone())
		}
	}
	slices.SortFunc(records, order)
	return records, nil
}

// RemoteRecords implements index.Records.
func (s *Store) RemoteRecords(ctx context.Context, d device.ID) (int64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	return s.remotes[s.number(d)].records, nil
}
