package scan

import (
	"io"
	"sync"

	"github.com/labsync/labsync/internal/folderfs"
)

// meter counts what a scan does and reports it now and then. Its methods may be
// called from several goroutines; reports come one at a time.
type meter struct {
	report func(Progress)

	mu   sync.Mutex
	at   Progress // guarded by mu once files are read
	told int64    // at.Bytes + at.Names as of the last report; guarded by mu
}

// A report is due after so many names or bytes.
const (
	reportNames = 1000
	reportBytes = 8 << 20
)

func (m *meter) name(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at.Name = name
	m.at.Names++
	m.tell(reportBytes / reportNames)
}

func (m *meter) file() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at.Files++
	m.tell(0)
}

// expect sets the totals.
func (m *meter) expect(total Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at.TotalFiles, m.at.TotalBytes = total.TotalFiles, total.TotalBytes
}

// tell reports if enough weight has gathered since the last time.
func (m *meter) tell(weight int64) {
	if m.report == nil {
		return
	}
	if m.told += weight; m.told >= reportBytes {
		m.told = 0
		m.report(m.at)
	}
}

// done reports the end.
func (m *meter) done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.report != nil {
		m.report(m.at)
	}
}

// reader reads a file and counts how far that has got.
func (m *meter) reader(f io.ReaderAt) *meteredReader { return &meteredReader{f: f, m: m} }

// meteredReader counts a byte once, however often and in which order the file
// is read.
type meteredReader struct {
	f  io.ReaderAt
	m  *meter
	at int64 // how far it was read; guarded by m.mu
}

// ReadAt may be called from several goroutines.
func (r *meteredReader) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.f.ReadAt(p, at)
	r.reach(at + int64(n))
	return n, err
}

func (r *meteredReader) reach(at int64) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	if more := at - r.at; more > 0 {
		r.at = at
		r.m.at.Bytes += more
		r.m.tell(more)
	}
}

// sparseReader is a meteredReader whose file knows its holes.
type sparseReader struct {
	*meteredReader
	f folderfs.SparseFile
}

// NextData implements chunk.Sparse.
func (r sparseReader) NextData(from int64) (start, end int64, err error) {
	if start, end, err = r.f.DataAfter(from); err == nil {
		r.reach(start)
	}
	return start, end, err
}
