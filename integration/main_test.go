package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// program is the labsync that the tests run; TestMain builds it.
var program string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	// Sockets of daemons lie here too, and their paths have to be short.
	dir, err := os.MkdirTemp("", "lsit")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a directory for the program:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Chmod(dir, 0o755) // daemons of another user run from here
	os.Setenv("XDG_RUNTIME_DIR", dir)
	program = filepath.Join(dir, "bin")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	args := []string{"build", "-o", program}
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "github.com/labsync/labsync/cmd/labsync")...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build labsync: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
