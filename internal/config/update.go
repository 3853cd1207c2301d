package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"github.com/google/uuid"
	"github.com/pelletier/go-toml/v2"

	"github.com/labsync/labsync/internal/device/durable"
)

const lockFile = "lock-config"

// NewFolderID returns an ID for a new folder: a UUID of version 7 (RFC 9562).
func NewFolderID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("make folder ID: %w", err)
	}
	return id.String(), nil
}

// Update changes the configuration in home: it loads it, lets change edit the
// copy, validates the outcome and writes what differs, durably and with mode
// 0600. Settings go into config.toml by replacing their values and nothing
// else; devices and folders into the command line's files. What stands in
// config.toml as a device or folder is a person's, and changing it is refused
// with its line. Concurrent updates, also of other processes, wait for one
// another. Home and config.toml are made if they are missing. It returns the
// configuration as it now is; after an error the files are as they were,
// unless writing itself failed.
func Update(home string, change func(*Config) error) (*Config, error) {
	if err := durable.MkdirAll(home, 0o700); err != nil {
		return nil, fmt.Errorf("make home: %w", err)
	}
	unlock, err := Lock(filepath.Join(home, lockFile))
	if err != nil {
		return nil, err
	}
	defer unlock()
	before, err := Load(home)
	if err != nil {
		return nil, err
	}
	after := before.clone()
	if err := change(after); err != nil {
		return nil, err
	}
	after.complete()
	if err := refuseForeign(before, after); err != nil {
		return nil, err
	}
	if err := after.validate(home); err != nil {
		return nil, err
	}
	if err := refuseFiles(before, after); err != nil {
		return nil, err
	}
	if err := write(home, before, after); err != nil {
		return nil, err
	}
	return Load(home)
}

// refuseFiles finds folders whose new path is a file. A path that became a file
// later is a matter of that folder alone and keeps nothing else from working.
func refuseFiles(before, after *Config) error {
	var wrong Invalid
	for _, f := range after.Folders {
		if was := before.Folder(f.ID); was != nil && was.Path == f.Path {
			continue
		}
		if info, err := os.Stat(f.Path); err == nil && !info.IsDir() {
			wrong.addf("the path of folder %q, %s, is a file: choose a directory", f.ID, f.Path)
		}
	}
	return wrong.orNil()
}

// refuseForeign finds changes to devices and folders that stand in
// config.toml.
func refuseForeign(before, after *Config) error {
	var wrong Invalid
	for _, d := range before.Devices {
		if now := after.Device(d.ID); d.origin.file == ConfigFile && (now == nil || !reflect.DeepEqual(*now, d)) {
			wrong.addf("device %s stands in %v: change or remove it there", d.ID, d.origin)
		}
	}
	for _, f := range before.Folders {
		if now := after.Folder(f.ID); f.origin.file == ConfigFile && (now == nil || !reflect.DeepEqual(*now, f)) {
			wrong.addf("folder %q stands in %v: change or remove it there", f.ID, f.origin)
		}
	}
	return wrong.orNil()
}

// write writes the files that differ. Folders refer to devices; the order of
// writes is such that a crash between two leaves no reference to nothing.
func write(home string, before, after *Config) error {
	if err := writeSettings(home, before, after); err != nil {
		return err
	}
	steps := []func() error{
		func() error {
			return writeTables(home, DevicesFile, devicesFile{ownDevices(before)}, devicesFile{ownDevices(after)})
		},
		func() error {
			return writeTables(home, FoldersFile, foldersFile{ownFolders(before)}, foldersFile{ownFolders(after)})
		},
	}
	if len(Compare(before, after).DevicesRemoved) > 0 {
		steps[0], steps[1] = steps[1], steps[0]
	}
	return errors.Join(steps[0](), steps[1]())
}

func ownDevices(c *Config) []Device {
	var own []Device
	for _, d := range c.Devices {
		if d.origin.file != ConfigFile {
			own = append(own, d)
		}
	}
	return own
}

func ownFolders(c *Config) []Folder {
	var own []Folder
	for _, f := range c.Folders {
		if f.origin.file != ConfigFile {
			own = append(own, f)
		}
	}
	return own
}

func writeTables(home, name string, before, after any) error {
	old, err := toml.Marshal(before)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	content, err := toml.Marshal(after)
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	if string(old) == string(content) {
		return nil
	}
	head := "# Written by labsync's commands; comments here do not last.\n" +
		"# A table that you move to " + ConfigFile + " is yours: it wins over the one here.\n\n"
	return save(home, name, append([]byte(head), content...))
}

// writeSettings edits config.toml, or makes it.
func writeSettings(home string, before, after *Config) error {
	doc, err := os.ReadFile(filepath.Join(home, ConfigFile))
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("read configuration: %w", err)
	}
	if missing {
		doc = []byte(template)
		before = before.clone()
		before.Name = "" // the host's name today; written so that it stays
	}
	edited := missing
	was, is := before.settings(), after.settings()
	for i, s := range is {
		if reflect.DeepEqual(was[i].value, s.value) {
			continue
		}
		if doc, err = setKey(doc, s.table, s.key, s.value); err != nil {
			return err
		}
		edited = true
	}
	if !edited {
		return nil
	}
	return save(home, ConfigFile, doc)
}

func save(home, name string, content []byte) error {
	if err := durable.WriteFile(filepath.Join(home, name), content, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// setting is one value of config.toml that is neither a device nor a folder.
type setting struct {
	table, key string // table is "" for the top level
	value      any
}

func (c *Config) settings() []setting {
	return []setting{
		{"", "name", c.Name},
		{"", "person", c.Person},
		{"", "listen", c.Listen},
		{"", "api", c.API},
		{"", "discovery", c.Discovery},
		{"", "log_level", c.LogLevel},
		{"", "rescan_interval", c.RescanInterval},
		{"limits", "send", c.Limits.Send},
		{"limits", "receive", c.Limits.Receive},
	}
}
