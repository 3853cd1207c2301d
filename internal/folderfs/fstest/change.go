package fstest

import (
	"io/fs"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
)

var changeTests = []test{
	{"files are created in the work directory alone", func(s *scene) {
		for _, name := range []string{"f", ".labsync", ".labsyncx/f", ".LABSYNC/tmp/f", ""} {
			_, err := s.w.Create(name)
			s.refused(folderfs.ErrName, err)
			_, err = s.w.OpenTemp(name)
			s.refused(folderfs.ErrName, err)
		}
		name := s.temp("f", "x")
		_, err := s.w.Create(name)
		s.refused(fs.ErrExist, err)
		if info := s.lstat(name); s.can.Modes && info.Mode != 0o600 {
			s.Errorf("mode is %o", info.Mode)
		}
	}},
	{"files are removed in the work directory alone", func(s *scene) {
		s.write("f", "kept")
		for _, name := range []string{"f", "", ".labsync", ".labsync/../f", ".LABSYNC/f"} {
			s.refused(folderfs.ErrName, s.w.Remove(name))
		}
		s.holds("f", "kept")
		s.refused(folderfs.ErrKind, s.w.Remove(folderfs.TempDir))
		temp := s.temp("t", "")
		s.must(s.w.Remove(temp))
		s.refused(fs.ErrNotExist, s.w.Remove(temp))
	}},
	{"a link in the work directory is removed, not what it points to", func(s *scene) {
		s.write("f", "kept")
		s.need(s.w.Symlink("../../f", folderfs.TempDir+"/l"))
		s.must(s.w.Remove(folderfs.TempDir + "/l"))
		s.holds("f", "kept")
	}},
	{"the work directory itself cannot be moved or removed", func(s *scene) {
		s.must(s.user.Mkdir("d"))
		disguises := []string{".labsync", ".LabSync", ".labsync.", ".labsync ", "LABSYN~1", ".lab\u200csync", ".LABSYNC\ufeff. ."}
		for _, name := range append(disguises, "") {
			s.refused(folderfs.ErrName, s.w.RenameNoReplace(name, "x"))
			s.refused(folderfs.ErrName, s.w.RenameNoReplace("d", name))
			s.refused(folderfs.ErrName, s.w.Exchange("d", name))
			s.refused(folderfs.ErrName, s.w.Rmdir(name))
			s.refused(folderfs.ErrName, s.w.Mkdir(name, 0o755))
		}
		for _, name := range disguises[1:] {
			s.refused(folderfs.ErrName, s.w.RenameNoReplace("d", name+"/tmp/d"))
			s.refused(folderfs.ErrName, s.w.Chmod(name+"/tmp", 0o777))
		}
	}},
	{"a directory is made with its mode, whatever the umask", func(s *scene) {
		s.must(s.w.Mkdir("d", 0o777))
		if info := s.lstat("d"); info.Kind != folderfs.Directory || s.can.Modes && info.Mode != 0o777 {
			s.Errorf("facts are %+v", info)
		}
		s.refused(fs.ErrExist, s.w.Mkdir("d", 0o755))
		s.refused(fs.ErrNotExist, s.w.Mkdir("no/d", 0o755))
	}},
	{"only empty directories are removed", func(s *scene) {
		s.must(s.user.Mkdir("d"))
		s.write("d/f", "kept")
		s.refused(folderfs.ErrNotEmpty, s.w.Rmdir("d"))
		s.refused(folderfs.ErrNotDirectory, s.w.Rmdir("d/f"))
		s.refused(fs.ErrNotExist, s.w.Rmdir("missing"))
		s.must(s.w.RenameNoReplace("d/f", "f"))
		s.must(s.w.Rmdir("d"))
		s.absent("d")
	}},
	{"a link is made, not over what exists", func(s *scene) {
		s.write("f", "kept")
		if !s.can.Symlinks {
			s.refused(folderfs.ErrUnsupported, s.w.Symlink("t", "l"))
			return
		}
		s.must(s.w.Symlink("t", "l"))
		s.refused(fs.ErrExist, s.w.Symlink("t", "f"))
		s.refused(fs.ErrExist, s.w.Symlink("t", "l"))
		s.holds("f", "kept")
	}},
	{"permissions change on files and directories, not through a link", func(s *scene) {
		s.write("f", "")
		s.must(s.user.Mkdir("d"))
		s.must(s.w.Chmod("f", 0o751))
		s.must(s.w.Chmod("d", 0o700))
		if s.can.Modes && (s.lstat("f").Mode != 0o751 || s.lstat("d").Mode != 0o700) {
			s.Errorf("modes are %o and %o", s.lstat("f").Mode, s.lstat("d").Mode)
		}
		if s.can.Modes {
			s.refused(fs.ErrNotExist, s.w.Chmod("missing", 0o700))
		}
		if s.can.Symlinks && s.can.Modes {
			s.must(s.user.Symlink("f", "l"))
			s.refused(folderfs.ErrKind, s.w.Chmod("l", 0o777))
			if mode := s.lstat("f").Mode; mode != 0o751 {
				s.Errorf("mode is %o: changed through the link", mode)
			}
		}
	}},
	{"a file nobody may read gets its permissions back", func(s *scene) {
		if !s.can.Modes {
			s.Skip("no permissions here")
		}
		s.write("f", "x")
		s.must(s.w.Chmod("f", 0))
		s.must(s.w.Chtimes("f", 1_000_000_000))
		s.must(s.w.Chmod("f", 0o644))
		s.holds("f", "x")
	}},
	{"modification times are set, before 1970 too, to the granularity", func(s *scene) {
		s.write("f", "")
		for _, mtime := range []int64{0, 1, -1, -1_500_000_001, 1_700_000_001_123_456_789, 2_100_000_000_999_999_999} {
			s.must(s.w.Chtimes("f", mtime))
			step := int64(max(s.can.MtimeGranularity, 1))
			off := s.lstat("f").Mtime - mtime
			if off <= -step || off >= step {
				s.Errorf("%d became %d, beyond a step of %v", mtime, s.lstat("f").Mtime, time.Duration(step))
			}
		}
	}},
	{"a change time is not what a user sets", func(s *scene) {
		if !s.can.Ctime {
			s.Skip("no change times here")
		}
		s.write("f", "")
		s.must(s.w.Chtimes("f", 1_000_000_000_000_000_000))
		if info := s.lstat("f"); info.Ctime == info.Mtime {
			s.Errorf("both times are %d", info.Ctime)
		}
	}},
	{"a link's time is its own", func(s *scene) {
		s.write("f", "")
		s.must(s.w.Chtimes("f", 4e9))
		s.need(s.user.Symlink("f", "l"))
		_ = s.w.Chtimes("l", 8e9) // some systems cannot: then nothing happens
		if mtime := s.lstat("f").Mtime; mtime != 4e9 {
			s.Errorf("time is %d: changed through the link", mtime)
		}
	}},
	{"directories and files are made durable, others are not", func(s *scene) {
		s.must(s.user.Mkdir("d"))
		s.write("d/f", "x")
		s.must(s.w.SyncDir(""))
		s.must(s.w.SyncDir("d"))
		s.must(s.w.SyncFile("d/f"))
		s.refused(folderfs.ErrNotDirectory, s.w.SyncDir("d/f"))
		s.refused(folderfs.ErrKind, s.w.SyncFile("d"))
		s.refused(fs.ErrNotExist, s.w.SyncDir("missing"))
	}},
	{"a work file inherits what is permitted, and no link", func(s *scene) {
		s.write("f", "old")
		temp := s.temp("t", "new")
		s.must(s.w.Inherit("f", temp))
		s.holds(temp, "new")
		s.refused(folderfs.ErrName, s.w.Inherit("f", "f"))
		s.refused(fs.ErrNotExist, s.w.Inherit("missing", temp))
		if s.can.Symlinks {
			s.must(s.user.Symlink("f", "l"))
			s.refused(folderfs.ErrKind, s.w.Inherit("l", temp))
		}
	}},
	{"after Close nothing works", func(s *scene) {
		s.must(s.w.Close())
		_, err := s.w.Lstat("")
		s.refused(fs.ErrClosed, err)
		s.refused(fs.ErrClosed, s.w.Mkdir("d", 0o755))
		s.refused(fs.ErrClosed, s.w.Close())
	}},
}
