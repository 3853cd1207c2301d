package wire

import (
	"fmt"

	"github.com/labsync/labsync/transport/wire/wirepb"
)

// AppendClose appends the payload of a Close: why, in a few words.
func AppendClose(b []byte, reason string) []byte {
	return appendMessage(b, &wirepb.Close{Reason: []byte(text([]byte(reason)))})
}

// ParseClose reads the payload of a Close.
func ParseClose(p []byte) (reason string, err error) {
	var m wirepb.Close
	if err := nothingInside.unmarshal(p, &m, 0); err != nil {
		return "", fmt.Errorf("close: %w", err)
	}
	return text(m.Reason), nil
}
