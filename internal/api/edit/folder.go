package edit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

// AddFolder adds a folder and makes its directory, or shares the one that the
// path is already. A folder that nobody else shares may take another ID: to the
// index it is then a new one, whose files are met by their content alone, so
// none is overwritten.
func (h Home) AddFolder(_ context.Context, a api.FolderAdd) (api.FolderConfig, error) {
	if !filepath.IsAbs(a.Path) {
		return api.FolderConfig{}, api.Misuse("the path of a folder must be absolute")
	}
	devices, err := deviceIDs(a.Devices)
	if err != nil {
		return api.FolderConfig{}, err
	}
	var id string
	isNew := false
	c, err := h.update(func(c *config.Config) error {
		var err error
		if f := at(c, a.Path); f != nil {
			id, err = meet(c, f, a, devices)
			return err
		}
		isNew = true
		id, err = insert(c, a, devices)
		return err
	})
	if err != nil {
		return api.FolderConfig{}, err
	}
	if isNew {
		if err := h.makeDirectory(id, a.Path); err != nil {
			return api.FolderConfig{}, err
		}
	}
	return Folder(*c.Folder(id)), nil
}

// makeDirectory makes a new folder's directory, after everything about it has
// been found in order, or takes the folder back.
func (h Home) makeDirectory(id, path string) error {
	err := os.MkdirAll(path, 0o777)
	if err == nil {
		return nil
	}
	_, undo := h.update(func(c *config.Config) error {
		c.RemoveFolder(id)
		return nil
	})
	refused := api.Refused(fmt.Sprintf("the directory %s cannot be made: choose another, or make it yourself (%v)", path, err))
	return errors.Join(refused, undo)
}

// at returns the folder with that path.
func at(c *config.Config, path string) *config.Folder {
	for i := range c.Folders {
		if samePath(c.Folders[i].Path, path) {
			return &c.Folders[i]
		}
	}
	return nil
}

func samePath(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func insert(c *config.Config, a api.FolderAdd, devices []device.ID) (id string, err error) {
	switch {
	case a.ID != "":
		id = a.ID
	case a.Join != "":
		id = a.Join
	default:
		if id, err = config.NewFolderID(); err != nil {
			return "", err
		}
	}
	if f := c.Folder(id); f != nil {
		return "", idTaken(f)
	}
	c.Folders = append(c.Folders, config.Folder{ID: id, Label: a.Label, Path: a.Path, Devices: devices,
		Strategy: a.Strategy, Blocks: a.Blocks, Direction: a.Direction})
	return id, nil
}

func idTaken(f *config.Folder) error {
	return api.Refused(fmt.Sprintf("the ID %s is that of the folder %s already: choose another ID, or that path", f.ID, f.Path))
}

// meet changes the folder f, which is at the path already, into what is asked.
func meet(c *config.Config, f *config.Folder, a api.FolderAdd, devices []device.ID) (string, error) {
	id := meetingID(f.ID, a)
	if id == f.ID && a.ID == "" && a.Join == "" && len(devices) == 0 {
		return "", api.Refused(fmt.Sprintf("%s is the folder %s already: change it with \"labsync folder set\"", a.Path, f.ID))
	}
	if id != f.ID {
		if other := c.Folder(id); other != nil {
			return "", idTaken(other)
		}
		if others := without(f.Devices, devices); len(others) > 0 {
			return "", api.Refused(fmt.Sprintf("%s is the folder %s already and keeps that ID, because %s has it too: "+
				"on the other device type \"labsync folder add PATH --id %s\" with --device and the ID of this device", a.Path, f.ID, name(c, others[0]), f.ID))
		}
	}
	changed := *f
	changed.ID = id
	changed.Devices = union(f.Devices, devices)
	overwrite(&changed.Label, a.Label)
	overwrite(&changed.Strategy, a.Strategy)
	overwrite(&changed.Blocks, a.Blocks)
	overwrite(&changed.Direction, a.Direction)
	*f = changed
	return id, nil
}

// meetingID is the ID that two folders hold after both sides have typed the
// other's line. It depends on the two IDs only, so the order does not matter.
func meetingID(have string, a api.FolderAdd) string {
	switch {
	case a.ID != "":
		return a.ID
	case a.Join != "":
		return min(have, a.Join)
	}
	return have
}

func without(all, some []device.ID) []device.ID {
	return slices.DeleteFunc(slices.Clone(all), func(id device.ID) bool { return slices.Contains(some, id) })
}

func name(c *config.Config, id device.ID) string {
	if d := c.Device(id); d != nil && d.Name != "" {
		return d.Name
	}
	return id.String()
}
