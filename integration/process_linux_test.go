package integration

import (
	"os/exec"
	"syscall"
)

// dieWithTests lets the kernel kill the process should the tests be killed.
func dieWithTests(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
