package config

import (
	"reflect"

	"github.com/labsync/labsync/internal/device"
)

// Change is what differs between two configurations.
type Change struct {
	Settings []string // keys, as "listen" or "limits.send"

	DevicesAdded, DevicesRemoved, DevicesChanged []device.ID
	FoldersAdded, FoldersRemoved, FoldersChanged []string // IDs
}

// Empty reports whether nothing differs.
func (c Change) Empty() bool { return reflect.DeepEqual(c, Change{}) }

// Compare says what a device that runs with before has to do to run with
// after. Where a thing stands does not count.
func Compare(before, after *Config) Change {
	var c Change
	was := before.settings()
	for i, s := range after.settings() {
		if reflect.DeepEqual(was[i].value, s.value) {
			continue
		}
		key := s.key
		if s.table != "" {
			key = s.table + "." + key
		}
		c.Settings = append(c.Settings, key)
	}
	c.DevicesAdded, c.DevicesRemoved, c.DevicesChanged = compare(before.Devices, after.Devices,
		func(d Device) device.ID { return d.ID }, func(d Device) Device { d.origin = origin{}; return d })
	c.FoldersAdded, c.FoldersRemoved, c.FoldersChanged = compare(before.Folders, after.Folders,
		func(f Folder) string { return f.ID }, func(f Folder) Folder { f.origin = origin{}; return f })
	return c
}

func compare[T any, K comparable](before, after []T, key func(T) K, plain func(T) T) (added, removed, changed []K) {
	old := map[K]T{}
	for _, b := range before {
		old[key(b)] = plain(b)
	}
	now := map[K]bool{}
	for _, a := range after {
		now[key(a)] = true
		switch b, found := old[key(a)]; {
		case !found:
			added = append(added, key(a))
		case !reflect.DeepEqual(b, plain(a)):
			changed = append(changed, key(a))
		}
	}
	for _, b := range before {
		if !now[key(b)] {
			removed = append(removed, key(b))
		}
	}
	return added, removed, changed
}
