// Package fault holds failpoints: named places in the code where a test of a
// real process can make it die, fail or wait. A process without a failpoint
// text has a nil *Points, whose Hit costs one comparison.
//
// The text is a list of NAME=ACTION, separated by semicolons:
//
//	pull.exchange=kill@3;store.commit=error:ENOSPC;pull.place=pause:/path/go
//
// Actions are kill (the process ends as by SIGKILL), error:ERRNO (Hit returns
// that error) and pause:FILE (Hit creates FILE.reached and returns once FILE
// exists). With @N the action happens at the Nth hit only, counted from 1;
// otherwise at each. The names are those that callers pass to Hit; clock is
// another thing, see Points.Clock.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Points is a set of failpoints. Its methods may be called from any goroutine,
// and on nil.
type Points struct {
	mu     sync.Mutex
	counts map[string]int // guarded by mu; hits so far, of configured names only
	points map[string]point
}

type point struct {
	action   string
	argument string
	at       int // hit to act on; 0 for every one
}

// Parse reads a failpoint text. An empty one gives nil.
func Parse(text string) (*Points, error) {
	p := &Points{counts: map[string]int{}, points: map[string]point{}}
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, spec, found := strings.Cut(part, "=")
		if !found || name == "" {
			return nil, fmt.Errorf("failpoint %q: write it as NAME=ACTION", part)
		}
		parsed, err := parsePoint(spec)
		if err != nil {
			return nil, fmt.Errorf("failpoint %q: %w", part, err)
		}
		if (name == clock) != (parsed.action == "shift") {
			return nil, fmt.Errorf("failpoint %q: the clock is shifted, and nothing else is", part)
		}
		if _, double := p.points[name]; double {
			return nil, fmt.Errorf("failpoint %q: the name stands twice", part)
		}
		p.points[name] = parsed
	}
	if len(p.points) == 0 {
		return nil, nil
	}
	return p, nil
}

func parsePoint(spec string) (point, error) {
	var p point
	if i := strings.LastIndexByte(spec, '@'); i >= 0 {
		n, err := strconv.Atoi(spec[i+1:])
		if err != nil || n < 1 {
			return point{}, errors.New("the number after @ counts hits from 1")
		}
		spec, p.at = spec[:i], n
	}
	p.action, p.argument, _ = strings.Cut(spec, ":")
	switch {
	case p.action == "kill" && p.argument == "", (p.action == "pause" || p.action == "shift") && p.argument != "":
		return p, nil
	case p.action == "error" && errno(p.argument) != 0:
		return p, nil
	}
	return point{}, fmt.Errorf("action %q is not one of kill, error:ERRNO, pause:FILE, shift:FILE", spec)
}

// errno knows the errors that a file system gives, by their POSIX names.
func errno(name string) syscall.Errno {
	return map[string]syscall.Errno{
		"EACCES": syscall.EACCES, "EBUSY": syscall.EBUSY, "EDQUOT": syscall.EDQUOT, "EEXIST": syscall.EEXIST,
		"EINTR": syscall.EINTR, "EIO": syscall.EIO, "EMFILE": syscall.EMFILE, "ENOENT": syscall.ENOENT,
		"ENOSPC": syscall.ENOSPC, "EPERM": syscall.EPERM, "EROFS": syscall.EROFS, "EXDEV": syscall.EXDEV,
	}[name]
}

// Hit says that the process has come to the named place. It returns nil unless
// an error is to happen there, or does not return.
func (p *Points) Hit(name string) error {
	if p == nil {
		return nil
	}
	configured, found := p.points[name]
	if !found {
		return nil
	}
	p.mu.Lock()
	p.counts[name]++
	hit := p.counts[name]
	p.mu.Unlock()
	if configured.at != 0 && configured.at != hit {
		return nil
	}
	switch configured.action {
	case "error":
		return fmt.Errorf("failpoint %s: %w", name, errno(configured.argument))
	case "shift":
		return nil
	case "pause":
		return pause(configured.argument)
	}
	kill()
	return nil
}

// Hits returns how often the named place was come to. Names that are not in
// the text are not counted.
func (p *Points) Hits(name string) int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[name]
}

func pause(file string) error {
	if err := os.WriteFile(file+".reached", nil, 0o600); err != nil {
		return fmt.Errorf("failpoint pause: %w", err)
	}
	for {
		_, err := os.Stat(file)
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// The other process has no other way to tell; tests only.
		time.Sleep(2 * time.Millisecond)
	}
}

// kill ends the process without any of its own code running after it.
func kill() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // if it fails, the process stays here for ever, which a test notices
	}
	for {
		time.Sleep(time.Hour) // the signal is on its way
	}
}
