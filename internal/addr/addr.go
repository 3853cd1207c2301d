// Package addr holds the addresses at which a device may be reached or
// listens: "quic://HOST:PORT", "tcp://HOST:PORT", "relay://HOST:PORT". An
// address never proves who answers there; the certificate does.
package addr

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultPort is labsync's port, UDP and TCP, where an address names none.
const DefaultPort = 22025

// Dynamic is what stands in place of an address when discovery is to find it.
const Dynamic = "dynamic"

// The schemes, in order of preference.
const (
	QUIC  = "quic"
	TCP   = "tcp"
	Relay = "relay"
)

// Candidate is a place where a device may be reached.
type Candidate struct {
	Scheme  string    // QUIC, TCP or Relay
	Address string    // host:port as net.Dial takes it
	Source  string    // who said so: "config", "lan", "dht", ...
	Seen    time.Time // when it was last said or used; zero for configured ones
}

// String returns the address as Parse reads it.
func (c Candidate) String() string { return c.Scheme + "://" + c.Address }

// Parse reads one address to dial: a scheme, a host, and a port that may be
// left out. IPv6 addresses stand in brackets. The error is a sentence for the
// person who typed it.
func Parse(s string) (Candidate, error) {
	c, host, port, err := split(s)
	switch ip, ipErr := netip.ParseAddr(host); {
	case err != nil:
		return Candidate{}, err
	case host == "":
		return Candidate{}, fmt.Errorf("address %q has no host: write it as %s://HOST:PORT", s, c.Scheme)
	case port == 0:
		return Candidate{}, fmt.Errorf("address %q has port 0, where nobody can be reached: write the port the other device listens on", s)
	case ipErr == nil && ip.IsUnspecified():
		return Candidate{}, fmt.Errorf("address %q stands for all addresses of a machine: write the one the other device has", s)
	}
	return c, nil
}

// ParseListen reads one address to listen on. An empty host means every
// address of this machine, port 0 a free port. Relays are not listened on.
func ParseListen(s string) (Candidate, error) {
	c, host, _, err := split(s)
	if err != nil {
		return Candidate{}, err
	}
	if c.Scheme == Relay {
		return Candidate{}, fmt.Errorf("address %q is a relay's, and only quic:// and tcp:// can be listened on", s)
	}
	if _, err := netip.ParseAddr(host); host != "" && host != "localhost" && err != nil {
		return Candidate{}, fmt.Errorf("address %q has the name %q where an IP address of this machine is needed: write %s://0.0.0.0:%d for all of them",
			s, host, c.Scheme, DefaultPort)
	}
	return c, nil
}

// ParseList reads addresses to dial, separated by commas, and returns them
// best first. dynamic reports whether the word "dynamic" is among them. All
// errors are reported at once.
func ParseList(s string) (candidates []Candidate, dynamic bool, err error) {
	var errs []error
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == Dynamic {
			dynamic = true
			continue
		}
		c, err := Parse(part)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		candidates = append(candidates, c)
	}
	Sort(candidates)
	return candidates, dynamic, errors.Join(errs...)
}

// Sort puts candidates in the order in which to try them: QUIC, TCP, relays,
// and within each what was seen last first. Equal ones keep their order.
func Sort(candidates []Candidate) {
	rank := func(c Candidate) int { return slices.Index([]string{QUIC, TCP, Relay}, c.Scheme) }
	slices.SortStableFunc(candidates, func(a, b Candidate) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return b.Seen.Compare(a.Seen)
	})
}

func split(s string) (c Candidate, host string, port int, err error) {
	fail := func(why string) (Candidate, string, int, error) {
		return Candidate{}, "", 0, fmt.Errorf("address %q %s: write it as quic://HOST:PORT or tcp://HOST:PORT", s, why)
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		return fail("does not say how to connect")
	}
	scheme = strings.ToLower(scheme)
	if scheme != QUIC && scheme != TCP && scheme != Relay {
		return fail("starts with an unknown scheme")
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return fail("is not a host and a port")
	}
	if strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(u.Host, "[") {
		return fail("is an IPv6 address without brackets")
	}
	port = DefaultPort
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port > 65535 {
			return fail("has a port above 65535")
		}
	}
	host = u.Hostname()
	return Candidate{Scheme: scheme, Address: net.JoinHostPort(host, strconv.Itoa(port))}, host, port, nil
}
