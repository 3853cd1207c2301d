package session

import "errors"

// Errors that this package wraps.
var (
	// ErrEnded says that the session has ended.
	ErrEnded = errors.New("session has ended")
	// ErrSecondInstance says that two running processes have one identity.
	ErrSecondInstance = errors.New("another instance of the device is connected")
	// ErrNoProgress says that the device did not answer a request in time.
	ErrNoProgress = errors.New("no progress")
	// ErrProtocol says that the device broke the protocol.
	ErrProtocol = errors.New("protocol violation")
	// ErrClosed says that the other device closed the session; the text after
	// it is its reason.
	ErrClosed = errors.New("closed by the other device")
)
