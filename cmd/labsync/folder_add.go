package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

func folderAdd(e *environment) *cobra.Command {
	var a api.FolderAdd
	var devices []string
	cmd := &cobra.Command{
		Use:   "add [PATH]",
		Short: "Synchronise a directory, or share one that is a folder already",
		Long: `Synchronises the directory at PATH, which is made if it is missing.

Where PATH is a folder already, it is shared with the devices given. With --id
it takes that ID, if nobody else shares it yet; its files are kept and meet
those of the other device by their content.

--join does the same with the smaller of the two IDs: two people who each made a
folder and type the line that the other's "labsync up" prints end up with one
folder, whoever types first. PATH may then be left out: the folder that is not
shared yet is meant.`,
		Args: takes(0, 1, "the path of a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkModes(a.Strategy, a.Blocks, a.Direction); err != nil {
				return err
			}
			if a.ID != "" && a.Join != "" {
				return misuse("--id and --join cannot both be given: --id sets the ID, --join agrees on one")
			}
			ed, err := e.editor(cmd.Context())
			if err != nil {
				return err
			}
			if a.Devices, err = deviceIDs(cmd.Context(), ed, devices); err != nil {
				return err
			}
			if a.Path, err = addPath(cmd, ed, args, &a); err != nil {
				return err
			}
			_, missing := os.Stat(a.Path)
			f, err := ed.AddFolder(cmd.Context(), a)
			if err != nil {
				return err
			}
			if errors.Is(missing, fs.ErrNotExist) {
				e.say("%s was not there: an empty directory was made", escape(f.Path))
			}
			e.say("folder %s (%s) is %s: %s", escape(f.Label), escape(f.ID), escape(f.Path), folderNotes(f))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.ID, "id", "", "the folder's ID on all devices (default: a new one)")
	f.StringVar(&a.Join, "join", "", "the ID of another device's folder to become one with")
	f.StringVar(&a.Label, "label", "", "what people call it (default: the directory's name)")
	modeFlags(cmd, &a.Strategy, &a.Blocks, &a.Direction)
	f.StringSliceVar(&devices, "device", nil, "share it with these devices (IDs or names)")
	completeFlag(cmd, "device", completeDevices(e))
	return cmd
}

// addPath returns the absolute path of the folder to add.
func addPath(cmd *cobra.Command, ed editor, args []string, a *api.FolderAdd) (string, error) {
	if len(args) == 0 {
		return meantPath(cmd, ed, a)
	}
	path, err := config.AbsPath(args[0])
	if err != nil {
		return "", misuse("%v", err)
	}
	if st, err := os.Stat(path); err == nil && !st.IsDir() {
		return "", misuse("%s is a file and cannot be a folder: choose a directory", path)
	}
	return filepath.Clean(path), nil
}

// meantPath finds the folder that someone means who gave no path.
func meantPath(cmd *cobra.Command, ed editor, a *api.FolderAdd) (string, error) {
	wanted := a.ID + a.Join // one of them is ""
	if wanted == "" {
		return "", misuse("\"labsync folder add\" needs the path of a directory")
	}
	list, err := ed.Folders(cmd.Context())
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(list, func(f api.FolderConfig) bool { return f.ID == wanted }); i >= 0 {
		return list[i].Path, nil
	}
	// A line typed twice finds the folder by whom it is shared with by now.
	for _, fits := range []func(api.FolderConfig) bool{
		func(f api.FolderConfig) bool { return len(a.Devices) > 0 && slices.Equal(f.Devices, a.Devices) },
		func(f api.FolderConfig) bool { return len(f.Devices) == 0 },
		func(api.FolderConfig) bool { return true },
	} {
		found := slices.DeleteFunc(slices.Clone(list), func(f api.FolderConfig) bool { return !fits(f) })
		if len(found) == 1 {
			return found[0].Path, nil
		}
	}
	if len(list) == 0 {
		return "", misuse("no folder is here yet: give the path of a directory for it, as \"labsync folder add ~/LabSync --join %s\"", wanted)
	}
	return "", misuse("%s: give the path of the one you mean", fmt.Sprintf("there are %d folders here", len(list)))
}
