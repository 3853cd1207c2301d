package wire

import (
	"encoding/binary"
	"fmt"
)

// A labsync/1 frame is a header of 12 bytes and the payload:
//
//	0  uint32  length of the payload, at most MaxPayload
//	4  uint16  message type
//	6  uint16  flags: 1 = the payload is compressed, 2 = numbered
//	8  uint32  number: of a numbered frame its place in the sequence of
//	           control messages; else what the type says
//
// Integers are big-endian. A compressed payload is a uint32, the length it has
// uncompressed, and one zstd frame.
const (
	HeaderSize = 12
	// MaxPayload bounds a payload, compressed and uncompressed.
	MaxPayload = 16 << 20
)

// The flags that are known. The others must be zero: what they will mean could
// change how the payload is to be read.
const (
	flagZstd     = 1
	flagNumbered = 2
)

// Header is the start of a frame.
type Header struct {
	Type   Type
	Number uint32
	// Length is that of the payload as it is on the wire.
	Length     int
	Compressed bool
	// Numbered frames are acknowledged, also when their type is unknown.
	Numbered bool
}

// ParseHeader reads a frame's header.
func ParseHeader(b *[HeaderSize]byte) (Header, error) {
	length := binary.BigEndian.Uint32(b[0:])
	flags := binary.BigEndian.Uint16(b[6:])
	h := Header{
		Type:       Type(binary.BigEndian.Uint16(b[4:])),
		Number:     binary.BigEndian.Uint32(b[8:]),
		Compressed: flags&flagZstd != 0,
		Numbered:   flags&flagNumbered != 0,
	}
	if length > MaxPayload {
		return h, fmt.Errorf("%w: frame of %d bytes", ErrTooLarge, length)
	}
	if flags&^(flagZstd|flagNumbered) != 0 {
		return h, fmt.Errorf("%w: frame flags %#x", ErrMalformed, flags)
	}
	h.Length = int(length)
	return h, nil
}

// Put writes the header at the start of b.
func (h Header) Put(b []byte) {
	binary.BigEndian.PutUint32(b[0:], uint32(h.Length))
	binary.BigEndian.PutUint16(b[4:], uint16(h.Type))
	var flags uint16
	if h.Compressed {
		flags = flagZstd
	}
	if h.Numbered {
		flags |= flagNumbered
	}
	binary.BigEndian.PutUint16(b[6:], flags)
	binary.BigEndian.PutUint32(b[8:], h.Number)
}

// AppendFrame appends a frame with this payload as it is; h.Length is ignored.
func AppendFrame(b []byte, h Header, payload []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, HeaderSize)...)
	h.Length = len(payload)
	h.Put(b[at:])
	return append(b, payload...)
}
