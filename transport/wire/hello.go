package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/labsync/labsync/transport/wire/wirepb"
)

// MaxHello bounds a Hello in bytes. BEP's length field allows no more.
const MaxHello = 1<<15 - 1

// helloMagic starts a Hello of BEP.
const helloMagic = 0x2EA7D90B

// maxText bounds what is only shown, in bytes; longer texts are cut.
const maxText = 256

// AppendHello appends the payload of a Hello.
func AppendHello(b []byte, h Hello) []byte {
	return appendMessage(b, &wirepb.Hello{
		DeviceName: []byte(h.DeviceName), ClientName: []byte(h.ClientName),
		ClientVersion: []byte(h.ClientVersion), Instance: h.Instance,
	})
}

// ParseHello reads the payload of a Hello. Texts are made valid and short
// enough to show.
func ParseHello(p []byte) (Hello, error) {
	var m wirepb.Hello
	if err := nothingInside.unmarshal(p, &m, 0); err != nil {
		return Hello{}, fmt.Errorf("hello: %w", err)
	}
	return Hello{
		DeviceName: text(m.DeviceName), ClientName: text(m.ClientName),
		ClientVersion: text(m.ClientVersion), Instance: m.Instance,
	}, nil
}

// WriteBEPHello says Hello as BEP does: a magic number, a 16-bit length, the
// message. Instance stays here.
func WriteBEPHello(w io.Writer, h Hello) error {
	h.Instance = 0
	b := binary.BigEndian.AppendUint32(nil, helloMagic)
	b = AppendHello(append(b, 0, 0), h)
	if len(b)-6 > MaxHello {
		return fmt.Errorf("hello: %w", ErrTooLarge)
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-6))
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("send hello: %w", err)
	}
	return nil
}

// ReadBEPHello reads what WriteBEPHello writes.
func ReadBEPHello(r io.Reader) (Hello, error) {
	var start [6]byte
	if _, err := io.ReadFull(r, start[:]); err != nil {
		return Hello{}, fmt.Errorf("receive hello: %w", err)
	}
	if magic := binary.BigEndian.Uint32(start[:]); magic != helloMagic {
		return Hello{}, fmt.Errorf("%w: hello starts with %#08x", ErrMalformed, magic)
	}
	n := binary.BigEndian.Uint16(start[4:])
	if n > MaxHello {
		return Hello{}, fmt.Errorf("hello: %w: %d bytes", ErrTooLarge, n)
	}
	p := make([]byte, n)
	if _, err := io.ReadFull(r, p); err != nil {
		return Hello{}, fmt.Errorf("receive hello: %w", err)
	}
	return ParseHello(p)
}

// text makes a valid, short string of what is only shown.
func text(b []byte) string {
	if len(b) > maxText {
		b = b[:maxText]
		for len(b) > 0 && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
		// The last byte starts a character that was cut, or is one itself.
		if r, size := utf8.DecodeLastRune(b); r == utf8.RuneError && size == 1 {
			b = b[:len(b)-1]
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// appendMessage appends the encoding of m, the same for equal messages.
func appendMessage(b []byte, m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(b, m)
	if err != nil {
		// Only invalid UTF-8 in a string field or a missing required field can
		// fail, and wire.proto has neither.
		panic(fmt.Sprintf("wire: marshal %T: %v", m, err))
	}
	return b
}
