package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

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

	changes  []index.Change
	dirs     []string
	rescan   []string
	finished bool
	watch    []watched
}

// settle finishes or takes back every step whose intent is pending, by looking
// at what lies at both of its names.
func (p *Puller) settle(ctx context.Context) (Report, error) {
	var rep Report
	pending, err := p.idx.Pending(ctx)
	if err != nil {
		return rep, fmt.Errorf("settle what was begun: %w", err)
	}
	if len(pending) == 0 {
		p.unsettled = false
		return rep, nil
	}
	byKey, err := p.displacedByKey()
	if err != nil {
		return rep, fmt.Errorf("settle what was begun: %w", err)
	}
	var changes []index.Change
	var abandoned []index.IntentID
	var dirs []string
	var batch []watched
	for i := range pending {
		it := pending[i]
		if it.Operation == opRenameFrom {
			continue // comes with its rename
		}
		r := &repair{Puller: p, ctx: ctx, it: it}
		if it.Operation == opRename && i+1 < len(pending) && pending[i+1].Operation == opRenameFrom {
			r.from, r.beside = pending[i+1], pending[i+1].ID
		}
		if err := r.run(byKey); err != nil {
			return rep, fmt.Errorf("settle the %s of %q: %w", it.Operation, it.Path, err)
		}
		changes, dirs, batch = append(changes, r.changes...), append(dirs, r.dirs...), append(batch, r.watch...)
		rep.Rescan = append(rep.Rescan, r.rescan...)
		if r.finished {
			rep.Finished++
			continue
		}
		rep.TakenBack++
		abandoned = append(abandoned, it.ID)
		if r.beside != 0 {
			abandoned = append(abandoned, r.beside)
		}
	}
	if err := p.settled(ctx, dirs, batch, changes, abandoned); err != nil {
		return rep, fmt.Errorf("settle what was begun: %w", err)
	}
	p.unsettled = false
	return rep, nil
}

// settled makes what settle did durable, then records it.
func (p *Puller) settled(ctx context.Context, dirs []string, batch []watched, changes []index.Change, abandoned []index.IntentID) error {
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := p.fs.SyncDir(dir); err != nil && !isGone(err) {
			return err
		}
	}
	if err := p.addWatched(ctx, batch); err != nil {
		return err
	}
	stale, err := p.idx.Commit(ctx, changes, true)
	if err != nil {
		return err
	}
	if len(stale) > 0 {
		return fmt.Errorf("the index changed meanwhile")
	}
	return p.idx.Abandon(ctx, abandoned)
}

// displacedByKey lists displaced files by the part of their name that stays
// when they are named after another content.
func (p *Puller) displacedByKey() (map[string]string, error) {
	infos, err := p.fs.ReadDir(folderfs.DisplacedDir)
	if err != nil {
		return nil, err
	}
	byKey := make(map[string]string, len(infos))
	for i := range infos {
		name := folderfs.DisplacedDir + "/" + infos[i].Name
		if w, ok := folderfs.ParseWork(name); ok {
			byKey[w.Key] = name
		}
	}
	return byKey, nil
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
	r.old, err = index.WithBlocks(r.ctx, r.idx, r.it.Expected.Entry, nil)
	if err != nil && !errors.Is(err, index.ErrNoVersion) {
		return err
	}
	held, err := r.idx.Local(r.ctx, r.nameOfNew())
	if err != nil {
		return err
	}
	if held != nil && held.Entry.Version.Dominates(r.it.New.Version) {
		return nil // recorded after all, or overtaken
	}
	switch r.it.Operation {
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

func (r *repair) replace() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	away, _, err := r.at(r.work)
	if err != nil {
		return err
	}
	inTwo := r.it.Operation == opReplaceAway
	switch {
	case away == missing && there == theNew, away == theNew && there == theNew:
		return r.placed(there, info, away)
	case away == missing:
		r.lookAgain(there != theOld)
		return nil
	case away == theNew: // the exchange has not happened
		r.lookAgain(there != theOld)
		return r.clearWork()
	case inTwo && there == missing:
		return r.secondHalf(away)
	case there == theOld, inTwo && there == theOther:
		r.lookAgain(there == theOther)
		return nil // what is displaced stays there
	}
	return r.placed(there, info, away)
}

// secondHalf finishes a replace in two steps that was interrupted between them,
// or takes it back when what was to be placed is not there.
func (r *repair) secondHalf(away finding) error {
	r.touch(r.path, r.work)
	temp := tempOf(&r.it.New, folderfs.Complete)
	if away == theOld && r.it.New.Type == index.File {
		found, _, err := r.at(temp)
		if err != nil {
			return err
		}
		if found == theNew {
			if err := r.fs.RenameNoReplace(temp, r.path); err != nil {
				return err
			}
			r.noteWork(r.path, temp)
			r.touch(temp)
			there, info, err := r.at(r.path)
			if err != nil {
				return err
			}
			return r.placed(there, info, away)
		}
	}
	r.lookAgain(away != theOld)
	err := r.fs.RenameNoReplace(r.work, r.path)
	r.noteWork(r.path, r.work)
	return err
}

// clearWork takes what was to be placed out of the displaced files.
func (r *repair) clearWork() error {
	r.touch(r.work)
	switch r.it.New.Type {
	case index.Symlink:
		return r.fs.Remove(r.work)
	case index.Directory:
		err := r.fs.Rmdir(r.work)
		if errors.Is(err, folderfs.ErrNotEmpty) {
			return nil
		}
		return err
	}
	temp := tempOf(&r.it.New, folderfs.Complete)
	err := r.fs.RenameNoReplace(r.work, temp)
	if errors.Is(err, fs.ErrExist) {
		return nil // a second copy: it does no harm where it is
	}
	r.noteWork(temp, r.work)
	r.touch(temp)
	return err
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
	r.changes = append(r.changes, c)
	if away == theOld && r.old.Type == index.File && len(r.old.Blocks) > 0 {
		if w, ok := r.watched(r.it.Path, r.work, &r.old, r.opt.Now().UnixNano()); ok {
			r.watch = append(r.watch, w)
		}
	}
	return nil
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
	save, work, err := r.saveOf(r.ctx, r.it.Path, r.work, held)
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

// directory settles the retype of a directory to a file or link.
func (r *repair) directory() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	switch there {
	case theNew:
		return r.placed(there, info, missing)
	case missing: // taken back: the directory was empty
		r.touch(r.path)
		return r.fs.Mkdir(r.path, r.it.Expected.Disk.Mode)
	}
	r.lookAgain(there == theOther)
	return nil
}

func (r *repair) delete() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	away, _, err := r.at(r.work)
	if err != nil {
		return err
	}
	switch {
	case away == missing:
		r.lookAgain(there != theOld)
		return nil
	case away == theOther && there == missing:
		r.touch(r.path, r.work)
		r.lookAgain(true)
		r.noteWork(r.path, r.work)
		return r.fs.RenameNoReplace(r.work, r.path)
	case away == theOld && there == theOld:
		return nil
	}
	return r.placed(there, info, away)
}

func (r *repair) rmdir() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	if there != missing {
		r.lookAgain(there == theOther)
		return nil
	}
	return r.placed(there, info, missing)
}

// rename settles a move. Either name shows its state by itself: bytes only
// ever move between the two.
func (r *repair) rename() error {
	before, _, err := r.at(r.path)
	if err != nil {
		return err
	}
	to := r.it.To
	after, info, err := r.at(to)
	if err != nil {
		return err
	}
	if before != missing || after == missing || after == theOther || r.beside == 0 {
		r.lookAgain(before == missing || after != missing)
		return nil
	}
	r.finished = true
	held, err := r.idx.Local(r.ctx, to)
	if err != nil {
		return err
	}
	c := index.Change{Entry: r.it.New, Intent: r.it.ID}
	if held != nil {
		c.Base = held.Entry.Version
	}
	if info, err = r.finishMeta(to, info); err != nil {
		return err
	}
	r.facts(&c, to, theNew, info)
	r.touch(r.path, to)
	r.changes = append(r.changes, c, index.Change{
		Base: r.it.Expected.Entry.Version, Entry: r.from.New, Heads: r.from.Heads, Intent: r.beside,
	})
	return nil
}

func (r *repair) meta() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	if there != theNew && there != theOld {
		r.lookAgain(true)
		return nil
	}
	if info, err = r.finishMeta(r.path, info); err != nil {
		return err
	}
	return r.placed(theNew, info, missing)
}

// finishMeta sets the attributes that are wanted, if those there are still the
// ones expected, or half of each.
func (r *repair) finishMeta(name string, info folderfs.Info) (folderfs.Info, error) {
	was := r.it.Expected.Disk
	if r.hasMeta(info, &r.it.New) || info.Kind == folderfs.Symlink {
		return info, nil
	}
	mine := info.Kind == folderfs.Directory || info.Mtime == was.Mtime || info.Mtime == r.it.New.Mtime
	if !mine || info.Mode != was.Mode && info.Mode != r.it.New.Mode&0o777 {
		return info, nil
	}
	if r.fs.Capabilities().Modes {
		if err := r.fs.Chmod(name, r.it.New.Mode&0o777); err != nil {
			return info, err
		}
	}
	if info.Kind == folderfs.File {
		if err := r.fs.Chtimes(name, r.it.New.Mtime); err != nil {
			return info, err
		}
		if err := r.fs.SyncFile(name); err != nil && !errors.Is(err, fs.ErrPermission) {
			return info, err
		}
	} else {
		r.dirs = append(r.dirs, name)
	}
	return r.fs.Lstat(name)
}
