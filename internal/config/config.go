// Package config is the configuration of one device: three TOML files of one
// schema in its home directory. config.toml is the person's: comments and
// order survive every edit made here, and what stands in it wins. devices.toml
// and folders.toml belong to the command line and are rewritten whole.
//
// Load reads and validates all three; Update is the only way to write. Nothing
// is watched and no goroutine is started: the daemon loads again when it is
// told to, and Compare says what changed.
package config

import (
	"slices"
	"time"

	"github.com/labsync/labsync/internal/addr"
	"github.com/labsync/labsync/internal/device"
)

// Config is all that a person can set. A key that is left out has the default
// named here.
type Config struct {
	// Name is what others see this device as. Default: the host's name.
	Name string `toml:"name"`
	// Person is who works on this device; it appears beside their changes.
	Person string `toml:"person"`
	// Listen holds the addresses to listen on, as addr.ParseListen reads them.
	// Default: port 22025 of every address, by QUIC and TCP. An empty list
	// listens nowhere.
	Listen []string `toml:"listen"`
	// API is the host and port of the web page and HTTP API, on loopback, or
	// "off". Default: 127.0.0.1:8385. The local socket is always there.
	API string `toml:"api"`
	// Discovery says how addresses of devices are found beyond the configured
	// ones. Only "none" is available yet, and it is the default.
	Discovery []string `toml:"discovery"`
	// Limits bound the traffic of all devices together.
	Limits Limits `toml:"limits"`
	// LogLevel is debug, info, warn or error. Default: info.
	LogLevel string `toml:"log_level"`
	// RescanInterval is how often a folder is scanned in full although the
	// watcher works. Default: 1h.
	RescanInterval Interval `toml:"rescan_interval"`

	Devices []Device `toml:"device"`
	Folders []Folder `toml:"folder"`
}

// Limits bound traffic, in bytes per second.
type Limits struct {
	Send    Rate `toml:"send"`
	Receive Rate `toml:"receive"`
}

// Device is another device that this one trusts.
type Device struct {
	ID   device.ID `toml:"id"`
	Name string    `toml:"name,omitempty"`
	// Addresses are tried best first; "dynamic" stands for what discovery finds.
	// Without any, the device must connect to this one.
	Addresses    []string `toml:"addresses,omitempty"`
	Paused       bool     `toml:"paused,omitempty"`
	SendLimit    Rate     `toml:"send_limit,omitempty"`
	ReceiveLimit Rate     `toml:"receive_limit,omitempty"`

	origin origin
}

// Candidates returns the configured addresses, best first. Those of a loaded
// Config are valid.
func (d Device) Candidates() []addr.Candidate {
	var list []addr.Candidate
	for _, a := range d.Addresses {
		if c, err := addr.Parse(a); err == nil {
			c.Source = "config"
			list = append(list, c)
		}
	}
	addr.Sort(list)
	return list
}

// Folder is a directory kept the same on several devices.
type Folder struct {
	// ID is the same on every device that has the folder; see NewFolderID.
	ID string `toml:"id"`
	// Label is the folder's name for people: the initial value of a register
	// that all its devices share. Default: the last element of Path.
	Label string `toml:"label,omitempty"`
	// Path is absolute once loaded. In a file it may start with "~", and a
	// relative one is taken from the person's home directory.
	Path string `toml:"path"`
	// Devices are those it is shared with; each stands among Config.Devices.
	Devices []device.ID `toml:"devices,omitempty"`
	// Strategy is none, simple or staggered, and as Label an initial value.
	// Default: simple.
	Strategy string `toml:"strategy,omitempty"`
	// Blocks says how versions made here are cut: content or fixed. Default:
	// content.
	Blocks string `toml:"blocks,omitempty"`
	// Direction is send-receive, send-only or receive-only. Default:
	// send-receive.
	Direction string `toml:"direction,omitempty"`
	Paused    bool   `toml:"paused,omitempty"`
	// Ignore holds patterns in gitignore syntax that hold on this device only,
	// beside those of the folder's .labsyncignore.
	Ignore []string `toml:"ignore,omitempty"`
	// RescanInterval overrides Config.RescanInterval.
	RescanInterval Interval `toml:"rescan_interval,omitempty"`

	origin origin
}

// The values of Folder's closed fields.
const (
	StrategyNone      = "none"
	StrategySimple    = "simple"
	StrategyStaggered = "staggered"

	BlocksContent = "content"
	BlocksFixed   = "fixed"

	SendReceive = "send-receive"
	SendOnly    = "send-only"
	ReceiveOnly = "receive-only"
)

// Rescan returns how often a folder is scanned in full, or 0 for never.
func (c *Config) Rescan(f Folder) time.Duration {
	interval := f.RescanInterval
	if interval == 0 {
		interval = c.RescanInterval
	}
	return max(0, time.Duration(interval))
}

// Device returns the device with this ID, to read or, in Update, to change; nil
// if there is none.
func (c *Config) Device(id device.ID) *Device {
	if i := slices.IndexFunc(c.Devices, func(d Device) bool { return d.ID == id }); i >= 0 {
		return &c.Devices[i]
	}
	return nil
}

// Folder returns the folder with this ID, to read or, in Update, to change; nil
// if there is none.
func (c *Config) Folder(id string) *Folder {
	if i := slices.IndexFunc(c.Folders, func(f Folder) bool { return f.ID == id }); i >= 0 {
		return &c.Folders[i]
	}
	return nil
}

// RemoveDevice takes a device out, also of the folders shared with it, and
// reports whether it was there.
func (c *Config) RemoveDevice(id device.ID) bool {
	is := func(d Device) bool { return d.ID == id }
	if !slices.ContainsFunc(c.Devices, is) {
		return false
	}
	c.Devices = slices.DeleteFunc(slices.Clone(c.Devices), is)
	for i := range c.Folders {
		c.Folders[i].Devices = slices.DeleteFunc(slices.Clone(c.Folders[i].Devices), func(d device.ID) bool { return d == id })
	}
	return true
}

// RemoveFolder takes a folder out and reports whether it was there. Nothing
// happens to its files.
func (c *Config) RemoveFolder(id string) bool {
	is := func(f Folder) bool { return f.ID == id }
	if !slices.ContainsFunc(c.Folders, is) {
		return false
	}
	c.Folders = slices.DeleteFunc(slices.Clone(c.Folders), is)
	return true
}

// clone returns a copy whose change does not show in c.
func (c *Config) clone() *Config {
	n := *c
	n.Listen, n.Discovery = slices.Clone(c.Listen), slices.Clone(c.Discovery)
	n.Devices, n.Folders = slices.Clone(c.Devices), slices.Clone(c.Folders)
	for i := range n.Devices {
		n.Devices[i].Addresses = slices.Clone(n.Devices[i].Addresses)
	}
	for i := range n.Folders {
		f := &n.Folders[i]
		f.Devices, f.Ignore = slices.Clone(f.Devices), slices.Clone(f.Ignore)
	}
	return &n
}

// ByHand reports whether the folder stands in config.toml, which commands leave
// to the person.
func (f *Folder) ByHand() bool { return f.origin.file == ConfigFile }
