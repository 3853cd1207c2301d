package admission

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// The numbers of the streams of a connection, sent as their first byte.
const (
	ControlStream = 0
	BulkStreams   = 2
)

const (
	helloSize    = 1 + 8
	answerHeader = 1 + 8 + 1
	maxText      = 255
)

// ErrPreface says that a peer's first bytes were not those of the protocol.
var ErrPreface = errors.New("the other end's first bytes are not a labsync preface")

// WriteHello sends the dialer's preface of the control stream.
func WriteHello(w io.Writer, instance uint64) error {
	var b [helloSize]byte
	b[0] = ControlStream
	binary.BigEndian.PutUint64(b[1:], instance)
	if _, err := w.Write(b[:]); err != nil {
		return fmt.Errorf("send preface: %w", err)
	}
	return nil
}

// ReadHello reads what WriteHello sent and returns the dialer's instance.
func ReadHello(r io.Reader) (instance uint64, err error) {
	var b [helloSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, fmt.Errorf("read preface: %w", err)
	}
	if b[0] != ControlStream {
		return 0, ErrPreface
	}
	return binary.BigEndian.Uint64(b[1:]), nil
}

// Answer is the acceptor's word: a nil Refusal admits.
type Answer struct {
	Instance uint64
	Refusal  *Refusal
}

// WriteAnswer sends a in one write.
func WriteAnswer(w io.Writer, a Answer) error {
	b := make([]byte, answerHeader, answerHeader+maxText)
	binary.BigEndian.PutUint64(b[1:], a.Instance)
	if a.Refusal != nil {
		text := clip(a.Refusal.Reason)
		b[0] = byte(a.Refusal.Code)
		b[9] = byte(len(text))
		b = append(b, text...)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("send answer: %w", err)
	}
	return nil
}

// ReadAnswer reads what WriteAnswer sent. A refusal is in the answer, not in
// the error.
func ReadAnswer(r io.Reader) (Answer, error) {
	var b [answerHeader]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	a := Answer{Instance: binary.BigEndian.Uint64(b[1:])}
	text := make([]byte, b[9])
	if _, err := io.ReadFull(r, text); err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	if b[0] != 0 {
		a.Refusal = NewRemote(Code(b[0]), string(text))
	}
	return a, nil
}

// clip shortens a text to what an answer holds, between two characters.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	cut := maxText
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
