package tool

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/labsync/labsync/integration/bench/observe"
)

// dieWithUs lets the kernel kill the process should the benchmark be killed.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// ended is what a process used that has ended.
func ended(s *os.ProcessState) observe.Usage {
	u := observe.Usage{CPU: s.UserTime() + s.SystemTime()}
	if r, ok := s.SysUsage().(*syscall.Rusage); ok {
		u.PeakRSS = r.Maxrss << 10
	}
	return u
}
