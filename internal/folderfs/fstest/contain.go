package fstest

import (
	"errors"
	"io/fs"

	"github.com/labsync/labsync/internal/folderfs"
)

// traps are links a name must not lead through: out of the folder, to another
// part of it, into the work directory, to itself.
var traps = []struct{ name, text string }{
	{"out", ".."}, {"absolute", "/"}, {"inside", "real"}, {"work", ".labsync"}, {"deep", ".labsync/tmp"},
	{"loop", "loop"}, {"dangling", "nowhere"}, {"here", "."},
}

// refusals are what a name below a link, or one that is none, may meet.
var refusals = []error{folderfs.ErrNotDirectory, folderfs.ErrName, folderfs.ErrKind, fs.ErrNotExist}

func refusal(err error) bool {
	for _, one := range refusals {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

var containTests = []test{
	{"nothing is reached below a link, wherever it points", func(s *scene) {
		s.must(s.user.Mkdir("real"))
		s.write("real/x", "kept")
		s.must(s.w.RenameNoReplace(s.temp("x", "kept"), folderfs.WorkDir+"/x"))
		for _, trap := range traps {
			s.need(s.user.Symlink(trap.text, trap.name))
			for _, below := range []string{"/x", "/real/x", "/tmp/x"} {
				s.eachOperation(trap.name+below, func(op string, err error) {
					if !refusal(err) {
						s.Errorf("%s %q: error is %v", op, trap.name+below, err)
					}
				})
			}
			_, err := s.w.Lstat(trap.name + "/x")
			s.refused(folderfs.ErrNotDirectory, err)
		}
		s.holds("real/x", "kept")
		s.holds(folderfs.WorkDir+"/x", "kept")
	}},
	{"a link as last component is never followed", func(s *scene) {
		s.write("f", "kept")
		s.need(s.user.Symlink("f", "l"))
		if kind := s.lstat("l").Kind; kind != folderfs.Symlink {
			s.Errorf("kind is %d", kind)
		}
		_, err := s.w.Open("l")
		s.refused(folderfs.ErrKind, err)
		_, err = s.w.Busy("l")
		s.refused(folderfs.ErrKind, err)
		s.refused(folderfs.ErrKind, s.w.SyncFile("l"))
		s.must(s.user.Symlink(".", "here"))
		_, err = s.w.ReadDir("here")
		s.refused(folderfs.ErrNotDirectory, err)
		s.refused(folderfs.ErrNotDirectory, s.w.SyncDir("here"))
		s.refused(folderfs.ErrNotDirectory, s.w.Rmdir("here"))
	}},
	{"a link in the work directory is not written through", func(s *scene) {
		s.write("f", "kept")
		s.need(s.w.Symlink("../../f", folderfs.TempDir+"/l"))
		_, err := s.w.OpenTemp(folderfs.TempDir + "/l")
		s.refused(folderfs.ErrKind, err)
		_, err = s.w.Create(folderfs.TempDir + "/l")
		s.refused(fs.ErrExist, err)
		s.must(s.w.Symlink("..", folderfs.TempDir+"/up"))
		_, err = s.w.Create(folderfs.TempDir + "/up/f")
		s.refused(folderfs.ErrNotDirectory, err)
		s.refused(folderfs.ErrNotDirectory, s.w.Remove(folderfs.TempDir+"/up/tmp/l"))
		s.holds("f", "kept")
	}},
	{"a reader cannot be turned into a writer", func(s *scene) {
		source, ok := s.w.(interface{ Reader() folderfs.Reader })
		if !ok {
			s.Skip("hands out no Reader of its own")
		}
		if _, ok := source.Reader().(folderfs.Writer); ok {
			s.Error("the Reader is a Writer")
		}
	}},
}
