package pool

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/overquic"
	"github.com/labsync/labsync/transport/socket"
)

// sockets are the UDP sockets of a pool. Dialling leaves from the one that
// listens, so that peers and NATs see one port; a socket only for dialling is
// made when none that listens can reach an address.
type sockets struct {
	options socket.Options

	mu      sync.Mutex // guards the fields below
	bound   []*socket.Socket
	dual    map[*socket.Socket]bool // bound to everything in both families
	extra   []*socket.Socket        // only for dialling
	ctx     context.Context         // of the running sockets; nil before start
	stopped func()
	running errgroup.Group
}

func (s *sockets) listen(network, address string) error {
	bound, err := socket.Open(network, address, s.options)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound = append(s.bound, bound)
	if network == "udp" && bound.LocalAddr().IP.IsUnspecified() {
		if s.dual == nil {
			s.dual = make(map[*socket.Socket]bool)
		}
		s.dual[bound] = true
	}
	return nil
}

func (s *sockets) listening() []*socket.Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bound)
}

func (s *sockets) unbind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bound {
		_ = b.Close()
	}
	s.bound = nil
}

// start runs all sockets until ctx ends. stopped is called if one fails before.
func (s *sockets) start(ctx context.Context, stopped func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ctx, s.stopped = ctx, stopped
	for _, b := range s.bound {
		s.runLocked(b)
	}
}

func (s *sockets) runLocked(b *socket.Socket) {
	ctx, stopped := s.ctx, s.stopped
	s.running.Go(func() error {
		err := b.Run(ctx)
		if err != nil {
			stopped()
		}
		return err
	})
}

// wait returns when all sockets have ended; nobody dials any more.
func (s *sockets) wait() error { return s.running.Wait() }

func (s *sockets) dial(ctx context.Context, p admission.Policy, peer device.ID, address string) (admission.Outgoing, error) {
	to, err := resolve(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("dial quic://%s: %w", address, err)
	}
	from, err := s.reaching(to)
	if err != nil {
		return nil, fmt.Errorf("dial quic://%s: %w", address, err)
	}
	return overquic.Dial(ctx, from, p, peer, to)
}

// reaching returns the socket to dial an address from.
func (s *sockets) reaching(to *net.UDPAddr) (*socket.Socket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range [][]*socket.Socket{s.bound, s.extra} {
		for _, b := range list {
			if s.dual[b] || reaches(b.LocalAddr(), to) {
				return b, nil
			}
		}
	}
	network := "udp6"
	if to.IP.To4() != nil {
		network = "udp4"
	}
	extra, err := socket.Open(network, ":0", s.options)
	if err != nil {
		return nil, err
	}
	s.extra = append(s.extra, extra)
	s.runLocked(extra)
	return extra, nil
}

// reaches reports whether a socket bound to from can send to an address: one
// bound to everything can, within its family; one bound to loopback stays
// there, and one bound to another address of this machine is taken to reach
// whatever is not loopback.
func reaches(from, to *net.UDPAddr) bool {
	if (to.IP.To4() != nil) != (from.IP.To4() != nil) {
		return false
	}
	return from.IP.IsUnspecified() || from.IP.IsLoopback() == to.IP.IsLoopback()
}

// resolve looks a host and port up. Of several addresses the first is taken,
// as the resolver orders them.
func resolve(ctx context.Context, address string) (*net.UDPAddr, error) {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		return net.UDPAddrFromAddrPort(ap), nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ips[0].Unmap(), uint16(port))), nil
}
