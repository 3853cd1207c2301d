//go:build !linux

package integration

import (
	"os/exec"
	"syscall"
)

// dieWithTests does what it can where the system has no such thing: nothing.
func dieWithTests(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{} }
