package store

import (
	"encoding/binary"
	"fmt"

	"github.com/labsync/labsync/index"
)

// The blobs of the database are written with these primitives: numbers as
// varints (zigzag where they may be negative), strings and vectors with their
// length before them, vectors as index.Version.Append writes them.

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendVersion(b []byte, v index.Version) []byte {
	encoded := v.Append(make([]byte, 0, 64))
	b = binary.AppendUvarint(b, uint64(len(encoded)))
	return append(b, encoded...)
}

// parser reads a blob. After the first violation every read gives zero and
// damaged is set.
type parser struct {
	b       []byte
	damaged bool
}

// end returns the error of what was read, including that of bytes left over.
func (p *parser) end(what string) error {
	if p.damaged || len(p.b) > 0 {
		return fmt.Errorf("%s: %w", what, index.ErrCorrupt)
	}
	return nil
}

func (p *parser) fail() {
	p.damaged = true
	p.b = nil
}

func (p *parser) byte() byte {
	if len(p.b) == 0 {
		p.fail()
		return 0
	}
	c := p.b[0]
	p.b = p.b[1:]
	return c
}

func (p *parser) uvarint() uint64 {
	n, size := binary.Uvarint(p.b)
	if size <= 0 {
		p.fail()
		return 0
	}
	p.b = p.b[size:]
	return n
}

func (p *parser) varint() int64 {
	n, size := binary.Varint(p.b)
	if size <= 0 {
		p.fail()
		return 0
	}
	p.b = p.b[size:]
	return n
}

// take returns the next n bytes, which belong to the blob.
func (p *parser) take(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.fail()
		return nil
	}
	taken := p.b[:n]
	p.b = p.b[n:]
	return taken
}

// count reads the number of items that follow, each of which takes at least
// size bytes: what a damaged number cannot claim is never allocated.
func (p *parser) count(size int) int {
	n := p.uvarint()
	if n > uint64(len(p.b)/size) {
		p.fail()
		return 0
	}
	return int(n)
}

func (p *parser) string() string { return string(p.take(p.uvarint())) }

func (p *parser) hash() (h index.Hash) {
	copy(h[:], p.take(uint64(len(h))))
	return h
}

func (p *parser) version() index.Version {
	v, err := index.ParseVersion(p.take(p.uvarint()))
	if err != nil {
		p.fail()
	}
	return v
}
