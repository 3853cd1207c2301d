package wire

import (
	"encoding/binary"
	"fmt"
)

// AppendJoin appends the payload of a Join: the sender's name for the session
// that a connection belongs to, a random number.
func AppendJoin(b []byte, session uint64) []byte { return binary.BigEndian.AppendUint64(b, session) }

// ParseJoin reads the payload of a Join.
func ParseJoin(p []byte) (session uint64, err error) {
	if len(p) != 8 {
		return 0, fmt.Errorf("%w: join of %d bytes", ErrMalformed, len(p))
	}
	return binary.BigEndian.Uint64(p), nil
}
