package integration

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// program is the labsync that the tests run; TestMain builds it.
var program string

// fullVariable asks for the sizes that ".ci/run storm" tests.
const fullVariable = "LABSYNC_FULL"

// sized returns the full size of a test if that is asked for, else a small one
// that takes a few seconds.
func sized(small, full int) int {
	if os.Getenv(fullVariable) != "" {
		return full
	}
	return small
}

// together is how many tests run at once of those that may: they wait for
// disks, timers and one another more than they compute.
const together = "6"

func TestMain(m *testing.M) {
	if path := os.Getenv(writerVariable); path != "" {
		os.Exit(lateWriter(path, os.Stdin, os.Stdout))
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	flag.Parse()
	flag.Set("test.parallel", together)
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
