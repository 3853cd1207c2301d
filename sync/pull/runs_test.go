package pull

import (
	"bytes"
	"slices"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

// writeLog notes what is written to a file; nothing else may be done with it.
type writeLog struct {
	folderfs.NewFile
	at   []int64
	size []int
}

// WriteAt implements io.WriterAt.
func (w *writeLog) WriteAt(p []byte, at int64) (int, error) {
	w.at, w.size = append(w.at, at), append(w.size, len(p))
	return len(p), nil
}

func TestRunsOfZerosAndData(t *testing.T) {
	zeros, data := make([]byte, hole), bytes.Repeat([]byte{7}, hole)
	tail := append(make([]byte, 99), 1) // zeros that are not a unit are data
	for _, c := range []struct {
		name         string
		p            []byte
		zeros, bytes int
	}{
		{"nothing", nil, 0, 0},
		{"zeros", slices.Concat(zeros, zeros[:5]), hole + 5, 0},
		{"data", slices.Concat(data, tail), 0, hole + 100},
		{"zeros, then data", slices.Concat(zeros, zeros, data, tail), 2 * hole, hole + 100},
		{"data up to the next zeros", slices.Concat(data, zeros, data), 0, hole},
	} {
		if z, d := runs(c.p); z != c.zeros || d != c.bytes {
			t.Errorf("%s: %d of zeros and %d of data, want %d and %d", c.name, z, d, c.zeros, c.bytes)
		}
	}
}

// A block of data amid zeros, as a big sparse file has them.
func TestZerosWithinABlockStayHoles(t *testing.T) {
	block := make([]byte, 5*hole+3)
	copy(block[2*hole+10:], "data")
	block[len(block)-1] = 1
	f := &writeLog{}
	j := &job{fresh: true, file: f}
	if err := j.write(block, 100); err != nil {
		t.Fatal(err)
	}
	if want := (writeLog{at: []int64{100 + 2*hole, 100 + 5*hole}, size: []int{hole, 3}}); !slices.Equal(f.at, want.at) || !slices.Equal(f.size, want.size) {
		t.Errorf("written at %v, sizes %v", f.at, f.size)
	}
	j.fresh = false
	if err := j.write(block, 0); err != nil || f.size[2] != len(block) {
		t.Errorf("where other bytes may be, zeros have to be written: %v, %v", f.size, err)
	}
}
