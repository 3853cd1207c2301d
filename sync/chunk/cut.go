package chunk

// cutter finds the ends of blocks in a stream given to it piece by piece.
type cutter interface {
	// next looks at the bytes that follow and returns how many of them belong to
	// the current block, and whether the block ends there.
	next(p []byte) (n int, end bool)
	// zeros is next for n zeros, which need not be in memory.
	zeros(n int64) (int64, bool)
}

// fixedCutter ends a block every size bytes.
type fixedCutter struct{ size, at int64 }

func (c *fixedCutter) next(p []byte) (int, bool) {
	n, end := c.zeros(int64(len(p)))
	return int(n), end
}

func (c *fixedCutter) zeros(n int64) (int64, bool) {
	if rest := c.size - c.at; n >= rest {
		c.at = 0
		return rest, true
	}
	c.at += n
	return n, false
}

// The upper bits of the sum must be zero for a cut: 18 before the normal size,
// 14 after it, in class 0. Each class doubles the distances by one bit more.
const (
	strictBits = 18
	looseBits  = 14
)

// contentCutter is FastCDC with normalised chunking. Its state is that of the
// block begun: the bytes it has, and the rolling sum over those after minimum.
type contentCutter struct {
	min, normal, max int
	strict, loose    uint64 // a sum below them is a cut
	at               int
	sum              uint64
}

func newContentCutter(c Class) *contentCutter {
	return &contentCutter{
		min: minimum << c, normal: normal << c, max: maximum << c,
		strict: 1 << (64 - strictBits - c), loose: 1 << (64 - looseBits - c),
	}
}

func (c *contentCutter) next(p []byte) (int, bool) {
	n := 0
	if c.at < c.min {
		n = min(len(p), c.min-c.at)
		c.at += n
	}
	n, end := c.find(p, n, c.normal, c.strict)
	if !end {
		n, end = c.find(p, n, c.max, c.loose)
	}
	if end || c.at == c.max {
		c.at, c.sum = 0, 0
		return n, true
	}
	return n, false
}

// find looks for a cut in p from n on, as long as the block is below until. It
// returns how far it came.
func (c *contentCutter) find(p []byte, n, until int, limit uint64) (int, bool) {
	to := min(len(p), n+until-c.at)
	if n >= to {
		return n, false
	}
	cut, sum := find(p[n:to], c.sum, limit)
	if cut >= 0 {
		return n + cut, true
	}
	c.at += to - n
	c.sum = sum
	return to, false
}

func (c *contentCutter) zeros(n int64) (int64, bool) {
	switch {
	case c.at < c.min:
		n = min(n, int64(c.min-c.at))
	case c.sum == resting() && c.sum >= c.loose:
		n = min(n, int64(c.max-c.at))
	default:
		m, end := c.next(make([]byte, min(n, window)))
		return int64(m), end
	}
	c.at += int(n)
	if c.at == c.max {
		c.at, c.sum = 0, 0
		return n, true
	}
	return n, false
}
