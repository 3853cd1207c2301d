package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
)

func compressor(t testing.TB) *Compressor {
	t.Helper()
	c, err := NewCompressor()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestFramesAreCompressedWhereItPays(t *testing.T) {
	c := compressor(t)
	noise := make([]byte, 10_000)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(noise) // never fails
	for name, x := range map[string]struct {
		payload []byte
		want    bool
	}{
		"text":     {bytes.Repeat([]byte("the same again "), 100), true},
		"noise":    {noise, false},
		"a little": {[]byte("the same again the same again"), false},
		"nothing":  {nil, false},
	} {
		f := c.AppendFrame([]byte("before"), Header{Type: TypeRecords, Number: 9, Numbered: true}, x.payload)
		h, err := ParseHeader((*[HeaderSize]byte)(f[6:]))
		if err != nil || h.Compressed != x.want || h.Number != 9 || !h.Numbered || h.Length != len(f)-6-HeaderSize {
			t.Fatalf("%s: %+v, %v", name, h, err)
		}
		got := f[6+HeaderSize:]
		if h.Compressed {
			if got, err = c.Unpack(nil, got, MaxPayload); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, x.payload) {
			t.Errorf("%s does not come back", name)
		}
	}
	if Compressible(noise) || !Compressible(bytes.Repeat([]byte("the same again "), 1000)) {
		t.Error("the probe guesses wrong")
	}
	if hole := make([]byte, 1000); !Zeros(hole) || Zeros(hole[:10]) || Zeros(append(hole, 1)) || Zeros(nil) {
		t.Error("zeros are not told from other content")
	}
}

func TestCompressedBombsAreRefused(t *testing.T) {
	c := compressor(t)
	packed, ok := c.Pack(nil, make([]byte, 1<<20))
	if !ok {
		t.Fatal("zeros do not compress")
	}
	says := func(n uint32) []byte {
		b := bytes.Clone(packed)
		binary.BigEndian.PutUint32(b, n)
		return b
	}
	if out, err := c.Unpack(nil, packed, 1<<20); err != nil || len(out) != 1<<20 {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		packed []byte
		want   error
	}{
		"a length beyond the limit": {says(1<<20 + 1), ErrTooLarge},
		"4 GiB":                     {says(1<<32 - 1), ErrTooLarge},
		"a length too short":        {says(100), ErrMalformed},
		"no length":                 {packed[:3], ErrMalformed},
		"cut off":                   {packed[:len(packed)-1], ErrMalformed},
	} {
		if _, err := c.Unpack(nil, x.packed, 1<<20); !errors.Is(err, x.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnpackWritesInPlace(t *testing.T) {
	c := compressor(t)
	want := bytes.Repeat([]byte("abc"), 1000)
	packed, _ := c.Pack(nil, want)
	room := make([]byte, 5000)
	out, err := c.Unpack(room[:0], packed, len(room))
	if err != nil || !bytes.Equal(room[:3000], want) || &out[0] != &room[0] {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func TestPiecesAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		p    Piece
		data int
	}{
		"bytes missing":          {Piece{Size: 5, Last: true}, 4},
		"bytes left over":        {Piece{Size: 5, Last: true}, 6},
		"an empty answer":        {Piece{Last: true}, 0},
		"a refusal with bytes":   {Piece{Code: CodeGeneric, Size: 5, Last: true}, 5},
		"a refusal that goes on": {Piece{Code: CodeGeneric}, 0},
		"a piece too large":      {Piece{Size: MaxPiece + 1}, MaxPiece + 1},
		"a range beyond all":     {Piece{Index: MaxRanges, Size: 1}, 1},
	} {
		b := make([]byte, PieceCountSize+PieceSize+c.data)
		PutPieces(b, []Piece{c.p})
		if _, err := ParsePieces(nil, b[PieceCountSize:PieceCountSize+PieceSize], len(b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBEPLengthsAreChecked(t *testing.T) {
	message := func(compression byte, length uint32, payload ...byte) []byte {
		b := []byte{0, 2, 0x10, compression}
		return append(binary.BigEndian.AppendUint32(b, length), payload...)
	}
	for name, b := range map[string][]byte{
		"a negative header length":  {0xff, 0xff},
		"a negative message length": message(0, 1<<31),
		"half a gigabyte and more":  message(0, maxBEP+1),
		"a message cut off":         message(0, 10, 1, 2),
		"LZ4 of 2 GiB":              message(1, 5, 0x7f, 0xff, 0xff, 0xff, 0),
		"LZ4 of a negative size":    message(1, 5, 0xff, 0xff, 0xff, 0xff, 0),
		"LZ4 garbage":               message(1, 6, 0, 0, 0, 9, 0xff, 0xff),
		"LZ4 without length":        message(1, 2, 0, 0),
		"an unknown compression":    message(2, 0),
	} {
		if kind, _, err := ReadBEP(bytes.NewReader(b)); err == nil {
			t.Errorf("%s: read as type %d", name, kind)
		}
	}
}
