package admission

import (
	"net"
	"net/netip"
	"sync"
)

// How many strangers may be in the middle of a handshake. A lab behind one NAT
// restarts a dozen devices at once; a flood is thousands.
const (
	maxHalfOpen        = 256
	maxHalfOpenAddress = 32
)

// Gate bounds the handshakes that have begun and not ended, in total and per
// address (per /64 for IPv6, which is what one host commands). The zero Gate is
// ready.
type Gate struct {
	mu      sync.Mutex // guards the fields below
	total   int
	address map[netip.Addr]int
}

// Enter counts a handshake from an address. It returns the function that ends
// the count, which may be called more than once, or false when the gate is full.
func (g *Gate) Enter(from net.Addr) (leave func(), ok bool) {
	key := origin(from)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= maxHalfOpen || g.address[key] >= maxHalfOpenAddress {
		return nil, false
	}
	if g.address == nil {
		g.address = make(map[netip.Addr]int)
	}
	g.total++
	g.address[key]++
	return sync.OnceFunc(func() { g.leave(key) }), true
}

func (g *Gate) leave(key netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.address[key]--; g.address[key] == 0 {
		delete(g.address, key)
	}
}

func origin(a net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is6() {
		p, _ := ip.Prefix(64)
		return p.Addr()
	}
	return ip
}
