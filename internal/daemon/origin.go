package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/folderfs"
)

// settingOrigin holds the origin of an index.
const settingOrigin = "origin"

// origin is what an index says of itself that a copy of it cannot make true:
// where it is used, and its stamp, which stands in the folder as well and is
// another one whenever a run begins or ends. An index that was restored does
// not know the folder's stamp, nor does the index know that of a folder that
// was restored.
type origin struct {
	Machine, Home string
	Stamp         string // in the folder
	Next          string // being put in its place, "" for none
	File          string // that Stamp stands in, as folderfs tells it, "" if it cannot
	Ended         bool   // Stamp was set at the end of a run
	Runs          runs
}

// errOutOfStep tells that index and folder were not last used together.
type errOutOfStep struct{ why string }

func (e *errOutOfStep) Error() string { return "index and folder are out of step: it " + e.why }

// isNew reports whether nothing was done with the index yet.
func (o *origin) isNew() bool { return o.Stamp == "" && o.Next == "" }

// outOfStep says in what way a folder's stamp is not the one that the index
// knows, "" if it is.
func (o *origin) outOfStep(stamp string, file string) string {
	switch {
	case o.isNew():
		return ""
	case o.Next != "" && (stamp == o.Next || stamp == ""):
		return "" // setting it was interrupted
	case stamp == o.Stamp && (o.Ended || folderfs.SameStamp(o.File, file)):
		return ""
	case stamp == o.Stamp:
		return "is of a copy of the folder, or the folder was restored from a backup"
	}
	id, n := parseStamp(stamp)
	known, last := parseStamp(o.Stamp)
	switch {
	case id == known && n > last:
		return "is an older copy, as if it had been restored from a backup"
	case id == known || stamp == "":
		return "is newer than the folder, as if the folder had been restored from a backup"
	}
	return "is an older copy: the folder was used with another index since"
}

// A stamp is an index ID and a number that grows.
func nextStamp(who index.Identity, last string) string {
	_, n := parseStamp(last)
	return fmt.Sprintf("%016x %d", who.Index, n+1)
}

func parseStamp(text string) (id string, n int64) {
	id, digits, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return id, 0
	}
	return id, n
}

// copied says why an index that goes with its folder is a copy all the same.
func (o *origin) copied(machine, home string) string {
	switch {
	case o.Machine != "" && o.Machine != machine:
		return "was made on another machine"
	case o.Home != "" && o.Home != home:
		return "was made in another home, " + o.Home
	}
	return ""
}

// runs are the ranges of sequences that an index used, one for each time that
// it was opened; see index.Recorder.Leap.
type runs []sequences

type sequences struct{ First, Last int64 }

// runsKept is how many are remembered; of what was before nothing is known.
const runsKept = 500

// end ends the last one.
func (r runs) end(last int64) runs {
	if n := len(r); n > 0 && r[n-1].Last == math.MaxInt64 {
		r[n-1].Last = last
	}
	return r
}

// begin begins one that has not ended.
func (r runs) begin(first int64) runs {
	r = append(r, sequences{first, math.MaxInt64})
	return r[max(0, len(r)-runsKept):]
}

// used reports whether the index may have announced a sequence.
func (r runs) used(n int64) bool {
	for _, run := range r {
		if n >= run.First && n <= run.Last {
			return true
		}
	}
	return n <= 0 || len(r) == 0 || n < r[0].First
}

// checkOrigin checks that an index is not a copy, gives it a new identity if it
// is one that may be used, and begins a run with it.
func (f *folder) checkOrigin(ctx context.Context, o *opened) error {
	known, err := readOrigin(ctx, o.store)
	if err != nil {
		return err
	}
	stamp, file, err := o.fs.Stamp()
	if err != nil {
		return err
	}
	if why := known.outOfStep(stamp, file); why != "" {
		return &errOutOfStep{why}
	}
	o.orphaned = known.isNew() && stamp != ""
	machine, home := machineID(), f.place()
	if why := known.copied(machine, home); why != "" {
		if _, err := o.store.Renew(ctx); err != nil {
			return err
		}
		f.tellRenewed(fmt.Sprintf("The index of %s %s; it goes on under a new identity, and nothing is lost.", f.conf.Path, why))
	}
	known.Machine, known.Home = machine, home
	if err := f.stamp(ctx, o, &known, false); err != nil {
		return err
	}
	o.runs = known.Runs
	return nil
}

// stamp sets the next stamp of index and folder, at the beginning or the end of
// a run. At the beginning it lets the sequence leap. A folder that cannot be
// written keeps the stamp it has, which is good as well.
func (f *folder) stamp(ctx context.Context, o *opened, known *origin, end bool) error {
	who, err := o.store.Identity(ctx)
	if err != nil {
		return err
	}
	known.Next = nextStamp(who, known.Stamp)
	known.Runs = known.Runs.end(who.Sequence)
	if err := writeOrigin(ctx, o.store, known); err != nil {
		return err
	}
	if err := o.fs.SetStamp(known.Next); err != nil {
		f.log.Info("the folder was not stamped", "folder", f.conf.ID, "err", err)
	} else {
		known.Stamp, known.Next, known.Ended = known.Next, "", end
		if _, known.File, err = o.fs.Stamp(); err != nil {
			return err
		}
	}
	if !end {
		if who, err = o.store.Leap(ctx); err != nil {
			return err
		}
		known.Runs = known.Runs.begin(who.Sequence)
	}
	return writeOrigin(ctx, o.store, known)
}

// endRun stamps index and folder when all that a run has done is recorded.
func (f *folder) endRun(ctx context.Context, o *opened) {
	known, err := readOrigin(ctx, o.store)
	if err == nil {
		err = f.stamp(ctx, o, &known, true)
	}
	if err != nil {
		f.log.Info("the end of the run was not recorded", "folder", f.conf.ID, "err", err)
	}
}

// place is where the home is, however it was spelled.
func (f *folder) place() string {
	if path, err := filepath.EvalSymlinks(f.home); err == nil {
		return path
	}
	return f.home
}

func readOrigin(ctx context.Context, s *store.Store) (o origin, err error) {
	text, err := s.Setting(ctx, settingOrigin)
	if err != nil || text == nil {
		return o, err
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, fmt.Errorf("origin recorded in the index: %w: %w", index.ErrCorrupt, err)
	}
	return o, nil
}

func writeOrigin(ctx context.Context, s *store.Store, o *origin) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return s.SetSetting(ctx, settingOrigin, text)
}

// claim takes the folder for this process.
func (f *folder) claim(disk *folderfs.Disk) (release func(), err error) {
	release, err = disk.Claim()
	if errors.Is(err, folderfs.ErrClaimed) {
		return nil, &rootProblem{fmt.Sprintf("%s is in use by another labsync on this machine, as if its home had been copied; stop one of them, or %s here.", f.conf.Path, f.giveUp()), err}
	}
	return release, err
}
