package admission

import (
	"fmt"
	"strings"
	"unicode"
)

// Code says why a connection was refused or ended. It is the code of an answer
// and, over QUIC, the application error code; the numbers are protocol.
type Code uint8

const (
	// Closed ends a connection that was admitted.
	Closed Code = 1
	// UnknownDevice refuses a device that this one has not been told about.
	UnknownDevice Code = 2
	// Duplicate refuses the second connection of a kind between two devices.
	Duplicate Code = 3
	// SecondInstance refuses a device whose identity is in use by another
	// daemon that answers.
	SecondInstance Code = 4
	// Busy refuses because too many others are waiting.
	Busy Code = 5
	// Paused refuses a device that is paused at this end.
	Paused Code = 6
	// Violation ends a connection that broke the protocol.
	Violation Code = 7
)

// Refusal is the error of a connection that was refused or ended on purpose.
type Refusal struct {
	Code   Code
	Reason string
	// Remote reports whether the other end decided.
	Remote bool
}

// Refuse returns this side's refusal.
func Refuse(code Code, reason string) *Refusal {
	return &Refusal{Code: code, Reason: clip(reason)}
}

// NewRemote returns the other end's refusal, its text made fit for one line of
// a log or a terminal: whatever could move a cursor or reorder text is dropped.
func NewRemote(code Code, reason string) *Refusal {
	reason = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(clip(reason), ""))
	return &Refusal{Code: code, Reason: reason, Remote: true}
}

func (r *Refusal) Error() string {
	reason := r.Reason
	if reason == "" {
		reason = fmt.Sprintf("no reason given (code %d)", r.Code)
	}
	if r.Remote {
		return "the other device closed the connection: " + reason
	}
	return "closed the connection: " + reason
}
