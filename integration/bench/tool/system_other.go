//go:build !linux

package tool

import (
	"os"
	"os/exec"

	"github.com/labsync/labsync/integration/bench/observe"
)

func dieWithUs(*exec.Cmd) {}

func ended(s *os.ProcessState) observe.Usage {
	return observe.Usage{CPU: s.UserTime() + s.SystemTime()}
}
