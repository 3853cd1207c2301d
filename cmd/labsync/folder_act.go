package main

import (
	"context"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

func folderRescan(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:               "rescan FOLDER[:PATH]",
		Short:             "Compare the disk with the index now",
		Long:              "Compares the disk with the index now: of a whole folder, or beneath a path in it.",
		Args:              takes(1, 1, "a folder's ID, label or path"),
		ValidArgsFunction: completeFolders(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.act(cmd.Context(), func(c *api.Client, list []api.FolderConfig) error {
				f, name, err := findInFolder(list, args[0])
				if err != nil {
					return err
				}
				return c.RescanFolder(cmd.Context(), f.ID, name)
			})
		},
	}
}

func folderOverride(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:               "override FOLDER",
		Short:             "Send-only folders: make the content here the newest everywhere",
		Args:              takes(1, 1, "a folder's ID, label or path"),
		ValidArgsFunction: completeFolders(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.act(cmd.Context(), func(c *api.Client, list []api.FolderConfig) error {
				f, err := findFolder(list, args[0])
				if err != nil {
					return err
				}
				return c.OverrideFolder(cmd.Context(), f.ID)
			})
		},
	}
}

func folderRevert(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:               "revert FOLDER",
		Short:             "Receive-only folders: take what others have; what was changed here is kept aside",
		Args:              takes(1, 1, "a folder's ID, label or path"),
		ValidArgsFunction: completeFolders(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.act(cmd.Context(), func(c *api.Client, list []api.FolderConfig) error {
				f, err := findFolder(list, args[0])
				if err != nil {
					return err
				}
				return c.RevertFolder(cmd.Context(), f.ID)
			})
		},
	}
}

// act does what only a running daemon can do with a folder.
func (e *environment) act(ctx context.Context, do func(*api.Client, []api.FolderConfig) error) error {
	c, err := e.running(ctx)
	if err != nil {
		return err
	}
	list, err := c.Folders(ctx)
	if err != nil {
		return err
	}
	return do(c, list)
}

// findInFolder finds a folder, or a path in one, given as FOLDER, FOLDER:rel/path
// or the path on this machine. name is "" for the whole folder.
func findInFolder(list []api.FolderConfig, typed string) (f api.FolderConfig, name string, err error) {
	if f, err = findFolder(list, typed); err == nil {
		return f, "", nil
	}
	if folder, rel, ok := strings.Cut(typed, ":"); ok {
		if f, err := findFolder(list, folder); err == nil {
			return f, path.Clean(filepath.ToSlash(rel)), nil
		}
	}
	abs, absErr := config.AbsPath(typed)
	if absErr != nil {
		return f, "", err
	}
	for _, f := range list {
		if rel, relErr := filepath.Rel(f.Path, abs); relErr == nil && filepath.IsLocal(rel) {
			return f, filepath.ToSlash(rel), nil
		}
	}
	return f, "", err
}
