package wire

import (
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

// wireVector converts a version; nil stays absent.
func wireVector(v index.Version) *wirepb.Vector {
	if len(v) == 0 {
		return nil
	}
	counters := make([]wirepb.Counter, len(v))
	m := &wirepb.Vector{Counters: make([]*wirepb.Counter, len(v))}
	for i, c := range v {
		counters[i].Id, counters[i].Value = uint64(c.Replica), c.Value
		m.Counters[i] = &counters[i]
	}
	return m
}

// parseVector reads a vector that must not be empty.
func parseVector(m *wirepb.Vector, now int64) (index.Version, error) {
	v, err := parseAncestor(m, now)
	if err == nil && len(v) == 0 {
		return nil, fmt.Errorf("%w: it is empty", index.ErrBadVersion)
	}
	return v, err
}

// parseAncestor reads a vector that may be absent.
func parseAncestor(m *wirepb.Vector, now int64) (index.Version, error) {
	if m == nil || len(m.Counters) == 0 {
		return nil, nil
	}
	if len(m.Counters) > index.MaxCounters {
		return nil, fmt.Errorf("%w: %d counters", index.ErrBadVersion, len(m.Counters))
	}
	counters := make([]index.Counter, len(m.Counters))
	for i, c := range m.Counters {
		counters[i] = index.Counter{Replica: index.Replica(c.Id), Value: c.Value}
	}
	return index.Canonical(counters, now)
}
