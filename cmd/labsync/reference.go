package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

// findDevice returns the device that a person means: by its ID, however typed,
// or by its name.
func findDevice(list []api.DeviceConfig, typed string) (api.DeviceConfig, error) {
	id, parseErr := device.ParseID(typed)
	var found []api.DeviceConfig
	for _, d := range list {
		if parseErr == nil && d.ID == id.String() {
			return d, nil
		}
		if d.Name == typed {
			found = append(found, d)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return api.DeviceConfig{}, misuse("%d devices are named %q: give the ID of the one you mean, see \"labsync device list\"", len(found), typed)
	case parseErr == nil:
		return api.DeviceConfig{}, api.NotFound("device " + id.String() + " is not known here: add it with \"labsync device add\" first")
	case looksLikeID(typed):
		return api.DeviceConfig{}, misuse("%v", parseErr)
	}
	return api.DeviceConfig{}, api.NotFound("no device here is named \"" + typed + "\": see \"labsync device list\"")
}

// looksLikeID tells a mistyped ID from a name.
func looksLikeID(typed string) bool {
	return len(typed) >= 40 && strings.Count(typed, "-") >= 3 && !strings.ContainsAny(typed, " ._/")
}

// deviceIDs finds several devices, given in one flag or more.
func deviceIDs(ctx context.Context, ed editor, typed []string) ([]string, error) {
	if len(typed) == 0 {
		return nil, nil
	}
	list, err := ed.Devices(ctx)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(typed))
	for i, t := range typed {
		d, err := findDevice(list, strings.TrimSpace(t))
		if err != nil {
			return nil, err
		}
		ids[i] = d.ID
	}
	return ids, nil
}

// findFolder returns the folder that a person means: by its ID, its path or
// its label.
func findFolder(list []api.FolderConfig, typed string) (api.FolderConfig, error) {
	var found []api.FolderConfig
	path, pathErr := config.AbsPath(typed)
	for _, f := range list {
		if f.ID == typed {
			return f, nil
		}
		if f.Label == typed || pathErr == nil && filepath.Clean(f.Path) == path {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return api.FolderConfig{}, api.NotFound("there is no folder \"" + typed + "\" here: see \"labsync folder list\"")
	}
	return api.FolderConfig{}, misuse("%d folders go by %q: give the ID of the one you mean, see \"labsync folder list\"", len(found), typed)
}

// folderID finds a folder among an editor's.
func folderID(ctx context.Context, ed editor, typed string) (string, error) {
	list, err := ed.Folders(ctx)
	if err != nil {
		return "", err
	}
	f, err := findFolder(list, typed)
	return f.ID, err
}

// completeDevices and completeFolders offer what is configured.
func completeDevices(e *environment) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ed, err := e.editor(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		list, err := ed.Devices(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var offers []string
		for _, d := range list {
			offers = append(offers, cobra.CompletionWithDesc(d.ID, escape(d.Name)))
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}

func completeFolders(e *environment) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ed, err := e.editor(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		list, err := ed.Folders(cmd.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var offers []string
		for _, f := range list {
			offers = append(offers, cobra.CompletionWithDesc(f.ID, escape(f.Label)))
		}
		return offers, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlag registers a flag's completion.
func completeFlag(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
}
