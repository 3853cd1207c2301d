package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
)

func folderCommand(e *environment) *cobra.Command {
	return group("folder", "Folders: add, list, remove, set, pause, resume, rescan, override, revert",
		folderAdd(e), folderList(e), folderRemove(e), folderSet(e),
		folderPause(e, "pause", "Leave a folder alone until it is resumed", true),
		folderPause(e, "resume", "Go on with a paused folder", false),
		folderRescan(e), folderOverride(e), folderRevert(e))
}

func folderList(e *environment) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the folders as configured",
		Args:  takes(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ed, err := e.editor(cmd.Context())
			if err != nil {
				return err
			}
			list, err := ed.Folders(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return e.printJSON(api.List[api.FolderConfig](list))
			}
			w := tabwriter.NewWriter(e.stdout, 0, 8, 2, ' ', 0)
			for _, f := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", escape(f.Label), escape(f.ID), escape(f.Path), folderNotes(f))
			}
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func folderNotes(f api.FolderConfig) string {
	notes := []string{f.Strategy}
	if f.Direction != api.SendReceive {
		notes = append(notes, f.Direction)
	}
	if f.Paused {
		notes = append(notes, "paused")
	}
	switch len(f.Devices) {
	case 0:
		notes = append(notes, "not shared yet")
	case 1:
		notes = append(notes, "shared with 1 device")
	default:
		notes = append(notes, fmt.Sprintf("shared with %d devices", len(f.Devices)))
	}
	return strings.Join(notes, ", ")
}

func folderRemove(e *environment) *cobra.Command {
	return &cobra.Command{
		Use:               "remove FOLDER",
		Short:             "Synchronise a folder no more; its files stay",
		Args:              takes(1, 1, "a folder's ID, label or path"),
		ValidArgsFunction: completeFolders(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			ed, f, err := e.folder(cmd, args[0])
			if err != nil {
				return err
			}
			if err := ed.RemoveFolder(cmd.Context(), f.ID); err != nil {
				return err
			}
			e.say("folder %s is synchronised no more; the files in %s stay", escape(f.Label), escape(f.Path))
			return nil
		},
	}
}

func folderSet(e *environment) *cobra.Command {
	var set api.FolderSet
	var add, remove []string
	cmd := &cobra.Command{
		Use:               "set FOLDER",
		Short:             "Change a folder",
		Example:           "labsync folder set LabSync --strategy staggered --device bench",
		Args:              takes(1, 1, "a folder's ID, label or path"),
		ValidArgsFunction: completeFolders(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkModes(set.Strategy, set.Blocks, set.Direction); err != nil {
				return err
			}
			ctx := cmd.Context()
			ed, f, err := e.folder(cmd, args[0])
			if err != nil {
				return err
			}
			if set.AddDevices, err = deviceIDs(ctx, ed, add); err != nil {
				return err
			}
			if set.RemoveDevices, err = deviceIDs(ctx, ed, remove); err != nil {
				return err
			}
			f, err = ed.SetFolder(ctx, f.ID, set)
			if err != nil {
				return err
			}
			e.say("folder %s: %s", escape(f.Label), folderNotes(f))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&set.Label, "label", "", "what people call it")
	modeFlags(cmd, &set.Strategy, &set.Blocks, &set.Direction)
	f.StringSliceVar(&add, "device", nil, "share it with these devices too (IDs or names)")
	f.StringSliceVar(&remove, "remove-device", nil, "share it with these devices no more")
	f.BoolVar(&set.AcceptIgnore, "accept-ignore", false, "put the changed .labsyncignore of another device in force here")
	completeFlag(cmd, "device", completeDevices(e))
	completeFlag(cmd, "remove-device", completeDevices(e))
	return cmd
}

func folderPause(e *environment, use, short string, paused bool) *cobra.Command {
	return &cobra.Command{
		Use:               use + " FOLDER",
		Short:             short,
		Args:              takes(1, 1, "a folder's ID, label or path"),
		ValidArgsFunction: completeFolders(e),
		RunE: func(cmd *cobra.Command, args []string) error {
			ed, f, err := e.folder(cmd, args[0])
			if err != nil {
				return err
			}
			return ed.PauseFolder(cmd.Context(), f.ID, paused)
		},
	}
}

// modeFlags are the flags that add and set have in common.
func modeFlags(cmd *cobra.Command, strategy, blocks, direction *string) {
	f := cmd.Flags()
	f.StringVar(strategy, "strategy", "", "what is kept when versions lose: none, simple or staggered")
	f.StringVar(blocks, "blocks", "", "how files changed here are cut: content (finds moved parts) or fixed (as Syncthing)")
	f.StringVar(direction, "direction", "", "send-receive, send-only or receive-only")
	completeWith(cmd, "strategy", api.StrategyNone, api.StrategySimple, api.StrategyStaggered)
	completeWith(cmd, "blocks", api.BlocksContent, api.BlocksFixed)
	completeWith(cmd, "direction", api.SendReceive, api.SendOnly, api.ReceiveOnly)
}

func checkModes(strategy, blocks, direction string) error {
	if err := oneOf("strategy", strategy, api.StrategyNone, api.StrategySimple, api.StrategyStaggered); err != nil {
		return err
	}
	if err := oneOf("blocks", blocks, api.BlocksContent, api.BlocksFixed); err != nil {
		return err
	}
	return oneOf("direction", direction, api.SendReceive, api.SendOnly, api.ReceiveOnly)
}

// folder finds a folder and what to change it with.
func (e *environment) folder(cmd *cobra.Command, typed string) (editor, api.FolderConfig, error) {
	ed, err := e.editor(cmd.Context())
	if err != nil {
		return nil, api.FolderConfig{}, err
	}
	list, err := ed.Folders(cmd.Context())
	if err != nil {
		return nil, api.FolderConfig{}, err
	}
	f, err := findFolder(list, typed)
	return ed, f, err
}
