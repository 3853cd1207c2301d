package fault

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestNilPointsDoNothing(t *testing.T) {
	p, err := Parse(" ; ")
	if p != nil || err != nil {
		t.Fatalf("an empty text gave %v, %v", p, err)
	}
	if err := p.Hit("x"); err != nil || p.Hits("x") != 0 {
		t.Error("a nil Points did something")
	}
}

func TestHit(t *testing.T) {
	tests := []struct {
		name, text string
		want       []syscall.Errno // of successive hits
	}{
		{"every hit fails", "x=error:EIO", []syscall.Errno{syscall.EIO, syscall.EIO}},
		{"the second hit fails", "x=error:ENOSPC@2", []syscall.Errno{0, syscall.ENOSPC, 0}},
		{"another place fails", "y=error:EIO", []syscall.Errno{0, 0}},
		{"several points", "y=kill; x=error:EROFS@1", []syscall.Errno{syscall.EROFS, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range tt.want {
				err := p.Hit("x")
				if want == 0 && err != nil || want != 0 && !errors.Is(err, want) {
					t.Errorf("hit %d: %v, want %v", i+1, err, want)
				}
			}
			if hits := p.Hits("x"); strings.Contains(tt.text, "x=") && hits != len(tt.want) {
				t.Errorf("counted %d hits of %d", hits, len(tt.want))
			}
		})
	}
}

func TestPauseWaitsForTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "go@home")
	p, err := Parse("x=pause:" + file + "@1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Hit("x"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file + ".reached"); err != nil {
		t.Error("the point did not say that it was reached: ", err)
	}
}

func TestKillEndsTheProcess(t *testing.T) {
	if text := os.Getenv("FAULT_TEST_POINTS"); text != "" {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Hit("x")
		_ = p.Hit("x")
		os.Exit(0)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillEndsTheProcess$")
	cmd.Env = append(os.Environ(), "FAULT_TEST_POINTS=x=kill@2")
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Success() || exit.ExitCode() > 0 && exit.ExitCode() != 1 {
		t.Errorf("the process ended with %v", err)
	}
}

func TestTheClockIsShiftedAsTheFileSays(t *testing.T) {
	if p, err := Parse("x=kill"); err != nil || p.Clock() != nil {
		t.Errorf("without its failpoint there is a clock: %v", err)
	}
	file := filepath.Join(t.TempDir(), "shift")
	p, err := Parse("clock=shift:" + file)
	if err != nil {
		t.Fatal(err)
	}
	now := p.Clock()
	for _, tt := range []struct {
		text string
		want time.Duration
	}{{"", 0}, {"nonsense", 0}, {"-8760h\n", -8760 * time.Hour}, {"1h", time.Hour}} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if off := time.Until(now()); (off - tt.want).Abs() > time.Minute {
			t.Errorf("%q shifts the clock by %v, want %v", tt.text, off, tt.want)
		}
	}
	if err := p.Hit("clock"); err != nil {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"x", "=kill", "x=explode", "x=error:EWHAT", "x=error", "x=pause", "x=kill:9", "x=kill@0", "x=kill@z", "x=kill;x=kill", "x=shift:f", "clock=kill", "clock=shift"} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
