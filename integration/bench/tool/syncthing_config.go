package tool

import (
	"encoding/xml"
	"fmt"
)

// apiKey opens the interface of a Syncthing that listens on loopback for the
// length of a measurement.
const apiKey = "bench"

// The part of Syncthing's config.xml that is set; the rest takes its defaults.
type (
	stConfig struct {
		XMLName xml.Name   `xml:"configuration"`
		Version int        `xml:"version,attr"`
		Folder  stFolder   `xml:"folder"`
		Devices []stDevice `xml:"device"`
		GUI     stGUI      `xml:"gui"`
		Options stOptions  `xml:"options"`
	}
	stFolder struct {
		ID      string     `xml:"id,attr"`
		Label   string     `xml:"label,attr"`
		Path    string     `xml:"path,attr"`
		Type    string     `xml:"type,attr"`
		Rescan  int        `xml:"rescanIntervalS,attr"`
		Watch   bool       `xml:"fsWatcherEnabled,attr"`
		Delay   float64    `xml:"fsWatcherDelayS,attr"`
		Devices []stMember `xml:"device"`
	}
	stMember struct {
		ID string `xml:"id,attr"`
	}
	stDevice struct {
		ID          string `xml:"id,attr"`
		Name        string `xml:"name,attr"`
		Compression string `xml:"compression,attr"`
		Address     string `xml:"address"`
	}
	stGUI struct {
		Enabled bool   `xml:"enabled,attr"`
		TLS     bool   `xml:"tls,attr"`
		Address string `xml:"address"`
		APIKey  string `xml:"apikey"`
	}
	stOptions struct {
		Listen         []string `xml:"listenAddress"`
		Global         bool     `xml:"globalAnnounceEnabled"`
		Local          bool     `xml:"localAnnounceEnabled"`
		Relays         bool     `xml:"relaysEnabled"`
		Reconnect      int      `xml:"reconnectionIntervalS"`
		Browser        bool     `xml:"startBrowser"`
		NAT            bool     `xml:"natEnabled"`
		Reporting      int      `xml:"urAccepted"`
		Upgrade        int      `xml:"autoUpgradeIntervalH"`
		LowPriority    bool     `xml:"setLowPriority"`
		CrashReporting bool     `xml:"crashReportingEnabled"`
		STUN           int      `xml:"stunKeepaliveStartS"`
	}
)

// stVersion is that of Syncthing 1.19's configuration; later ones convert it.
const stVersion = 36

// config is the configuration of device i.
func (c *syncthing) config(i int) stConfig {
	conf := stConfig{
		Version: stVersion,
		Folder: stFolder{
			ID: "bench", Label: "bench", Path: c.Folder(i), Type: "sendreceive", Rescan: 3600,
			Watch: true, Delay: c.tool.Delay.Seconds(),
		},
		GUI: stGUI{Enabled: true, Address: c.at(askPort, i), APIKey: apiKey},
		Options: stOptions{
			Listen:    []string{"tcp://" + c.at(devicePort, i), "quic://" + c.at(devicePort, i)},
			Reconnect: 1,
			Reporting: -1,
		},
	}
	for j, id := range c.ids {
		conf.Folder.Devices = append(conf.Folder.Devices, stMember{id})
		conf.Devices = append(conf.Devices, stDevice{
			ID: id, Name: fmt.Sprintf("node%d", j), Compression: "metadata", Address: "tcp://" + c.at(devicePort, j),
		})
	}
	return conf
}
