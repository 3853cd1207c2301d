package edit

import (
	"slices"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

// Device writes a configured device as the API has it.
func Device(d config.Device) api.DeviceConfig {
	return api.DeviceConfig{ID: d.ID.String(), Name: d.Name, Addresses: d.Addresses, Paused: d.Paused,
		SendLimit: int64(d.SendLimit), ReceiveLimit: int64(d.ReceiveLimit)}
}

// Folder writes a configured folder as the API has it.
func Folder(f config.Folder) api.FolderConfig {
	out := api.FolderConfig{ID: f.ID, Label: f.Label, Path: f.Path, Strategy: f.Strategy, Blocks: f.Blocks,
		Direction: f.Direction, Paused: f.Paused}
	for _, d := range f.Devices {
		out.Devices = append(out.Devices, d.String())
	}
	return out
}

func deviceIDs(texts []string) ([]device.ID, error) {
	ids := make([]device.ID, len(texts))
	for i, text := range texts {
		id, err := device.ParseID(text)
		if err != nil {
			return nil, api.Misuse(err.Error())
		}
		ids[i] = id
	}
	return ids, nil
}

// union returns a and what of b it lacks, in a slice of its own.
func union(a, b []device.ID) []device.ID {
	all := slices.Clone(a)
	for _, id := range b {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

func overwrite(field *string, value string) {
	if value != "" {
		*field = value
	}
}
