package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/pierrec/lz4/v4"

	"github.com/labsync/labsync/transport/wire/wirepb"
)

// A message of bep/1.0 is a 16-bit length and a Header message, then a 32-bit
// length and the message itself. Compressed, that is the length it has
// uncompressed, 32 bits, and one LZ4 block. Lengths are signed and big-endian.
const (
	// maxBEP bounds a message in bytes, compressed and uncompressed. It is
	// Syncthing's bound.
	maxBEP       = 500_000_000
	maxBEPHeader = math.MaxInt16

	bepLZ4 = 1 // MessageCompression
)

// WriteBEP writes one message. A payload worth it is compressed if compress is
// set; BEP's ClusterConfig never is.
func WriteBEP(w io.Writer, t Type, payload []byte, compress bool) error {
	header := &wirepb.Header{Type: int32(t)}
	if compress && len(payload) >= compressFrom {
		if packed, ok := packLZ4(payload); ok {
			header.Compression, payload = bepLZ4, packed
		}
	}
	b := appendMessage([]byte{0, 0}, header)
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	if _, err := w.Write(append(b, payload...)); err != nil {
		return fmt.Errorf("send message: %w", err)
	}
	return nil
}

// ReadBEP reads one message. Memory grows with what arrives, not with what the
// length says.
func ReadBEP(r io.Reader) (Type, []byte, error) {
	var short [2]byte
	if _, err := io.ReadFull(r, short[:]); err != nil {
		return 0, nil, fmt.Errorf("receive message: %w", err)
	}
	header, err := readBounded(r, int64(int16(binary.BigEndian.Uint16(short[:]))), maxBEPHeader)
	if err != nil {
		return 0, nil, err
	}
	var m wirepb.Header
	if err := nothingInside.unmarshal(header, &m, 0); err != nil {
		return 0, nil, fmt.Errorf("header: %w", err)
	}
	if m.Type < 0 || m.Type > math.MaxUint16 {
		return 0, nil, fmt.Errorf("%w: message type %d", ErrMalformed, m.Type)
	}
	var long [4]byte
	if _, err := io.ReadFull(r, long[:]); err != nil {
		return 0, nil, fmt.Errorf("receive message: %w", err)
	}
	payload, err := readBounded(r, int64(int32(binary.BigEndian.Uint32(long[:]))), maxBEP)
	if err != nil {
		return 0, nil, err
	}
	switch m.Compression {
	case 0:
	case bepLZ4:
		payload, err = unpackLZ4(payload)
	default:
		err = fmt.Errorf("%w: compression %d", ErrMalformed, m.Compression)
	}
	return Type(m.Type), payload, err
}

func readBounded(r io.Reader, n, limit int64) ([]byte, error) {
	if n < 0 || n > limit {
		return nil, fmt.Errorf("%w: length %d", ErrTooLarge, n)
	}
	var b bytes.Buffer
	b.Grow(int(min(n, 64<<10)))
	if got, err := io.CopyN(&b, r, n); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("receive message: %d of %d bytes: %w", got, n, err)
	}
	return b.Bytes(), nil
}

// packLZ4 compresses p, or says that it is not worth it.
func packLZ4(p []byte) ([]byte, bool) {
	b := make([]byte, 4+len(p)-len(p)/32)
	binary.BigEndian.PutUint32(b, uint32(len(p)))
	n, err := lz4.CompressBlock(p, b[4:], nil)
	if err != nil || n == 0 {
		return nil, false
	}
	return b[:4+n], true
}

// unpackLZ4 is the inverse. An LZ4 block cannot hold more than 255 times its
// size, so what is announced is held against that before memory is spent.
func unpackLZ4(p []byte) ([]byte, error) {
	if len(p) < 4 {
		return nil, fmt.Errorf("%w: compressed message of %d bytes", ErrMalformed, len(p))
	}
	n := int64(int32(binary.BigEndian.Uint32(p)))
	if n < 0 || n > maxBEP || n > 255*int64(len(p)) {
		return nil, fmt.Errorf("%w: %d bytes uncompressed", ErrTooLarge, n)
	}
	b := make([]byte, n)
	got, err := lz4.UncompressBlock(p[4:], b)
	if err != nil || int64(got) != n {
		return nil, fmt.Errorf("%w: LZ4 block", ErrMalformed)
	}
	return b, nil
}
