package drive

import (
	"sync"
	"time"

	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/scan"
)

// meters count what is under way, for progress bars.
type meters struct {
	mu       sync.Mutex // guards all below
	scans    int        // under way
	whole    bool       // the one scan is of the whole folder; such a one runs alone
	scan     scan.Progress
	last     time.Time // when a scan of all ended
	total    int64     // bytes wanted by the fetches under way
	arrived  int64
	received int64 // from devices, since the start
	reused   int64 // from this disk, since the start
	files    map[string]int64
}

// Progress is how far the work under way has got.
type Progress struct {
	Scanning bool
	Whole    bool // the scan is of the whole folder, not of a few changed names
	Scan     scan.Progress
	// FetchBytes of FetchTotal have arrived for the files being assembled.
	FetchBytes, FetchTotal int64
	// Received and Reused are bytes since the folder was started.
	Received, Reused int64
}

func (m *meters) beginScan(scopes []engine.Scope) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scans++
	m.scan, m.whole = scan.Progress{}, false
	for _, sc := range scopes {
		m.whole = m.whole || sc == engine.Scope{Recursive: true}
	}
}

func (m *meters) scanned(p scan.Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scan = p
}

func (m *meters) endScan(err error) (whole bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scans--
	if whole = m.whole && err == nil; whole {
		m.last = time.Now()
	}
	return whole
}

func (m *meters) lastScan() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

func (m *meters) beginFetch(actions []plan.Action) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[string]int64{}
	}
	for i := range actions {
		m.files[actions[i].Name] = 0
		m.total += actions[i].Want.Size
	}
}

func (m *meters) fetched(ev pull.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := ev.Received + ev.Reused
	if _, ok := m.files[ev.Name]; ok {
		m.files[ev.Name] += n
		m.arrived += n
	}
	m.received += ev.Received
	m.reused += ev.Reused
}

func (m *meters) endFetch(actions []plan.Action) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range actions {
		m.arrived -= m.files[actions[i].Name]
		m.total -= actions[i].Want.Size
		delete(m.files, actions[i].Name)
	}
}

func (m *meters) progress() Progress {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Progress{
		Scanning: m.scans > 0, Whole: m.whole, Scan: m.scan,
		FetchBytes: m.arrived, FetchTotal: m.total, Received: m.received, Reused: m.reused,
	}
}
