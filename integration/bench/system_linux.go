package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// insideVariable tells this program that it runs in a network namespace of its own.
const insideVariable = "LABSYNC_BENCH_NAMESPACE"

func inNamespace() bool { return os.Getenv(insideVariable) != "" }

// intoNamespace runs this program again in a network namespace of its own, if it
// may make one, and returns how that ended. In the second run it raises loopback.
func intoNamespace() (code int, moved bool) {
	if inNamespace() {
		if err := raiseLoopback(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: raise loopback:", err)
			return 1, true
		}
		return 0, false
	}
	if os.Getuid() != 0 {
		return 0, false
	}
	self, err := os.Executable()
	if err != nil {
		return 0, false
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), insideVariable+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: no network namespace, bytes on the wire are not reported:", err)
		return 0, false
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in ProcessState
	}()
	for {
		select {
		case s := <-signals: // ends the second run in order, and thus this one
			_ = cmd.Process.Signal(s)
		case <-ended:
			return cmd.ProcessState.ExitCode(), true
		}
	}
}

func raiseLoopback() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}

// syncAll writes out what is dirty on all file systems.
func syncAll() { unix.Sync() }
