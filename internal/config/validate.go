package config

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
)

// maxText bounds names, labels and IDs, in bytes; they travel to every device.
const maxText = 256

// validate returns an *Invalid that names all that is wrong.
func (c *Config) validate(home string) error {
	var wrong Invalid
	c.validateSettings(&wrong)
	seen := map[device.ID]origin{}
	for _, d := range c.Devices {
		if first, double := seen[d.ID]; double {
			wrong.addf("%v: device %s stands in %v already: remove one of the two", d.origin, d.ID, first)
		}
		seen[d.ID] = d.origin
		validateDevice(&wrong, d)
	}
	c.validateFolders(&wrong, home)
	return wrong.orNil()
}

func (c *Config) validateSettings(wrong *Invalid) {
	if c.Name == "" {
		wrong.addf("%s: this device has no name: set name = \"...\"", ConfigFile)
	}
	validateText(wrong, ConfigFile, "name", c.Name)
	validateText(wrong, ConfigFile, "person", c.Person)
	for _, l := range c.Listen {
		if _, err := addr.ParseListen(l); err != nil {
			wrong.addf("%s: listen: %w", ConfigFile, err)
		}
	}
	if !isLoopback(c.API) {
		wrong.addf("%s: api is %q: write an address of this machine only, as 127.0.0.1:8385, or off", ConfigFile, c.API)
	}
	for _, d := range c.Discovery {
		switch d {
		case "none":
		case "local", "dht":
			wrong.addf("%s: discovery %q is not available yet: write discovery = [\"none\"] and give each device its address", ConfigFile, d)
		default:
			wrong.addf("%s: discovery %q is unknown: write discovery = [\"none\"]", ConfigFile, d)
		}
	}
	oneOf(wrong, ConfigFile, "log_level", c.LogLevel, "debug", "info", "warn", "error")
}

func validateDevice(wrong *Invalid, d Device) {
	if d.ID == (device.ID{}) {
		wrong.addf("%v: the device has no id: copy it from \"labsync id\" on that device", d.origin)
	}
	validateText(wrong, d.origin.String(), "name", d.Name)
	for _, a := range d.Addresses {
		if a == addr.Dynamic {
			continue
		}
		if _, err := addr.Parse(a); err != nil {
			wrong.addf("%v: %w", d.origin, err)
		}
	}
}

func (c *Config) validateFolders(wrong *Invalid, home string) {
	seen := map[string]origin{}
	for i, f := range c.Folders {
		if first, double := seen[f.ID]; double {
			wrong.addf("%v: folder %q stands in %v already: remove one of the two", f.origin, f.ID, first)
		}
		seen[f.ID] = f.origin
		where := f.origin.String()
		if f.ID == "" {
			wrong.addf("%s: the folder has no id: set id = \"...\", the same on every device", where)
		}
		validateText(wrong, where, "id", f.ID)
		validateText(wrong, where, "label", f.Label)
		oneOf(wrong, where, "strategy", f.Strategy, StrategyNone, StrategySimple, StrategyStaggered)
		oneOf(wrong, where, "blocks", f.Blocks, BlocksContent, BlocksFixed)
		oneOf(wrong, where, "direction", f.Direction, SendReceive, SendOnly, ReceiveOnly)
		for _, d := range f.Devices {
			if c.Device(d) == nil {
				wrong.addf("%s: folder %q is shared with device %s, which is not configured: add it with \"labsync device add\" first", where, f.ID, d)
			}
		}
		validatePath(wrong, f, home)
		for _, other := range c.Folders[:i] {
			validateApart(wrong, other, f)
		}
	}
}

func validatePath(wrong *Invalid, f Folder, home string) {
	if f.Path == "" {
		wrong.addf("%v: folder %q has no path: set path = \"...\"", f.origin, f.ID)
		return
	}
	switch relate(f.Path, home) {
	case same, inside:
		wrong.addf("%v: folder %q (%s) lies in labsync's own home %s: choose another directory", f.origin, f.ID, f.Path, home)
	case around:
		wrong.addf("%v: folder %q (%s) contains labsync's own home %s, whose private key must not travel: choose another directory, or move the home with --home",
			f.origin, f.ID, f.Path, home)
	}
}

func validateApart(wrong *Invalid, a, b Folder) {
	if a.Path == "" || b.Path == "" {
		return
	}
	switch relate(b.Path, a.Path) {
	case same:
		wrong.addf("%v: folder %q has the same path as folder %q, %s: choose another directory", b.origin, b.ID, a.ID, a.Path)
	case inside:
		wrong.addf("%v: folder %q (%s) lies inside folder %q (%s): choose a directory outside it", b.origin, b.ID, b.Path, a.ID, a.Path)
	case around:
		wrong.addf("%v: folder %q (%s) contains folder %q (%s): choose a directory beside it", b.origin, b.ID, b.Path, a.ID, a.Path)
	}
}

func validateText(wrong *Invalid, where, key, text string) {
	unfit := func(r rune) bool { return unicode.IsControl(r) }
	if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unfit) {
		wrong.addf("%s: %s %.40q is longer than %d bytes or has control characters: choose another", where, key, text, maxText)
	}
}

func oneOf(wrong *Invalid, where, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		wrong.addf("%s: %s is %q: write one of %s", where, key, value, strings.Join(allowed, ", "))
	}
}

func isLoopback(address string) bool {
	if address == "off" {
		return true
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
