package tool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/labsync/labsync/integration/bench/observe"
)

// grace is how long a program may take to end.
const grace = 30 * time.Second

// process is a program that runs, or did.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed once cmd.ProcessState is there
}

// launch starts a program whose output goes to the end of a log.
func launch(log string, env []string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	dieWithUs(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // how it ended is in ProcessState
	}()
	return p, nil
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *process) usage() (observe.Usage, error) {
	if p.running() {
		return observe.Process(p.cmd.Process.Pid)
	}
	return ended(p.cmd.ProcessState), nil
}

// stop interrupts the process and waits for its end.
func (p *process) stop() error {
	if !p.running() {
		return nil
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-p.ended:
		return nil
	case <-t.C:
	}
	err := fmt.Errorf("%s did not end within %v of an interrupt", p.cmd.Path, grace)
	if kill := p.cmd.Process.Kill(); kill != nil {
		return errors.Join(err, kill)
	}
	<-p.ended
	return err
}

// output runs a program to its end and returns what it prints.
func output(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	dieWithUs(cmd)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}
