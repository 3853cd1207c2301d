package session

import (
	"sync"
	"time"

	"github.com/labsync/labsync/transport"
)

// path is what is known of a link when one has to be chosen for a batch.
type path struct {
	kind string
	rate float64 // bytes per second while asked for something; 0 if not measured
	// due says that the link has not been tried for a while.
	due bool
}

// choose returns which path the next batch goes by: TCP before QUIC before a
// relay, unless another has moved twice as much. A direct path is tried now and
// then even if it is not the one to choose, because only use tells how fast
// it is; twice as much, so that two equal ones do not take turns.
func choose(paths []path) int {
	best := 0
	for i := range paths {
		if bulkRank(paths[i].kind) < bulkRank(paths[best].kind) {
			best = i
		}
	}
	preferred := best
	for i, p := range paths {
		if i == preferred || p.kind == transport.KindRelay {
			continue
		}
		if p.due && paths[preferred].rate > 0 {
			return i
		}
		if paths[best].rate > 0 && p.rate > 2*paths[best].rate {
			best = i
		}
	}
	if best != preferred && paths[preferred].due {
		return preferred
	}
	return best
}

func bulkRank(kind string) int {
	switch kind {
	case transport.KindTCP:
		return 0
	case transport.KindQUIC:
		return 1
	}
	return 2
}

func controlRank(kind string) int {
	switch kind {
	case transport.KindQUIC:
		return 0
	case transport.KindTCP:
		return 1
	}
	return 2
}

const (
	meterSlots = 8                // seconds that a rate is taken over
	enough     = 1 << 20          // bytes without which a rate says nothing
	tryAgain   = 30 * time.Second // after which an unused path is due
)

// meter measures how many bytes a link brings per second of being asked for
// some. Time in which nothing is outstanding does not count.
type meter struct {
	mu    sync.Mutex // guards all
	slots [meterSlots]struct {
		second int64
		bytes  int64
		busy   time.Duration
	}
	at          time.Time // of the last event
	outstanding int       // batches
	asked       time.Time // when the last one was sent
	heard       time.Time // when something came, or the first one was sent
	rate        float64   // as last known
}

// ask counts a batch that was sent.
func (m *meter) ask(now time.Time) {
	m.event(now, 0, 1)
	m.mu.Lock()
	m.asked = now
	m.mu.Unlock()
}

// event counts n bytes received, and batches begun or ended.
func (m *meter) event(now time.Time, n, batches int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	second := now.Unix()
	s := &m.slots[second%meterSlots]
	if s.second != second {
		s.second, s.bytes, s.busy = second, 0, 0
	}
	s.bytes += int64(n)
	if m.outstanding > 0 {
		s.busy += now.Sub(m.at)
	}
	if n > 0 || m.outstanding == 0 {
		m.heard = now
	}
	m.at = now
	m.outstanding += batches
}

// path says how the link does.
func (m *meter) path(kind string, now time.Time) path {
	m.mu.Lock()
	defer m.mu.Unlock()
	var bytes int64
	var busy time.Duration
	for _, s := range m.slots {
		if now.Unix()-s.second < meterSlots {
			bytes += s.bytes
			busy += s.busy
		}
	}
	// What was measured once stands until more is: an unused path has no rate
	// of its own.
	if bytes >= enough && busy > 0 {
		m.rate = float64(bytes) / busy.Seconds()
	}
	return path{kind: kind, rate: m.rate, due: now.Sub(m.asked) >= tryAgain}
}

// silentSince returns when the link last brought something, if it owes anything.
func (m *meter) silentSince() (at time.Time, owes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard, m.outstanding > 0
}
