package pool

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/quic-go/quic-go"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/overquic"
	"github.com/labsync/labsync/transport/socket"
)

// addressInUse is Windows' number for EADDRINUSE, which its syscall package
// does not map; no other system has an error of that number.
const addressInUse = syscall.Errno(10048)

// Listen binds all addresses, or none if one of them fails. Run calls it; a
// caller who does so before learns Addresses and errors early, and must run the
// pool.
func (p *Pool) Listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listen {
		return nil
	}
	p.sockets.options = socket.Options{
		Config: overquic.AcceptConfig(), ResetKey: resetKey(p.options.Identity), Log: p.options.Log,
	}
	for _, c := range p.options.Listen {
		if err := p.bind(c); err != nil {
			p.unbind()
			return listenError(c, err)
		}
	}
	p.listen = true
	return nil
}

func (p *Pool) bind(c addr.Candidate) error {
	network := family(c.Address)
	switch c.Scheme {
	case transport.KindQUIC:
		return p.sockets.listen("udp"+network, c.Address)
	case transport.KindTCP:
		ta, err := net.ResolveTCPAddr("tcp"+network, c.Address)
		if err != nil {
			return err
		}
		ln, err := net.ListenTCP("tcp"+network, ta)
		if err != nil {
			return err
		}
		p.tcp = append(p.tcp, ln)
		return nil
	}
	return fmt.Errorf("%q is neither quic nor tcp", c.Scheme)
}

func (p *Pool) unbind() {
	p.sockets.unbind()
	for _, ln := range p.tcp {
		_ = ln.Close()
	}
	p.tcp = nil
}

func listenError(c addr.Candidate, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, addressInUse) {
		return fmt.Errorf("cannot listen on %s: another program uses this port; stop it or choose another address with 'listen' in config.toml: %w", c, err)
	}
	return fmt.Errorf("cannot listen on %s: correct 'listen' in config.toml: %w", c, err)
}

// Addresses returns what is bound, with the ports in use instead of 0.
func (p *Pool) Addresses() []addr.Candidate {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []addr.Candidate
	for _, s := range p.sockets.listening() {
		list = append(list, addr.Candidate{Scheme: transport.KindQUIC, Address: s.LocalAddr().String()})
	}
	for _, ln := range p.tcp {
		list = append(list, addr.Candidate{Scheme: transport.KindTCP, Address: ln.Addr().String()})
	}
	return list
}

// family returns "4" or "6" for a literal address and "" for a name or none,
// which Go binds for both. Without it 0.0.0.0 would be taken for both as well.
func family(address string) string {
	ap, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return ""
	case ap.Addr().Unmap().Is4():
		return "4"
	}
	return "6"
}

// resetKey derives the key of stateless resets from the private key, so that
// it outlives a restart and nobody else knows it.
func resetKey(id device.Identity) *quic.StatelessResetKey {
	for _, c := range id.TLS(nil).Certificates {
		if der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey); err == nil {
			mac := hmac.New(sha256.New, der)
			mac.Write([]byte("labsync quic stateless reset 1"))
			key := quic.StatelessResetKey(mac.Sum(nil))
			return &key
		}
	}
	return nil
}
