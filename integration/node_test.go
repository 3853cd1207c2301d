package integration

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

// node is one device: a home, a folder and, while it runs, a daemon.
type node struct {
	t            *testing.T
	name         string
	home, folder string
	id           string   // device ID
	env          []string // beside the tests' own
	// wrap, if set, returns the command that runs a command.
	wrap func(args []string) []string
	// user, if set, changes which user runs a command.
	user func(*exec.Cmd)

	client *api.Client
	cmd    *exec.Cmd // nil while no daemon runs
	ended  chan struct{}
	feed   *feed // events of the present run
}

// newNode makes the identity and a configuration without periodic scans.
func newNode(t *testing.T, top, name, listen string) *node {
	t.Helper()
	n := &node{t: t, name: name, home: filepath.Join(top, "home-"+name), folder: filepath.Join(top, name)}
	n.must(os.MkdirAll(n.home, 0o700))
	n.must(os.MkdirAll(n.folder, 0o755))
	n.must(os.WriteFile(filepath.Join(n.home, config.ConfigFile), []byte("rescan_interval = \"off\"\n"), 0o600))
	n.id = strings.TrimSpace(n.cli("init", "--name", name, "--listen", listen, "--api", "off", "--discovery", "none"))
	n.client = api.NewClient(config.SocketPath(n.home))
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatalf("%s: %v", n.name, err)
	}
}

// result is how a command ended.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command line on the node's home to its end.
func (n *node) run(args ...string) result {
	n.t.Helper()
	cmd := n.command(args)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	n.must(cmd.Start())
	watchdog := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer watchdog.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		n.must(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// cli runs a command line that has to succeed, and returns what it prints.
func (n *node) cli(args ...string) string {
	n.t.Helper()
	r := n.run(args...)
	if r.code != 0 {
		n.t.Fatalf("%s: labsync %s: exit %d: %s", n.name, strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

func (n *node) command(args []string) *exec.Cmd {
	line := append([]string{program, "--home", n.home}, args...)
	if n.wrap != nil {
		line = n.wrap(line)
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), n.env...)
	dieWithTests(cmd)
	if n.user != nil {
		n.user(cmd)
	}
	return cmd
}

func (n *node) logPath() string { return n.home + ".log" }

func (n *node) log() string {
	text, err := os.ReadFile(n.logPath())
	n.must(err)
	return string(text)
}

// start starts the daemon and waits until it answers.
func (n *node) start() {
	n.t.Helper()
	n.launch("up")
	n.await("the daemon to answer", func() bool {
		if !n.running() {
			n.t.Fatalf("%s: the daemon ended at its start:\n%s", n.name, n.log())
		}
		_, err := n.client.Status(n.t.Context())
		return err == nil
	})
	n.feed = newFeed(n.t.Context(), n.client)
}

// launch starts a command that runs until it is stopped. Its output is the log.
func (n *node) launch(args ...string) {
	n.t.Helper()
	log, err := os.OpenFile(n.logPath(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	n.must(err)
	defer log.Close()
	n.cmd = n.command(args)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	n.must(n.cmd.Start())
	ended := make(chan struct{})
	n.ended = ended
	go func(cmd *exec.Cmd) {
		cmd.Wait() // its outcome is read from ProcessState
		close(ended)
	}(n.cmd)
}

func (n *node) running() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// kill ends the daemon as a power cut would, the disk's cache apart.
func (n *node) kill() {
	n.t.Helper()
	n.must(n.cmd.Process.Kill())
	n.gone()
}

// checkEnd checks how long a daemon took to end: two seconds at most are what
// users are promised.
func (n *node) checkEnd(took time.Duration) {
	n.t.Helper()
	if took > 2*time.Second && !raceEnabled {
		n.t.Errorf("%s took %v to end, want 2 s at most", n.name, took.Round(time.Millisecond))
	}
}

// stop ends the daemon as Ctrl-C does and returns how long that took.
func (n *node) stop() time.Duration {
	n.t.Helper()
	begin := time.Now()
	n.must(n.cmd.Process.Signal(syscall.SIGINT))
	select {
	case <-n.ended:
	case <-time.After(patience):
		n.t.Errorf("%s: the daemon did not end within %v of an interrupt", n.name, patience)
		n.cmd.Process.Signal(syscall.SIGQUIT) // for the stacks in its log
		<-n.ended
	}
	took, code := time.Since(begin), n.cmd.ProcessState.ExitCode()
	if code != 0 {
		n.t.Errorf("%s: the daemon ended with exit code %d", n.name, code)
	}
	n.gone()
	return took
}

// gone waits for the process and all that read from it.
func (n *node) gone() {
	<-n.ended
	if n.feed != nil {
		<-n.feed.ended
	}
	n.client.Close()
	n.cmd = nil
}
