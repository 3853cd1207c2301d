package wire

import "errors"

// Errors that this package wraps. Each says that a message or frame breaks the
// protocol as a whole; bad items in a good message are Rejected instead.
var (
	ErrMalformed = errors.New("malformed message")
	ErrTooLarge  = errors.New("message too large")
)
