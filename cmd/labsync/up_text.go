package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

// maxAddresses bounds the addresses in a line that a person types.
const maxAddresses = 4

// greeting is what "up" prints first: who and where this device is, and the
// lines to type on another machine.
func (e *environment) greeting(s *api.Status) string {
	var b strings.Builder
	fmt.Fprintf(&b, "labsync is up as %s\n\n", escape(s.Name))
	fmt.Fprintf(&b, "  device ID  %s\n", s.DeviceID)
	for i := range s.Folders {
		f := &s.Folders[i]
		fmt.Fprintf(&b, "  folder     %s  (%s)\n", escape(f.Path), escape(f.ID))
	}
	if len(s.Folders) == 0 {
		b.WriteString("  folder     none yet: type \"labsync folder add PATH\" in another terminal\n")
	}
	addresses, note := reachable(s.Listen, interfaceAddresses())
	fmt.Fprintf(&b, "  listens    %s\n", or(strings.Join(addresses, ", "), "nowhere"))
	if note != "" {
		fmt.Fprintf(&b, "             %s\n", note)
	}
	b.WriteString(pairingLines(e.program(), s, addresses))
	return b.String()
}

// pairingLines are the lines to type on the other machine, which has "labsync
// up" running on a folder of its own and prints such lines too.
func pairingLines(program string, s *api.Status, addresses []string) string {
	var b strings.Builder
	b.WriteString("\nTo connect another machine, run \"labsync up PATH\" there, and type there, in another terminal:\n\n")
	fmt.Fprintf(&b, "  %s device add %s --name %s", program, s.DeviceID, shellQuote(escape(s.Name)))
	if len(addresses) > 0 {
		fmt.Fprintf(&b, " --address %s", shellQuote(strings.Join(addresses, ",")))
	}
	b.WriteString("\n")
	for i := range s.Folders {
		f := &s.Folders[i]
		// A folder that others have keeps its ID; one that is ours alone may take
		// the other's, so that it does not matter who types first.
		flag := "--join"
		if len(f.Devices) > 0 {
			flag = "--id"
		}
		where := ""
		if len(s.Folders) > 1 {
			where = " " + shellQuote(escape(homely(f.Path)))
		}
		fmt.Fprintf(&b, "  %s folder add%s %s %s --device %s\n", program, where, flag, shellQuote(escape(f.ID)), s.DeviceID)
	}
	b.WriteString("\nand here the lines that are printed there. Ctrl-C stops labsync; your files stay.\n")
	return b.String()
}

// homely writes a path below the user's home directory with ~, which the other
// machine's shell reads as its own.
func homely(path string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(home, path); err == nil && filepath.IsLocal(rel) && rel != "." && !strings.ContainsAny(rel, " '\"$&;|<>()\\`*?!#") {
		return "~/" + filepath.ToSlash(rel)
	}
	return path
}

// program is how this program was called, to be typed again.
func (e *environment) program() string {
	exe, err := os.Executable()
	if err == nil && strings.Contains(filepath.ToSlash(exe), "/go-build") {
		return "go run ./cmd/labsync" // gone when it ends
	}
	return shellQuote(e.arg0)
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// interfaceAddresses are this machine's own, those of others excluded.
func interfaceAddresses() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var addrs []netip.Addr
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				addrs = append(addrs, ip.Unmap())
			}
		}
	}
	return addrs
}

// reachable turns what is listened on into what another machine can dial:
// wildcards become the interfaces' addresses, IPv4 first. note says if only
// this machine can reach them.
func reachable(listen []string, own []netip.Addr) (addresses []string, note string) {
	slices.SortStableFunc(own, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	local := []string{}
	for _, l := range listen {
		scheme, hostport, _ := strings.Cut(l, "://")
		at, err := netip.ParseAddrPort(hostport)
		if err != nil {
			addresses = append(addresses, l) // a name: whoever wrote it knows
			continue
		}
		hosts := []netip.Addr{at.Addr()}
		if at.Addr().IsUnspecified() {
			hosts = dialable(own)
			local = append(local, scheme+"://"+netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()).String())
		}
		for _, h := range hosts {
			a := scheme + "://" + netip.AddrPortFrom(h.Unmap(), at.Port()).String()
			if h.IsLoopback() {
				local = append(local, a)
			} else {
				addresses = append(addresses, a)
			}
		}
	}
	if len(addresses) == 0 && len(local) > 0 {
		return local, "(only this machine itself can reach that: it has no other address, or listens on no other)"
	}
	return addresses, ""
}

// dialable are the addresses that others may reach, not too many of them.
func dialable(own []netip.Addr) []netip.Addr {
	var list []netip.Addr
	for _, a := range own {
		if a.IsGlobalUnicast() && len(list) < maxAddresses/2 {
			list = append(list, a)
		}
	}
	return list
}

// worthALine leaves out what comes by the hundred and means nothing by itself.
func worthALine(ev api.Event) bool {
	switch event.Type(ev.Type) {
	case event.Transfer:
		return false
	case event.FolderState:
		return !busy(ev.Fields["from"]) || !busy(ev.Fields["to"])
	}
	return true
}

// busy reports whether a state is one of those a folder goes through all day.
func busy(state string) bool {
	switch api.FolderState(state) {
	case api.FolderIdle, api.FolderScanning, api.FolderSyncing:
		return true
	}
	return false
}
