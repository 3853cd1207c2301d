package session

import (
	"testing"
	"time"

	"github.com/labsync/labsync/transport"
)

func TestChoose(t *testing.T) {
	const quic, tcp, relay = transport.KindQUIC, transport.KindTCP, transport.KindRelay
	for name, c := range map[string]struct {
		paths []path
		want  int
	}{
		"one path is the path":                      {[]path{{kind: relay}}, 0},
		"TCP is preferred before anything is known": {[]path{{kind: quic}, {kind: tcp}, {kind: relay}}, 1},
		"QUIC comes before a relay":                 {[]path{{kind: relay}, {kind: quic}}, 1},
		"QUIC that moves twice as much":             {[]path{{kind: quic, rate: 50}, {kind: tcp, rate: 20}}, 0},
		"QUIC that moves a bit more":                {[]path{{kind: quic, rate: 30}, {kind: tcp, rate: 20}}, 1},
		"an untried path once the other is known":   {[]path{{kind: quic, due: true}, {kind: tcp, rate: 20}}, 0},
		"an untried path while nothing is known":    {[]path{{kind: quic, due: true}, {kind: tcp}}, 1},
		"a preferred path that was slow, again":     {[]path{{kind: quic, rate: 50}, {kind: tcp, rate: 20, due: true}}, 1},
		"a relay is never tried for its own sake":   {[]path{{kind: relay, due: true}, {kind: tcp, rate: 20}}, 1},
	} {
		if got := choose(c.paths); got != c.want {
			t.Errorf("%s: chose %d, want %d", name, got, c.want)
		}
	}
}

func TestTheMeterLeavesOutIdleTime(t *testing.T) {
	var m meter
	now := time.Unix(1000, 0)
	m.ask(now)
	m.event(now.Add(time.Second), 10<<20, -1)
	later := now.Add(3 * time.Second)
	m.ask(later)
	m.event(later.Add(time.Second), 10<<20, -1)
	p := m.path(transport.KindTCP, later.Add(time.Second))
	if p.rate != 10<<20 || p.due {
		t.Errorf("path is %+v", p)
	}
	if p = m.path(transport.KindTCP, later.Add(time.Hour)); p.rate != 10<<20 || !p.due {
		t.Errorf("an hour later it is %+v", p)
	}
}
