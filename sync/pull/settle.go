package pull

import (
	"context"
	"errors"
	"fmt"
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
	p.relistWorks()
	return rep, nil
}

// settled makes what settle did durable, then records it.
func (p *Puller) settled(ctx context.Context, dirs []string, batch []watched, changes []index.Change, abandoned []index.IntentID) error {
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := p.syncDir(dir); err != nil && !isGone(err) {
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
		return nil // recorded after all, or overtaken
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
