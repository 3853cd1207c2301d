package chunk

import "io"

// Sparse is a reader that knows where it holds no data. Blocks does not read
// there.
type Sparse interface {
	io.ReaderAt
	// NextData returns the first stretch of data that ends after from; what lies
	// between from and start reads as zeros. Without more data both are the size.
	NextData(from int64) (start, end int64, err error)
}

// terrain tells data from holes.
type terrain struct {
	sparse     Sparse // nil: all is data
	size       int64
	start, end int64 // the stretch of data that the position is in or before
}

func newTerrain(r io.ReaderAt, size int64) *terrain {
	t := &terrain{size: size}
	t.sparse, _ = r.(Sparse)
	return t
}

// at returns how many bytes from a position on are all data or all hole. The
// position never goes back.
func (t *terrain) at(pos int64) (n int64, hole bool) {
	if t.sparse == nil {
		return t.size - pos, false
	}
	if pos >= t.end {
		var err error
		t.start, t.end, err = t.sparse.NextData(pos)
		if err != nil || t.start > t.end || t.end <= pos && pos < t.size {
			t.sparse = nil // it can be read all the same
			return t.size - pos, false
		}
	}
	if pos < t.start {
		return min(t.start, t.size) - pos, true
	}
	return min(t.end, t.size) - pos, false
}
