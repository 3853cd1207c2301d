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
	if changed, err := d.load(); err == nil && changed {
		d.apply(d.working)
		d.peers.announce(d.working)
	}
}

// load reads the configuration, takes it and reports whether it is another one.
// One that is not valid is refused.
func (d *Daemon) load() (changed bool, err error) {
	d.loading.Lock()
	defer d.loading.Unlock()
	c, err := config.Load(string(d.Home))
	if err != nil {
		d.tell(event.Event{Type: event.ConfigRefused, Text: err.Error()})
		return false, err
	}
	return d.take(c), nil
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
		_ = d.setLogLevel(c.LogLevel) // valid: the configuration is
	}
	d.tell(event.Event{Type: event.ConfigChanged, Text: describeChange(before, c)})
	return true
}
