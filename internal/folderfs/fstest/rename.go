package fstest

import (
	"io/fs"

	"github.com/labsync/labsync/internal/folderfs"
)

var renameTests = []test{
	{"a rename takes a free name and keeps the inode", func(s *scene) {
		s.write("a", "content")
		s.must(s.user.Mkdir("d"))
		before := s.lstat("a")
		s.must(s.w.RenameNoReplace("a", "d/b"))
		s.absent("a")
		s.holds("d/b", "content")
		if after := s.lstat("d/b"); after.Inode != before.Inode || after.Mtime != before.Mtime {
			s.Errorf("facts were %+v, are %+v", before, after)
		}
	}},
	{"a work file is placed at a free name", func(s *scene) {
		s.must(s.w.RenameNoReplace(s.temp("t", "placed"), "f"))
		s.holds("f", "placed")
		s.absent(folderfs.TempDir + "/t")
		if links := s.lstat("f").Links; links != 1 {
			s.Errorf("%d links", links)
		}
	}},
	{"a rename never replaces a file, a directory or a link", func(s *scene) {
		s.write("f", "kept")
		s.must(s.user.Mkdir("d"))
		targets := []string{"f", "d"}
		if s.can.Symlinks {
			s.must(s.user.Symlink("nowhere", "l"))
			targets = append(targets, "l")
		}
		s.must(s.user.Mkdir("e"))
		s.write("g", "mine")
		for _, target := range targets {
			kind := s.lstat(target).Kind
			s.refused(fs.ErrExist, s.w.RenameNoReplace("g", target))
			s.refused(fs.ErrExist, s.w.RenameNoReplace("e", target))
			temp := s.temp("t", "new")
			s.refused(fs.ErrExist, s.w.RenameNoReplace(temp, target))
			s.must(s.w.Remove(temp))
			if s.lstat(target).Kind != kind {
				s.Errorf("%s was replaced", target)
			}
		}
		s.holds("f", "kept")
		s.holds("g", "mine")
	}},
	{"a rename of nothing does not exist", func(s *scene) {
		s.refused(fs.ErrNotExist, s.w.RenameNoReplace("missing", "x"))
		s.write("f", "")
		s.refused(fs.ErrNotExist, s.w.RenameNoReplace("f", "missing/x"))
	}},
	{"directories move with what is in them, not into themselves", func(s *scene) {
		s.must(s.user.Mkdir("d"))
		s.write("d/f", "inside")
		s.must(s.w.RenameNoReplace("d", "e"))
		s.holds("e/f", "inside")
		if err := s.w.RenameNoReplace("e", "e/below"); err == nil {
			s.Error("a directory was moved into itself")
		}
		s.holds("e/f", "inside")
	}},
	{"a link moves as a link", func(s *scene) {
		s.need(s.user.Symlink("text", "l"))
		s.must(s.w.RenameNoReplace("l", folderfs.DisplacedDir+"/l"))
		text, err := s.w.ReadLink(folderfs.DisplacedDir + "/l")
		s.must(err)
		if text != "text" {
			s.Errorf("text is %q", text)
		}
		s.must(s.w.RenameNoReplace(folderfs.DisplacedDir+"/l", "back"))
		if s.lstat("back").Kind != folderfs.Symlink {
			s.Error("it came back as something else")
		}
	}},
	{"an exchange swaps whole files", func(s *scene) {
		s.write("f", "user's")
		temp := s.temp("t", "ours")
		if !s.can.Exchange {
			s.refused(folderfs.ErrUnsupported, s.w.Exchange(temp, "f"))
			s.holds("f", "user's")
			return
		}
		before := s.lstat("f")
		s.must(s.w.Exchange(temp, "f"))
		s.holds("f", "ours")
		s.holds(temp, "user's")
		if after := s.lstat(temp); after.Inode != before.Inode || after.Mtime != before.Mtime {
			s.Errorf("displaced facts were %+v, are %+v", before, after)
		}
	}},
	{"an exchange swaps kinds", func(s *scene) {
		if !s.can.Exchange {
			s.Skip("no exchange here")
		}
		s.must(s.user.Mkdir("d"))
		s.write("d/f", "inside")
		temp := s.temp("t", "file")
		s.must(s.w.Exchange(temp, "d"))
		s.holds("d", "file")
		s.holds(temp+"/f", "inside")
	}},
	{"an exchange needs both names", func(s *scene) {
		if !s.can.Exchange {
			s.Skip("no exchange here")
		}
		s.write("f", "kept")
		s.refused(fs.ErrNotExist, s.w.Exchange("f", "missing"))
		s.refused(fs.ErrNotExist, s.w.Exchange("missing", "f"))
		s.holds("f", "kept")
	}},
}
