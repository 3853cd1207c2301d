package pull

import (
	"context"
	"errors"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// finding is what lies at a name, as an intent sees it.
type finding uint8

const (
	missing  finding = iota
	theNew           // what the step wanted
	theOld           // what it expected
	theOther         // something else: a person's
)

// repair settles one intent. It only looks and renames; what is to be recorded
// is collected and committed for all together, once it is durable.
type repair struct {
	*Puller
	ctx    context.Context
	it     index.Intent
	beside index.IntentID // of a rename: the intent of the old name
	from   index.Intent
	old    index.Entry // with blocks, if they are known
	path   string      // on disk
	work   string      // where the work file lies by now

	changes   []index.Change
	abandoned []index.IntentID // of a finished step, those that its changes do not settle
	dirs      []string
	rescan    []string
	finished  bool
	watch     []watched
}

// intents returns those of the step.
func (r *repair) intents() []index.IntentID {
	if r.beside != 0 {
		return []index.IntentID{r.it.ID, r.beside}
	}
	return []index.IntentID{r.it.ID}
}

func (r *repair) run(byKey map[string]string) error {
	r.path = r.it.Path
	if r.it.Expected.Disk.Name != "" {
		r.path = r.it.Expected.Disk.Name
	}
	r.work = r.it.Work
	if w, ok := folderfs.ParseWork(r.it.Work); ok && byKey[w.Key] != "" {
		r.work = byKey[w.Key]
	}
	var err error
	if r.it.Expected.Entry.Name != "" {
		r.old, err = index.WithBlocks(r.ctx, r.idx, r.it.Expected.Entry, nil)
	}
	if err != nil && !errors.Is(err, index.ErrNoVersion) {
		return err
	}
	held, err := r.idx.Local(r.ctx, r.nameOfNew())
	if err != nil {
		return err
	}
	if held != nil && held.Entry.Version.Dominates(r.it.New.Version) {
		return r.keepDisplaced() // recorded after all, or overtaken
	}
	switch r.it.Operation {
	case opCreate:
		return r.create()
	case opReplace, opReplaceAway:
		return r.replace()
	case opDirectory:
		return r.directory()
	case opDelete:
		return r.delete()
	case opRmdir:
		return r.rmdir()
	case opRename:
		return r.rename()
	case opMeta:
		return r.meta()
	}
	return fmt.Errorf("operation %q is not known; was the index written by a newer labsync?", r.it.Operation)
}

func (r *repair) nameOfNew() string {
	if r.it.Operation == opRename {
		return r.it.To
	}
	return r.it.Path
}

// at tells what lies at a name. After a loss of power facts can look right
// over the wrong bytes, so content is read.
func (r *repair) at(name string) (finding, folderfs.Info, error) {
	info, err := r.fs.Lstat(name)
	if isGone(err) {
		return missing, info, nil
	}
	if err != nil {
		return missing, info, err
	}
	if !r.isSpelled(name, info) {
		return missing, info, nil // another name, which this file system does not tell from it
	}
	isNew, err := r.holds(r.ctx, name, info, &r.it.New)
	if err != nil {
		return missing, info, err
	}
	isOld, err := r.isOld(name, info)
	if err != nil {
		return missing, info, err
	}
	switch {
	case isNew && isOld && !r.hasMeta(info, &r.it.New):
		return theOld, info, nil
	case isNew:
		return theNew, info, nil
	case isOld:
		return theOld, info, nil
	}
	return theOther, info, nil
}

func (r *repair) isOld(name string, info folderfs.Info) (bool, error) {
	if r.old.Type == index.File && len(r.old.Blocks) == 0 {
		same, sure := r.unchanged(&r.it.Expected.Disk, r.it.Expected.Flags, info)
		return same && sure, nil // its block list is not known any more
	}
	return r.holds(r.ctx, name, info, &r.old)
}

// placed records that the step has happened. A path that shows anything but
// what was placed was changed since: a scan finds that on top of it.
func (r *repair) placed(there finding, info folderfs.Info, away finding) error {
	r.finished = true
	held, err := r.idx.Local(r.ctx, r.it.Path)
	if err != nil {
		return err
	}
	c := index.Change{Entry: r.it.New, Intent: r.it.ID}
	if held != nil {
		c.Base = held.Entry.Version
	}
	if away == theOther && held != nil { // or the index has gone on, and knows it
		known, err := r.holdsWork(held)
		if err != nil {
			return err
		}
		if !known {
			if err := r.save(held, &c); err != nil {
				return err
			}
		}
	}
	if r.it.New.Deleted {
		r.lookAgain(there != missing)
	} else {
		r.facts(&c, r.path, there, info)
	}
	r.touch(r.path)
	if c.Derived, err = r.siblings(r.it.Path); err != nil {
		return err
	}
	if len(r.changes) > 0 {
		c.Derived = unreplaced(c.Derived, r.changes[0].Entry.Version)
	}
	r.changes = append(r.changes, c)
	if away == theOld {
		r.watchFor(away, &r.old)
	}
	return nil
}

// watchFor puts what lies at the work name on the list of what is looked at
// again: a version that a program may still have open, or a save on top of it.
func (r *repair) watchFor(away finding, of *index.Entry) {
	if away == theOld && (of.Type != index.File || len(of.Blocks) == 0) {
		return
	}
	if w, ok := r.watched(r.it.Path, r.work, of, r.opt.Now().UnixNano()); ok {
		r.watch = append(r.watch, w)
	}
}

// save records what lies at the work name as a version of its own.
func (r *repair) save(held *index.Held, c *index.Change) error {
	info, err := r.fs.Lstat(r.work)
	if err != nil {
		return err
	}
	if info.Kind != folderfs.File && info.Kind != folderfs.Symlink {
		_, err := r.rescue(r.work)
		return err
	}
	save, work, err := r.saveOf(r.ctx, r.it.Path, r.work, held, &r.it.New)
	if err != nil {
		return err
	}
	r.work = work
	r.touch(work)
	r.opt.OnEvent(Event{Kind: Saved, Name: r.it.Path, Work: work})
	if save == nil {
		return nil
	}
	c.Base = save.Entry.Version
	r.changes = append(r.changes, *save)
	if save.Entry.Type == index.File {
		if w, ok := r.watched(r.it.Path, work, &save.Entry, r.opt.Now().UnixNano()); ok {
			r.watch = append(r.watch, w)
		}
	}
	return nil
}

// keepDisplaced has what a step took away looked at again, though nothing is
// recorded of the step: it may be a save.
func (r *repair) keepDisplaced() error {
	if r.work == "" || len(r.old.Blocks) == 0 {
		return nil
	}
	away, _, err := r.at(r.work)
	if err == nil && (away == theOld || away == theOther) {
		r.watchFor(away, &r.old)
	}
	return err
}

func (r *repair) holdsWork(held *index.Held) (bool, error) {
	info, err := r.fs.Lstat(r.work)
	if err != nil {
		return false, err
	}
	return r.holds(r.ctx, r.work, info, &held.Entry)
}

// facts records what stands at a path, or that a scan has to find out.
func (r *repair) facts(c *index.Change, path string, there finding, info folderfs.Info) {
	if there == theNew && r.hasMeta(info, &r.it.New) {
		c.Disk = diskOf(info, path, c.Entry.Name, r.opt.Now().UnixNano())
		// Seen is after the facts here, so that they must not pass for proof.
		c.Disk.Seen = min(c.Disk.Seen, c.Disk.Mtime)
		return
	}
	c.Disk = index.Disk{Type: c.Entry.Type}
	if path != c.Entry.Name {
		c.Disk.Name = path
	}
	c.Flags = index.MustRescan
	r.lookAgain(true)
}

func (r *repair) lookAgain(yes bool) {
	if yes {
		r.rescan = append(r.rescan, r.it.Path)
		if r.it.To != "" {
			r.rescan = append(r.rescan, r.it.To)
		}
	}
}

func (r *repair) touch(names ...string) {
	for _, name := range names {
		r.dirs = append(r.dirs, parent(name))
	}
}
