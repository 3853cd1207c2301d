package index

import (
	"bytes"
	"cmp"
	"slices"
)

// Latest is the Join of records whose kind has none of its own: of two
// versions the later stays, whole. Later is the one with the highest counter
// (which is mostly the time of its author), then with the greater sum of
// counters, then with the greater payload, then with the greater vector. A
// descendant is later than its ancestors by this order too, and since the
// order is total the join is associative. Merging the vectors of concurrent
// versions would not be: a value could return after it was overwritten.
func Latest(a, b Record) Record {
	if compareRecords(&a, &b) < 0 {
		return b
	}
	return a
}

func compareRecords(a, b *Record) int {
	aHighest, aSum := a.Version.extent()
	bHighest, bSum := b.Version.extent()
	return cmp.Or(
		cmp.Compare(aHighest, bHighest),
		cmp.Compare(aSum, bSum),
		bytes.Compare(a.Payload, b.Payload),
		bytes.Compare(a.Version.Append(nil), b.Version.Append(nil)),
	)
}

// extent returns the highest counter and the sum of all: an ancestor's are
// never higher, and its sum is always less.
func (v Version) extent() (highest, sum uint64) {
	for _, c := range v {
		highest = max(highest, c.Value)
		sum += c.Value
	}
	return highest, sum
}

// Clone returns a copy that shares no slice with r.
func (r Record) Clone() Record {
	r.Version = slices.Clone(r.Version)
	r.Payload = slices.Clone(r.Payload)
	return r
}
