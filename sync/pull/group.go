package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// ending is how far a step got.
type ending uint8

const (
	open   ending = iota
	placed        // on disk: to be made durable and recorded
	undone        // the disk is as it was: its intents are abandoned
	stuck         // not known for certain: its intents stay, settle finds out
	over          // nothing was begun
)

// step is one action being carried out.
type step struct {
	a    *plan.Action
	out  *plan.Outcome
	want index.Entry // with blocks
	held *index.Held // what the index holds now, with blocks; nil for nothing
	path string      // where it stands or is to stand on disk
	work string      // in the work directory: takes what is displaced
	end  ending

	intents []index.IntentID // of the name; of a move also of the old name

	disk  index.Disk    // facts of what was placed
	flags index.Flags   // with it
	taken bool          // something lies at work that stood at path,
	was   folderfs.Info // with these facts
	stray bool          // what lies at work was wanted, and was changed while it stood at path
	saved bool          // what lies at work is a save that nobody had scanned
	dirs  []string      // whose entries have to be durable
}

func (s *step) finish(e ending, o plan.Outcome) {
	o.Rescan = append(s.out.Rescan, o.Rescan...)
	s.end, *s.out = e, o
}

// undo ends a step that has left, or put back, everything as it was.
func (s *step) undo(o plan.Outcome) { s.finish(undone, o) }

// stick ends a step with an error after which it is not known what the disk
// holds.
func (s *step) stick(err error) { s.finish(stuck, failed(s.a.Name, err)) }

func (s *step) expects() bool { return s.held != nil && !s.held.Entry.Deleted }

// touch notes that the directory of a name has changed.
func (s *step) touch(names ...string) {
	for _, name := range names {
		if dir := parent(name); !slices.Contains(s.dirs, dir) {
			s.dirs = append(s.dirs, dir)
		}
	}
}

func parent(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}

// group is the state of one Place: steps that become durable together.
type group struct {
	*Puller
	ctx     context.Context // of the caller, until the first step on disk
	steps   []*step
	known   known             // before the first step
	dirs    map[string]string // index spelling of a directory that exists -> disk spelling
	made    map[string]bool   // directories made here, not durable yet
	met     map[string]uint64 // inodes of directories that others made, perhaps not durable yet
	touched map[string]bool   // directories whose entries changed here
}

func (g *group) actions() []*plan.Action {
	actions := make([]*plan.Action, len(g.steps))
	for i, s := range g.steps {
		actions[i] = s.a
	}
	return actions
}

// prepare checks an action against the index and the work directory. Nothing
// is changed.
func (g *group) prepare(s *step) error {
	a := s.a
	if err := checkName(a.Name); err != nil {
		return err
	}
	s.held = g.known.held(a.Name)
	if !isAsDecided(s) || a.Op == plan.Create && !g.known.announces(a) {
		s.finish(over, plan.Outcome{Name: a.Name, Status: plan.Stale})
		return nil
	}
	var err error
	s.want, err = g.withBlocks(g.ctx, g.known, a)
	if errors.Is(err, index.ErrNoVersion) {
		s.finish(over, plan.Outcome{Name: a.Name, Status: plan.Stale})
		return nil
	}
	if err != nil {
		return err
	}
	if err := g.deriveBlocks(s); err != nil {
		return err
	}
	s.path = a.Name
	if s.expects() {
		s.path = pathOf(s.held)
	}
	s.work = folderfs.Work{Hash: g.takenFor(s), Key: g.nextKey(), Kind: folderfs.Displaced}.String()
	if a.Op == plan.Move && s.end == open {
		return g.prepareMove(s)
	}
	return nil
}

// isAsDecided reports whether the name is still held as its action expects.
func isAsDecided(s *step) bool {
	return holdsVersion(s.held, s.a.Base()) && s.expects() == s.a.Expects() && (s.expects() || !changesHeld(s.a.Op))
}

// prepareMove takes what is held at the old name now, with its blocks.
func (g *group) prepareMove(s *step) error {
	from := g.known.held(s.a.From.Entry.Name)
	if from == nil || !holdsVersion(from, s.a.From.Entry.Version) || from.Entry.Deleted || from.Entry.Type == index.Directory {
		s.finish(over, plan.Outcome{Name: s.a.Name, Status: plan.Stale})
		return nil
	}
	a := *s.a
	a.From = from
	s.a = &a
	return nil
}

// changesHeld reports whether an operation is one on what is held at its name.
func changesHeld(op plan.Op) bool {
	switch op {
	case plan.Replace, plan.Retype, plan.Meta, plan.Delete, plan.Rmdir, plan.Compare:
		return true
	}
	return false
}

// holdsVersion reports whether h is held in version v, nil standing for nothing.
func holdsVersion(h *index.Held, v index.Version) bool {
	if h == nil {
		return len(v) == 0
	}
	return h.Entry.Version.Compare(v) == index.Equal
}

func (g *group) takenFor(s *step) index.Hash {
	if s.expects() {
		return s.held.Entry.Hash
	}
	return s.want.Hash
}

// nextKey makes a key no displaced file has. Time keeps it apart from those of
// earlier runs; if a clock was set back a rename finds the name taken, and fails.
func (p *Puller) nextKey() string {
	p.serial++
	return strconv.FormatInt(max(p.opt.Now().UnixNano(), 0), 36) + "-" + strconv.FormatInt(int64(p.serial), 36)
}

// inDir carries out an operation on a name. If its directory cannot be written
// because it was synchronised as read-only, it is opened for its owner until
// the group ends.
func (g *group) inDir(s *step, name string, do func() error) error {
	err := do()
	if err == nil {
		s.touch(name)
		return nil
	}
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if lendErr := g.lend(parent(name)); lendErr != nil {
		return err
	}
	if err = do(); err == nil {
		s.touch(name)
	}
	return err
}

// parents finds where a new name belongs on disk, and makes directories that
// are missing on the way: their own entries have not come yet, or somebody has
// just removed them here. A scan takes them in.
func (g *group) parents(s *step) error {
	dir := parent(s.a.Name)
	at, err := g.directory(s, dir)
	if err != nil {
		return err
	}
	if at != dir {
		s.path = at + "/" + path.Base(s.a.Name)
	}
	return nil
}

// twinError tells that another directory than the one meant is found by its
// name, since the file system does not tell the two apart. What belongs in the
// one must not be put in the other.
type twinError struct{ name, other string }

func (e *twinError) Error() string {
	return fmt.Sprintf("%q cannot stand beside %q on this file system, which does not tell the two apart", e.name, e.other)
}

func (g *group) directory(s *step, dir string) (string, error) {
	if at, ok := g.dirs[dir]; ok || dir == "" {
		return at, nil
	}
	above, err := g.directory(s, parent(dir))
	if err != nil {
		return "", err
	}
	at := path.Join(above, path.Base(dir))
	info, err := g.fs.Lstat(at)
	if isGone(err) {
		held, heldErr := g.idx.Local(g.ctx, dir)
		if heldErr != nil {
			return "", heldErr
		}
		if held != nil && held.Disk.Name != "" {
			at = held.Disk.Name
			info, err = g.fs.Lstat(at)
		}
	}
	switch {
	case isGone(err):
		if err := g.inDir(s, at, func() error { return g.fs.Mkdir(at, 0o755) }); err != nil {
			return "", err
		}
		g.born(at)
		s.out.Rescan = append(s.out.Rescan, dir)
	case err != nil:
		return "", err
	case norm.NFC.String(info.Name) != norm.NFC.String(path.Base(at)):
		return "", &twinError{dir, spelled(at, info)}
	case info.Kind != folderfs.Directory:
		s.out.Rescan = append(s.out.Rescan, dir)
		return "", fmt.Errorf("directory of %q: %w", s.a.Name, folderfs.ErrNotDirectory)
	default:
		if known, ok := g.anchored[at]; !ok || known != info.Inode {
			g.met[at] = info.Inode
			s.touch(at)
		}
	}
	g.dirs[dir] = at
	return at, nil
}

// born notes that a directory was made here. One that stood there before may have
// had the same inode, and what is known of that is not true of this one.
func (g *group) born(at string) {
	g.made[at] = true
	delete(g.anchored, at)
}
