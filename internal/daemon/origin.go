package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device/durable"
)

// Settings that tell whether an index is a copy of one in use elsewhere.
const (
	settingMachine    = "machine"    // the machine it was made on
	settingGeneration = "generation" // how often it was opened
)

// generationSuffix ends the name of the file beside an index that says how often
// it was opened.
const generationSuffix = ".generation"

// checkOrigin gives the index a new identity if it is a copy: on another
// machine, or older than one that was in use here before.
func (f *folder) checkOrigin(ctx context.Context, s *store.Store) error {
	why, err := f.copied(ctx, s)
	if err != nil {
		return err
	}
	if why != "" {
		if err := f.renew(ctx, s, fmt.Sprintf("The index of %s %s; it goes on under a new identity, and nothing is lost.", f.conf.Path, why)); err != nil {
			return err
		}
	}
	return f.stampOrigin(ctx, s)
}

func (f *folder) copied(ctx context.Context, s *store.Store) (why string, err error) {
	machine, err := s.Setting(ctx, settingMachine)
	if err != nil {
		return "", err
	}
	if machine != nil && string(machine) != machineID() {
		return "was made on another machine", nil
	}
	generation, err := s.Setting(ctx, settingGeneration)
	if err != nil || generation == nil {
		return "", err // one that has just been made
	}
	beside, err := os.ReadFile(f.generationPath())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if number(beside) > number(generation) {
		return "is an older copy", nil
	}
	return "", nil
}

// stampOrigin counts this opening, in the index first: an index that is ahead
// of the count beside it was merely interrupted here.
func (f *folder) stampOrigin(ctx context.Context, s *store.Store) error {
	generation, err := s.Setting(ctx, settingGeneration)
	if err != nil {
		return err
	}
	beside, _ := os.ReadFile(f.generationPath())
	next := strconv.FormatInt(max(number(generation), number(beside))+1, 10)
	if err := s.SetSetting(ctx, settingMachine, []byte(machineID())); err != nil {
		return err
	}
	if err := s.SetSetting(ctx, settingGeneration, []byte(next)); err != nil {
		return err
	}
	return durable.WriteFile(f.generationPath(), []byte(next), 0o600)
}

func (f *folder) generationPath() string { return f.indexPath() + generationSuffix }

func number(text []byte) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
