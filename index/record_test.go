package index_test

import (
	"bytes"
	"testing"

	"github.com/labsync/labsync/index"
	"pgregory.net/rapid"
)

func records() *rapid.Generator[index.Record] {
	return rapid.Custom(func(t *rapid.T) index.Record {
		return index.Record{Kind: "k", Key: "k", Version: versions().Draw(t, "version"), Payload: []byte{rapid.Byte().Draw(t, "payload") & 3}}
	})
}

func TestLatestIsAJoin(t *testing.T) {
	same := func(a, b index.Record) bool {
		return a.Version.Compare(b.Version) == index.Equal && bytes.Equal(a.Payload, b.Payload)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := records().Draw(t, "a"), records().Draw(t, "b"), records().Draw(t, "c")
		if !same(index.Latest(a, a), a) {
			t.Fatal("not idempotent")
		}
		if !same(index.Latest(a, b), index.Latest(b, a)) {
			t.Fatal("not commutative")
		}
		if !same(index.Latest(index.Latest(a, b), c), index.Latest(a, index.Latest(b, c))) {
			t.Fatal("not associative")
		}
		if a.Version.Compare(b.Version) == index.Before && !same(index.Latest(a, b), b) {
			t.Fatal("an ancestor won")
		}
		next := index.Latest(a, b)
		next.Version = next.Version.Bump(9<<60, 0)
		if !same(index.Latest(index.Latest(a, next), b), next) {
			t.Fatal("what was written over a join lost to a part of it")
		}
	})
}
