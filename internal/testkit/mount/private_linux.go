package mount

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// privateMark is in the environment of tests that have their own mounts.
const privateMark = "LABSYNC_TEST_PRIVATE_MOUNTS"

// Private runs the tests in namespaces of their own for mounts and processes,
// if that is permitted, and returns the exit code. It is for TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(mount.Private(m)) }
//
// Without the permission the tests run all the same, and Need skips.
func Private(m interface{ Run() int }) int {
	if isPrivate() {
		// /proc has to be that of the processes here.
		if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
			fmt.Fprintln(os.Stderr, "mount /proc for the tests:", err)
			return 1
		}
		return m.Run()
	}
	if os.Geteuid() != 0 {
		return m.Run()
	}
	runtime.LockOSThread() // the child is told of the end of this thread
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = append(os.Environ(), privateMark+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// All processes end with the first one of their namespace, and so do those
	// that serve a file system in user space.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWNS, Cloneflags: syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	if err := cmd.Start(); errors.Is(err, syscall.EPERM) {
		return m.Run()
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "run the tests with mounts of their own:", err)
		return 1
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() < 0 {
		fmt.Fprintln(os.Stderr, "tests with mounts of their own:", err)
	}
	if code := cmd.ProcessState.ExitCode(); code >= 0 {
		return code
	}
	return 1
}

// isPrivate reports whether this is the first process of its namespace; those
// that it starts inherit its environment, and can mount as well.
func isPrivate() bool { return os.Getenv(privateMark) != "" }
