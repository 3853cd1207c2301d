// Command labsync keeps folders the same on several devices. It is the daemon
// ("labsync up") and the command line that talks to it.
//
// One file holds one subcommand. Commands that read or change the configuration
// go through the API of the daemon if one runs on the home, and else edit the
// files by the same code (internal/api/edit). What a command has to say goes to
// stdout, a refusal to stderr as one sentence, a log to stderr. Exit codes: 0
// done, 1 failed, 2 misuse, 4 no daemon.
//
// Only "up" and "demo" start goroutines: the daemon, and one that prints its
// events; both have ended when the command returns.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(mainCode()) }

// mainCode is main without the exit, for tests that run the command in their
// own process.
func mainCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	e := &environment{stdout: os.Stdout, stderr: os.Stderr, arg0: os.Args[0], daemon: runDaemon}
	return run(ctx, e, os.Args[1:])
}
