package daemon

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/config"
)

// A register is a multi-value register like a name's heads: values set apart
// from one another all stay until one is set that knows them. Which of them
// acts is computed: of strategies the one that preserves most, so that nothing
// is discarded before people agree.

// registerValue is one value that nobody has overwritten.
type registerValue struct {
	Value string `json:"value"`
	// Version is the vector it was set with, encoded; absent in a record that
	// was just set, whose own vector it is.
	Version []byte `json:"version,omitempty"`
}

// newRegister returns the payload that sets a value.
func newRegister(value string) ([]byte, error) { return json.Marshal([]registerValue{{Value: value}}) }

// registerValues returns the values of a record; none if it is malformed.
func registerValues(r index.Record) []registerValue {
	var values []registerValue
	if json.Unmarshal(r.Payload, &values) != nil {
		return nil
	}
	for i := range values {
		if values[i].Version == nil {
			values[i].Version = r.Version.Append(nil)
		}
	}
	return values
}

// registerActs returns the value that acts, "" for none.
func registerActs(r index.Record) string {
	values := registerValues(r)
	if len(values) == 0 {
		return ""
	}
	return slices.MaxFunc(values, func(a, b registerValue) int {
		return cmp.Or(cmp.Compare(preserves(a.Value), preserves(b.Value)), cmp.Compare(a.Value, b.Value))
	}).Value
}

// preserves ranks strategies by how much they keep; other values rank alike.
func preserves(strategy string) int {
	return slices.Index([]string{config.StrategyNone, config.StrategySimple, config.StrategyStaggered}, strategy)
}

// joinRegister is the union of the values less those overwritten. Its vector is
// the least that dominates both.
func joinRegister(a, b index.Record) index.Record {
	values := slices.Concat(registerValues(a), registerValues(b))
	values = slices.DeleteFunc(slices.Clone(values), func(v registerValue) bool { return overwritten(v, values) })
	slices.SortFunc(values, func(x, y registerValue) int {
		return cmp.Or(cmp.Compare(x.Value, y.Value), bytes.Compare(x.Version, y.Version))
	})
	values = slices.CompactFunc(values, func(x, y registerValue) bool {
		return x.Value == y.Value && bytes.Equal(x.Version, y.Version)
	})
	joined := a
	joined.Version = a.Version.Merge(b.Version)
	if payload, err := json.Marshal(values); err == nil {
		joined.Payload = payload
	}
	return joined
}

func overwritten(v registerValue, values []registerValue) bool {
	mine, err := index.ParseVersion(v.Version)
	if err != nil {
		return true // malformed
	}
	return slices.ContainsFunc(values, func(w registerValue) bool {
		other, err := index.ParseVersion(w.Version)
		return err == nil && mine.Compare(other) == index.Before
	})
}
