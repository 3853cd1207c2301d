package pull

import (
	"errors"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// replace settles an exchange, or what stands for one, by what lies at both
// names. The rule of all cases: what is at the work name and is neither the
// wanted nor the expected is a save, and what is at the path and is neither was
// saved after the step.
func (r *repair) replace() error {
	there, info, away, err := r.atBoth()
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
		r.watchFor(away, &r.old)
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
			if err := r.fs.RenameNoReplace(temp, r.path); isGone(err) || errors.Is(err, fs.ErrExist) {
				// Somebody has taken the directory away, or the name in
				// another case: what stood there stays displaced.
				r.lookAgain(true)
				r.watchFor(away, &r.old)
				return nil
			} else if err != nil {
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
	return r.putBack(away)
}

// putBack returns what was displaced to its name. If its directory is gone by
// now, or the name taken, perhaps in another case, it stays where it is and is
// looked at like any other displaced file.
func (r *repair) putBack(away finding) error {
	err := r.fs.RenameNoReplace(r.work, r.path)
	switch {
	case isGone(err), errors.Is(err, fs.ErrExist):
		r.lookAgain(true)
		return r.leaveAway(away)
	case err == nil:
		r.noteWork(r.path, r.work)
	}
	return err
}

// leaveAway leaves at the work name what cannot go back. A directory is no
// version of anything: a person is to find it.
func (r *repair) leaveAway(away finding) error {
	info, err := r.fs.Lstat(r.work)
	if err != nil {
		return err
	}
	if info.Kind != folderfs.File && info.Kind != folderfs.Symlink {
		_, err = r.rescue(r.work)
		return err
	}
	r.watchFor(away, &r.old)
	return nil
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

// create settles what was put at a free name.
func (r *repair) create() error {
	there, info, err := r.at(r.path)
	if err != nil {
		return err
	}
	if there == theNew {
		return r.placed(there, info, missing)
	}
	r.lookAgain(there != missing)
	return nil
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
		if err := r.fs.Mkdir(r.path, r.it.Expected.Disk.Mode); !isGone(err) {
			r.touch(r.path)
			return err
		}
		r.lookAgain(true)
		return nil
	}
	r.lookAgain(there == theOther)
	return nil
}

func (r *repair) delete() error {
	there, info, away, err := r.atBoth()
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
		return r.putBack(away)
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

// atBoth tells what lies at the path, with its facts, and at the work name.
func (r *repair) atBoth() (there finding, info folderfs.Info, away finding, err error) {
	if there, info, err = r.at(r.path); err == nil {
		away, _, err = r.at(r.work)
	}
	return there, info, away, err
}
