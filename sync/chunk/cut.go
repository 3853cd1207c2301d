package chunk

import (
	"crypto/sha256"
	"encoding/binary"
)

// cutter finds the ends of blocks in a stream given to it piece by piece.
type cutter interface {
	// next looks at the bytes that follow and returns how many of them belong to
	// the current block, and whether the block ends there.
	next(p []byte) (n int, end bool)
}

// fixedCutter ends a block every size bytes.
type fixedCutter struct{ size, at int64 }

func (c *fixedCutter) next(p []byte) (int, bool) {
	if rest := c.size - c.at; int64(len(p)) >= rest {
		c.at = 0
		return int(rest), true
	}
	c.at += int64(len(p))
	return len(p), false
}

// The upper bits of the sum must be zero for a cut: 18 before the normal size,
// 14 after it, in class 0. Each class doubles the distances by one bit more.
const (
	strictBits = 18
	looseBits  = 14
)

type gearTable [256]uint64

func newGearTable() *gearTable {
	t := new(gearTable)
	for i := range t {
		h := sha256.Sum256(append([]byte("labsync gear"), byte(i)))
		t[i] = binary.BigEndian.Uint64(h[:])
	}
	return t
}

// gears is read-only.
var gears = newGearTable()

// contentCutter is FastCDC with normalised chunking. Its state is that of the
// block begun: the bytes it has, and the rolling sum over those after minimum.
type contentCutter struct {
	min, normal, max int
	strict, loose    uint64
	at               int
	sum              uint64
}

func newContentCutter(c Class) *contentCutter {
	return &contentCutter{
		min: minimum << c, normal: normal << c, max: maximum << c,
		strict: ^uint64(0) << (64 - strictBits - c), loose: ^uint64(0) << (64 - looseBits - c),
	}
}

func (c *contentCutter) next(p []byte) (int, bool) {
	n := 0
	for _, stage := range [...]struct {
		until int
		mask  uint64
	}{{c.min, 0}, {c.normal, c.strict}, {c.max, c.loose}} {
		if c.at >= stage.until {
			continue
		}
		piece := p[n:min(len(p), n+stage.until-c.at)]
		if stage.mask != 0 {
			if i := c.find(piece, stage.mask); i >= 0 {
				c.at, c.sum = 0, 0
				return n + i, true
			}
		}
		n += len(piece)
		c.at += len(piece)
		if c.at < stage.until {
			return n, false
		}
	}
	c.at, c.sum = 0, 0
	return n, true
}

// find rolls the sum over p and returns the first position after which it has
// the masked bits zero, or -1. The byte at the cut still belongs to the block.
func (c *contentCutter) find(p []byte, mask uint64) int {
	sum := c.sum
	for i, b := range p {
		sum = sum<<1 + gears[b]
		if sum&mask == 0 {
			return i + 1
		}
	}
	c.sum = sum
	return -1
}
