package session

import (
	"time"
)

// Stats says how a session is doing.
type Stats struct {
	Since          time.Time
	RTT            time.Duration // of the control link; zero if not known
	Sent, Received int64         // bytes on all connections so far
	Control, Bulk  string        // kinds of the connections in use: "quic", "tcp", "relay"; "" when ended
	Address        string        // the other end of the control link
	Links          int
}

// Stats returns how the session is doing now.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	links := s.links
	out := Stats{Since: s.since, Sent: s.sent, Received: s.received, Links: len(links)}
	s.mu.Unlock()
	for i, l := range links {
		sent, received := l.conn.Traffic()
		out.Sent += sent
		out.Received += received
		if i == 0 {
			out.RTT, out.Control, out.Address = l.conn.RTT(), l.kind(), l.conn.RemoteAddr().String()
		}
	}
	if len(links) > 0 {
		out.Bulk = links[choose(settled(links))].kind()
	}
	return out
}

// settled are the paths of links without those that are only due for a try.
func settled(links []*link) []path {
	paths := make([]path, len(links))
	now := time.Now()
	for i, l := range links {
		paths[i] = l.meter.path(l.kind(), now)
		paths[i].due = false
	}
	return paths
}
