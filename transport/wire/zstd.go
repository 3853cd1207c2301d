package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress"
	"github.com/klauspost/compress/zstd"
)

const (
	compressFrom = 256  // bytes; below, a header of zstd eats what it saves
	probe        = 4096 // bytes looked at to guess whether content compresses
	// likely is what compress.Estimate gives for content worth the time; its
	// documentation puts the border to incompressible at 0.1.
	likely = 0.15
)

// Compressor compresses and decompresses payloads. It may be used by several
// goroutines. Nothing is remembered from one payload to the next.
type Compressor struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// NewCompressor returns a Compressor. It starts no goroutines.
func NewCompressor() (*Compressor, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxPayload), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	return &Compressor{encoder: e, decoder: d}, nil
}

// AppendFrame appends a frame with this payload, compressed if that saves an
// eighth or more; h.Length and h.Compressed are ignored.
func (c *Compressor) AppendFrame(b []byte, h Header, payload []byte) []byte {
	h.Compressed = false
	if len(payload) < compressFrom {
		return AppendFrame(b, h, payload)
	}
	at := len(b)
	b = append(b, make([]byte, HeaderSize)...)
	packed, ok := c.Pack(b, payload)
	if !ok {
		return AppendFrame(b[:at], h, payload)
	}
	h.Length, h.Compressed = len(packed)-at-HeaderSize, true
	h.Put(packed[at:])
	return packed
}

// Pack appends p compressed, or says that it is not worth it.
func (c *Compressor) Pack(b, p []byte) ([]byte, bool) {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
	b = c.encoder.EncodeAll(p, b)
	if len(b)-at > len(p)-len(p)/8 {
		return b[:at], false
	}
	return b, true
}

// Unpack appends to b what Pack made p from, which must have at most limit
// bytes. The length is checked before anything is allocated.
func (c *Compressor) Unpack(b, p []byte, limit int) ([]byte, error) {
	if len(p) < 4 {
		return nil, fmt.Errorf("%w: compressed data of %d bytes", ErrMalformed, len(p))
	}
	n := binary.BigEndian.Uint32(p)
	if uint64(n) > uint64(limit) {
		return nil, fmt.Errorf("%w: %d bytes uncompressed, more than %d", ErrTooLarge, n, limit)
	}
	at := len(b)
	if cap(b)-at < int(n) {
		b = append(make([]byte, 0, at+int(n)), b...)
	}
	// The decoder stops at the capacity, whatever the zstd frame says.
	b = b[: at : at+int(n)]
	out, err := c.decoder.DecodeAll(p[4:], b)
	if err != nil {
		return nil, fmt.Errorf("%w: zstd: %w", ErrMalformed, err)
	}
	if len(out) != at+int(n) {
		return nil, fmt.Errorf("%w: %d bytes uncompressed instead of %d", ErrMalformed, len(out)-at, n)
	}
	return out, nil
}

// Close frees what the Compressor holds. It must not be used afterwards.
func (c *Compressor) Close() {
	c.decoder.Close()
	c.encoder.Close()
}

// Compressible guesses from a few bytes in its middle whether p is worth
// compressing. It costs about a microsecond.
func Compressible(p []byte) bool {
	if len(p) < compressFrom {
		return false
	}
	start := max(0, (len(p)-probe)/2)
	return compress.Estimate(p[start:min(len(p), start+probe)]) > likely
}

// Zeros reports whether p is worth compressing on any link: nothing but zeros,
// as in the hole of a sparse file. Of other content it looks at the beginning.
func Zeros(p []byte) bool {
	return len(p) >= compressFrom && p[0] == 0 && bytes.Equal(p[:len(p)-1], p[1:])
}
