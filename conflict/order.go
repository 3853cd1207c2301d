package conflict

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/labsync/labsync/index"
)

// Order compares two heads of one name: negative if a ranks before b. It is a
// total order on heads that differ in version or content.
func Order(a, b *index.Entry) int {
	return cmp.Or(
		compareBool(a.Deleted, b.Deleted),
		cmp.Compare(typeRank(a.Type), typeRank(b.Type)),
		cmp.Compare(b.Clock(), a.Clock()),
		cmp.Compare(b.ModifiedBy, a.ModifiedBy),
		bytes.Compare(b.Hash[:], a.Hash[:]),
		bytes.Compare(b.Version.Append(nil), a.Version.Append(nil)),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func typeRank(t index.Type) int {
	switch t {
	case index.Directory:
		return 0
	case index.File:
		return 1
	}
	return 2
}

func compareHash(a, b index.Hash) int { return bytes.Compare(a[:], b[:]) }

func sortHeads(heads []index.Entry) {
	slices.SortFunc(heads, func(a, b index.Entry) int { return Order(&a, &b) })
}
