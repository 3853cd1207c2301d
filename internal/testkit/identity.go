package testkit

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/labsync/labsync/internal/device"
)

// Identity returns the identity of a seed. Within a day equal seeds give equal
// device IDs; the certificate carries the date.
func Identity(tb testing.TB, seed uint64) device.Identity {
	tb.Helper()
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	id, err := device.Create(tb.TempDir(), rand.NewChaCha8(key))
	if err != nil {
		tb.Fatalf("create identity: %v", err)
	}
	return id
}

// ID returns a device ID that belongs to nobody, different for each n.
func ID(n byte) device.ID { return device.FromCertificate([]byte{n}) }
