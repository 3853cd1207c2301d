package crash

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// Every content that is ever written has a serial number of its own and follows
// from it, so that any file found can be told to be whole, and which one it is.
const (
	maxSerial = 1 << 12 // sizes are this modulo the serial
	largeSize = 1200 << 10
)

func sizeOf(serial int) int {
	if serial%12 == 5 {
		return largeSize/maxSerial*maxSerial + serial // several blocks
	}
	return serial*7%5*maxSerial + serial
}

func content(serial int) []byte {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(serial))
	data := make([]byte, sizeOf(serial))
	_, _ = rand.NewChaCha8(seed).Read(data) // never fails
	return data
}

// serialOf tells which content has this size.
func serialOf(size int64) int { return int(size % maxSerial) }

// recognize tells which content data is; ok is false if it is none as a whole.
func recognize(data []byte) (serial int, ok bool) {
	serial = serialOf(int64(len(data)))
	return serial, serial > 0 && len(data) == sizeOf(serial) && bytes.Equal(data, content(serial))
}

func TestContentsAreRecognized(t *testing.T) {
	sizes := map[int]int{}
	for serial := 1; serial < 200; serial++ {
		data := content(serial)
		if got, ok := recognize(data); got != serial || !ok {
			t.Fatalf("content %d is taken for %d, %v", serial, got, ok)
		}
		if other, twice := sizes[len(data)]; twice {
			t.Errorf("contents %d and %d have one size", serial, other)
		}
		sizes[len(data)] = serial
		half := append(bytes.Clone(data[:len(data)/2]), make([]byte, len(data)-len(data)/2)...)
		for _, broken := range [][]byte{data[:len(data)/2], half, make([]byte, len(data))} {
			if _, ok := recognize(broken); ok {
				t.Errorf("a broken content %d of %d bytes is taken for whole", serial, len(broken))
			}
		}
	}
}
