package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

// Exit codes, which scripts rely on.
const (
	exitDone     = 0
	exitFailed   = 1
	exitMisuse   = 2
	exitNoDaemon = 4
)

// run carries out a command line and returns the exit code.
func run(ctx context.Context, e *environment, args []string) int {
	root := rootCommand(e)
	root.SetArgs(args)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(e.stderr, "labsync: %s\n", escape(sentence(err)))
	return exitCode(err)
}

func exitCode(err error) int {
	var refusal *api.Error
	switch {
	case errors.Is(err, api.ErrNoDaemon):
		return exitNoDaemon
	case errors.As(err, &refusal) && refusal.Code == api.CodeMisuse:
		return exitMisuse
	}
	return exitFailed
}

// sentence says an error to a person, in one line.
func sentence(err error) string {
	if errors.Is(err, api.ErrNoDaemon) {
		return "no labsync daemon runs on this home: start one with \"labsync up\""
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", "; ")), " ")
}

// misuse is the error of a command that was typed wrong.
func misuse(format string, args ...any) error { return api.Misuse(fmt.Sprintf(format, args...)) }

func rootCommand(e *environment) *cobra.Command {
	root := &cobra.Command{
		Use:     "labsync",
		Short:   "Keep folders the same on several devices",
		Long:    "labsync keeps folders the same on several devices, directly between them and without a server.\nStart with: labsync up ~/LabSync",
		Version: version(),
		Args:    noCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("labsync {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return misuse("%v: see \"%s --help\"", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&e.homeFlag, "home", "",
		"directory of configuration, key and index (default: $"+config.HomeVariable+", or the system's place for it)")
	root.AddCommand(
		upCommand(e), demoCommand(e),
		initCommand(e), idCommand(e), deviceCommand(e), folderCommand(e), limitCommand(e),
		statusCommand(e), waitCommand(e), eventsCommand(e), logLevelCommand(e),
	)
	return root
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(commands...)
	return cmd
}

// noCommand refuses what is no subcommand, naming one that was probably meant.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q", near[0])
	}
	return misuse("%s has no command %q: %s", cmd.CommandPath(), args[0], hint)
}

// takes checks the number of arguments; what names them for the refusal.
func takes(low, high int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < low:
			return misuse("%q needs %s: see \"%s --help\"", cmd.CommandPath(), what, cmd.CommandPath())
		case high >= 0 && len(args) > high:
			return misuse("%q takes %s and not %q besides: see \"%s --help\"", cmd.CommandPath(), what, args[high], cmd.CommandPath())
		}
		return nil
	}
}

// oneOf checks a flag's value against a closed list; "" passes.
func oneOf(flag, value string, allowed ...string) error {
	if value == "" {
		return nil
	}
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return misuse("--%s is %q: choose one of %s", flag, value, strings.Join(allowed, ", "))
}

// completeWith offers a closed list for a flag.
func completeWith(cmd *cobra.Command, flag string, values ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist: a mistake in this program
	}
}
