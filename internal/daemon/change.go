package daemon

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

// atStart are settings that hold from the next start on.
var atStart = []string{"name", "person", "listen", "api", "discovery"}

// describeChange says in one sentence what changed in the configuration.
func describeChange(before, after *config.Config) string {
	c := config.Compare(before, after)
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+" "+strings.Join(names, ", "))
		}
	}
	add("added device", deviceNames(after, c.DevicesAdded))
	add("removed device", deviceNames(before, c.DevicesRemoved))
	add("changed device", deviceNames(after, c.DevicesChanged))
	add("added folder", folderNames(after, c.FoldersAdded))
	add("removed folder", folderNames(before, c.FoldersRemoved))
	add("changed folder", folderNames(after, c.FoldersChanged))
	now, later := partition(c.Settings, func(key string) bool { return !slices.Contains(atStart, key) })
	add("changed", now)
	if len(later) > 0 {
		parts = append(parts, fmt.Sprintf("%s will change when labsync is started again", strings.Join(later, ", ")))
	}
	return "configuration: " + strings.Join(parts, "; ")
}

func deviceNames(c *config.Config, ids []device.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		if out[i] = id.Short(); c.Device(id) != nil {
			out[i] = cmp.Or(c.Device(id).Name, id.Short())
		}
	}
	return out
}

func folderNames(c *config.Config, ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		if out[i] = id; c.Folder(id) != nil {
			out[i] = cmp.Or(c.Folder(id).Label, id)
		}
	}
	return out
}

func partition(keys []string, in func(string) bool) (yes, no []string) {
	for _, k := range keys {
		if in(k) {
			yes = append(yes, k)
		} else {
			no = append(no, k)
		}
	}
	return yes, no
}
