package pull

import (
	"bytes"
	"crypto/sha256"

	"github.com/labsync/labsync/index"
)

// hole is the unit in which zeros are left out of a fresh file.
const hole = 64 << 10

// write puts verified bytes into the file. In a fresh one zeros stay holes,
// within a block too: those of a big sparse file are larger than its data.
func (j *job) write(p []byte, at int64) error {
	if !j.fresh {
		_, err := j.file.WriteAt(p, at)
		return err
	}
	for len(p) > 0 {
		skip, take := runs(p)
		p, at = p[skip:], at+int64(skip)
		if take > 0 {
			if _, err := j.file.WriteAt(p[:take], at); err != nil {
				return err
			}
		}
		p, at = p[take:], at+int64(take)
	}
	return nil
}

// runs returns how many bytes of zeros p begins with, and how many follow up to
// the next zeros, in whole units.
func runs(p []byte) (zeros, data int) {
	unit := func(from int) []byte { return p[from:min(from+hole, len(p))] }
	for zeros < len(p) && allZero(unit(zeros)) {
		zeros += len(unit(zeros))
	}
	for zeros+data < len(p) && !allZero(unit(zeros+data)) {
		data += len(unit(zeros + data))
	}
	return zeros, data
}

func allZero(p []byte) bool {
	return len(p) == 0 || p[0] == 0 && bytes.Equal(p[:len(p)-1], p[1:])
}

// dropZeros strikes off blocks of zeros that occur more than once: the holes
// of a sparse file. A single one costs less to fetch than to recognise.
func (j *job) dropZeros() {
	zeros := zeroHashes{}
	rest := j.needs[:0]
	for _, n := range j.needs {
		if len(n.at) < 2 || n.block.Hash != zeros.of(int(n.block.Size)) {
			rest = append(rest, n)
		}
	}
	j.needs = rest
}

// zeroHashes are the hashes of blocks of zeros, by size.
type zeroHashes map[int]index.Hash

func (z zeroHashes) of(size int) index.Hash {
	h, ok := z[size]
	if !ok {
		h = sha256.Sum256(make([]byte, size))
		z[size] = h
	}
	return h
}
