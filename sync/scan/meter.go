package scan

import (
	"io"
	"sync"
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

// reader reads the first size bytes of a file and counts them.
func (m *meter) reader(f io.ReaderAt, size int64) io.Reader {
	return &meteredReader{io.NewSectionReader(f, 0, size), m}
}

type meteredReader struct {
	r io.Reader
	m *meter
}

func (r *meteredReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	r.m.at.Bytes += int64(n)
	r.m.tell(int64(n))
	return n, err
}
