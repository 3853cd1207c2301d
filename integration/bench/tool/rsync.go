package tool

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/labsync/labsync/integration/bench/observe"
)

// Rsync is "rsync -a --delete" from device 0 to a daemon on device 1. Through
// the daemon it transfers differences; between two directories it would copy.
type Rsync struct{ Program string }

// Version returns the first line of "rsync --version".
func (t Rsync) Version(ctx context.Context) (string, error) {
	text, err := output(ctx, nil, t.Program, "--version")
	line, _, _ := strings.Cut(text, "\n")
	return line, err
}

// New writes the daemon's configuration.
func (t Rsync) New(_ context.Context, dir string, n int) (Cluster, error) {
	if n != 2 {
		return nil, ErrNotOffered
	}
	l, err := newLayout(dir, n)
	if err != nil {
		return nil, err
	}
	c := &rsync{layout: l, program: t.Program, conf: filepath.Join(dir, "rsyncd.conf")}
	text := fmt.Sprintf("use chroot = no\nmunge symlinks = no\nreverse lookup = no\n[bench]\npath = %s\nread only = no\n", l.Folder(1))
	if os.Getuid() == 0 {
		text += "uid = root\ngid = root\n"
	}
	return c, os.WriteFile(c.conf, []byte(text), 0o600)
}

type rsync struct {
	layout
	program, conf string
	spent         observe.Usage // by the runs that ended
}

// Start starts the daemon if i is 1; device 0 has none.
func (c *rsync) Start(i int) (err error) {
	if i == 1 {
		c.procs[i], err = launch(c.logPath(i), nil, c.program, "--daemon", "--no-detach", "--config="+c.conf, "--address="+c.host, fmt.Sprint("--port=", devicePort+i))
	}
	return err
}

func (c *rsync) Linked(context.Context) (bool, error) {
	if !c.procs[1].running() {
		return false, fmt.Errorf("the rsync daemon does not run, see %s", c.logPath(1))
	}
	conn, err := net.DialTimeout("tcp", c.at(devicePort, 1), time.Second)
	if err != nil {
		return false, nil // not yet
	}
	return true, conn.Close()
}

// Carry runs rsync once.
func (c *rsync) Carry(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, c.program, "-a", "--delete", c.Folder(0)+"/", "rsync://"+c.at(devicePort, 1)+"/bench/")
	dieWithUs(cmd)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState != nil {
		c.spent = c.spent.Plus(ended(cmd.ProcessState))
	}
	if err != nil {
		return fmt.Errorf("rsync: %w: %s", err, out)
	}
	return nil
}

func (c *rsync) Usage(i int) (observe.Usage, error) {
	if i == 0 {
		return c.spent, nil
	}
	return c.layout.Usage(i)
}

func (c *rsync) Scanned(context.Context, int) (int64, bool, error) { return 0, false, ErrNotOffered }
func (c *rsync) Uploaded(context.Context, int) (int64, error)      { return 0, ErrNotOffered }
