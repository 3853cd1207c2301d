package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

// Limits of requests.
const (
	// MaxRange is the largest range that can be asked for, in bytes.
	MaxRange = 1 << 20
	// MaxRanges is how many ranges one side may have asked for and not got yet,
	// hence also how many a batch can have.
	MaxRanges = 1024
	// MaxBytes is how many bytes these ranges may have together.
	MaxBytes = 64 << 20
	// MaxPiece is how much of a range one answer carries.
	MaxPiece = 128 << 10
)

// AppendBlocksRequest appends the payload of a BlocksRequest.
func AppendBlocksRequest(b []byte, r BlocksRequest) []byte {
	m := &wirepb.BlocksRequest{Folder: []byte(r.Folder), Ranges: make([]*wirepb.Range, len(r.Ranges))}
	ranges := make([]wirepb.Range, len(r.Ranges))
	for i := range r.Ranges {
		w := &r.Ranges[i]
		m.Ranges[i] = &ranges[i]
		ranges[i].Offset, ranges[i].Size = w.Offset, w.Size
		if i == 0 || w.Name != r.Ranges[i-1].Name {
			ranges[i].Name = []byte(w.Name)
		}
		if i == 0 || w.Hash != r.Ranges[i-1].Hash {
			ranges[i].Hash = w.Hash[:]
		}
	}
	return appendMessage(b, m)
}

// ParseBlocksRequest reads the payload of a BlocksRequest. bad are the
// positions of ranges that nobody could answer, such as one with a name that
// breaks the rules; they stand in Ranges all the same.
func ParseBlocksRequest(p []byte) (r BlocksRequest, bad []int, err error) {
	var m wirepb.BlocksRequest
	if err := requestShape.unmarshal(p, &m, MaxRanges); err != nil {
		return r, nil, fmt.Errorf("request: %w", err)
	}
	if r.Folder, err = folderID(m.Folder); err != nil {
		return r, nil, fmt.Errorf("request: %w", err)
	}
	if len(m.Ranges) == 0 {
		return r, nil, fmt.Errorf("%w: request for nothing", ErrMalformed)
	}
	r.Ranges = make([]Range, len(m.Ranges))
	total, named := 0, false
	for i, w := range m.Ranges {
		if i > 0 {
			r.Ranges[i].Name, r.Ranges[i].Hash = r.Ranges[i-1].Name, r.Ranges[i-1].Hash
		}
		if w.Size < 1 || w.Size > MaxRange || len(w.Hash) != 0 && len(w.Hash) != len(index.Hash{}) || i == 0 && len(w.Hash) == 0 {
			return r, nil, fmt.Errorf("%w: range of %d bytes with a hash of %d", ErrMalformed, w.Size, len(w.Hash))
		}
		if total += int(w.Size); total > MaxBytes {
			return r, nil, fmt.Errorf("%w: request for over %d bytes", ErrTooLarge, MaxBytes)
		}
		copy(r.Ranges[i].Hash[:], w.Hash)
		r.Ranges[i].Offset, r.Ranges[i].Size = w.Offset, w.Size
		if len(w.Name) > 0 || i == 0 {
			r.Ranges[i].Name = string(w.Name)
			named = index.CheckName(r.Ranges[i].Name) == nil
		}
		if !named || w.Offset < 0 || w.Offset > 1<<63-1-MaxRange {
			bad = append(bad, i)
		}
	}
	return r, bad, nil
}

// Code says why a range is not answered with bytes; the numbers are BEP's.
type Code uint8

// The codes.
const (
	CodeNone       Code = 0 // here are the bytes
	CodeGeneric    Code = 1
	CodeNoSuchFile Code = 2
	CodeInvalid    Code = 3
)

// A BlocksResponse's payload is a table and the bytes it tells of:
//
//	0  uint16  number of pieces n, at least 1
//	2  n pieces of 8 bytes:
//	     0  uint16  position of the range in the request
//	     2  uint8   code
//	     3  uint8   flags: 1 = the range's last piece, 2 = compressed
//	     4  uint32  number of bytes that follow for it
//	.  the bytes of all pieces, in the order of the table
//
// The pieces of one range follow one another on the stream that the request
// came by; a piece has at most MaxPiece bytes uncompressed. A compressed piece
// is as a compressed payload: a uint32 and a zstd frame of its own, so that one
// file's bytes never tell about another's by the length they compress to.
const (
	PieceCountSize = 2
	PieceSize      = 8

	flagLast       = 1
	flagPieceZstd  = 2
	pieceFlagsMask = flagLast | flagPieceZstd
)

// Piece is an entry of a BlocksResponse's table.
type Piece struct {
	Index      int  // of the range
	Code       Code // CodeNone, or why there are no bytes
	Last       bool
	Compressed bool
	Size       int // bytes on the wire
}

// PutPieces writes the count and the table at the start of b.
func PutPieces(b []byte, pieces []Piece) {
	binary.BigEndian.PutUint16(b, uint16(len(pieces)))
	b = b[PieceCountSize:]
	for _, p := range pieces {
		binary.BigEndian.PutUint16(b, uint16(p.Index))
		var flags byte
		if p.Last {
			flags |= flagLast
		}
		if p.Compressed {
			flags |= flagPieceZstd
		}
		b[2], b[3] = byte(p.Code), flags
		binary.BigEndian.PutUint32(b[4:], uint32(p.Size))
		b = b[PieceSize:]
	}
}

// ParsePieceCount reads the start of a BlocksResponse's payload of length bytes.
func ParsePieceCount(b *[PieceCountSize]byte, length int) (int, error) {
	n := int(binary.BigEndian.Uint16(b[:]))
	if n == 0 || n > MaxRanges || PieceCountSize+n*PieceSize > length {
		return 0, fmt.Errorf("%w: %d pieces in %d bytes", ErrMalformed, n, length)
	}
	return n, nil
}

// ParsePieces reads the table of n pieces in a payload of length bytes, and
// appends it to to.
func ParsePieces(to []Piece, table []byte, length int) ([]Piece, error) {
	rest := length - PieceCountSize - len(table)
	for ; len(table) >= PieceSize; table = table[PieceSize:] {
		size := binary.BigEndian.Uint32(table[4:])
		if size > MaxPiece { // first of all, since an int may have 32 bits
			return nil, fmt.Errorf("%w: piece of %d bytes", ErrMalformed, size)
		}
		p := Piece{
			Index:      int(binary.BigEndian.Uint16(table)),
			Code:       Code(table[2]),
			Last:       table[3]&flagLast != 0,
			Compressed: table[3]&flagPieceZstd != 0,
			Size:       int(size),
		}
		rest -= p.Size
		if p.Index >= MaxRanges || table[3]&^pieceFlagsMask != 0 || rest < 0 ||
			p.Code != CodeNone && (p.Size > 0 || !p.Last) || p.Code == CodeNone && p.Size == 0 {
			return nil, fmt.Errorf("%w: piece of range %d", ErrMalformed, p.Index)
		}
		to = append(to, p)
	}
	if rest != 0 {
		return nil, fmt.Errorf("%w: %d bytes after the pieces", ErrMalformed, rest)
	}
	return to, nil
}
