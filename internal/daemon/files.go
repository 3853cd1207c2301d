package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/event"
)

// fileStamp tells one state of the configuration files from another.
func fileStamp(home string) string {
	var b strings.Builder
	for _, name := range []string{config.ConfigFile, config.DevicesFile, config.FoldersFile} {
		if info, err := os.Stat(filepath.Join(home, name)); err == nil {
			fmt.Fprintf(&b, "%s %d %d;", name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return b.String()
}

// lookAtFiles takes configuration files that a person has edited. Only follow
// calls it.
func (d *Daemon) lookAtFiles() {
	stamp := fileStamp(string(d.Home))
	if stamp == d.stamp {
		return
	}
	d.stamp = stamp
	c, err := config.Load(string(d.Home))
	if err != nil {
		d.tell(event.Event{Type: event.ConfigRefused, Text: err.Error()})
		return
	}
	if d.take(c) {
		d.apply(d.working)
		d.peers.announce(d.working)
	}
}

// take makes c the configuration and reports whether it is another one.
func (d *Daemon) take(c *config.Config) bool {
	d.mu.Lock()
	before := d.conf
	d.conf = c
	d.mu.Unlock()
	if config.Compare(before, c).Empty() {
		return false
	}
	if before.LogLevel != c.LogLevel {
		d.setLogLevel(c.LogLevel)
	}
	d.tell(event.Event{Type: event.ConfigChanged, Text: describeChange(before, c)})
	return true
}
