package index

import "errors"

// Errors that stores wrap.
var (
	ErrNoVersion = errors.New("version is not in the index")
	ErrCorrupt   = errors.New("index database is damaged")
)
