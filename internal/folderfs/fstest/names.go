package fstest

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/labsync/labsync/internal/folderfs"
)

// unusable are names no operation may take.
var unusable = []string{
	"..", ".", "../x", "a/../x", "a/..", "./a", "a/.", "/", "/a", "//a", "a//b", "a/", "d/", "a\x00b", "\x00",
	".labsync/../a", ".labsync/tmp/../../../x",
}

// eachOperation calls every operation that takes a name with this one.
func (s *scene) eachOperation(name string, expect func(op string, err error)) {
	const spare = folderfs.TempDir + "/spare"
	_, err := s.w.Lstat(name)
	expect("Lstat", err)
	_, err = s.w.ReadDir(name)
	expect("ReadDir", err)
	_, err = s.w.Open(name)
	expect("Open", err)
	_, err = s.w.ReadLink(name)
	expect("ReadLink", err)
	_, err = s.w.Busy(name)
	expect("Busy", err)
	expect("Mkdir", s.w.Mkdir(name, 0o755))
	expect("RenameNoReplace from", s.w.RenameNoReplace(name, spare))
	expect("Rmdir", s.w.Rmdir(name))
	expect("Chmod", s.w.Chmod(name, 0o700))
	expect("Chtimes", s.w.Chtimes(name, 0))
	expect("SyncDir", s.w.SyncDir(name))
	expect("SyncFile", s.w.SyncFile(name))
	temp := s.temp("t", "t")
	expect("RenameNoReplace to", s.w.RenameNoReplace(temp, name))
	expect("Inherit from", s.w.Inherit(name, temp))
	if s.can.Exchange {
		expect("Exchange", s.w.Exchange(temp, name))
	}
	if s.can.Symlinks {
		expect("Symlink", s.w.Symlink("x", name))
	}
	s.must(s.w.Remove(temp))
}

var nameTests = []test{
	{"names that are no names are refused by every operation", func(s *scene) {
		s.must(s.user.Mkdir("d"))
		s.must(s.user.Mkdir("a"))
		for _, name := range unusable {
			s.eachOperation(name, func(op string, err error) {
				if !errors.Is(err, folderfs.ErrName) {
					s.Errorf("%s %q: error is %v", op, name, err)
				}
			})
		}
	}},
	{"an error names the operation and what it was done to", func(s *scene) {
		_, err := s.w.Lstat("missing/file")
		if err == nil || !strings.Contains(err.Error(), `lstat "missing/file"`) {
			s.Errorf("error is %v", err)
		}
		err = s.w.RenameNoReplace("missing", "other")
		if err == nil || !strings.Contains(err.Error(), `rename "missing" to "other"`) {
			s.Errorf("error is %v", err)
		}
	}},
	{"names of any bytes are kept", func(s *scene) {
		for _, name := range []string{"mit leer", "\xff\xfe", "tab\there", "new\nline", "-rf", "*?", "日本語", "back\\slash"} {
			err := s.user.Write(name, []byte(name))
			if err != nil {
				continue // not on this file system
			}
			if info := s.lstat(name); s.can.UnicodeExact && info.Name != name {
				s.Errorf("%q is listed as %q", name, info.Name)
			}
			s.holds(name, name)
			s.must(s.w.RenameNoReplace(name, folderfs.DisplacedDir+"/x"))
			s.must(s.w.Remove(folderfs.DisplacedDir + "/x"))
		}
	}},
	{"a name of full length is taken, a longer one is too long", func(s *scene) {
		temp := s.temp("t", "content")
		s.refused(folderfs.ErrTooLong, s.w.RenameNoReplace(temp, strings.Repeat("n", s.can.MaxName+1)))
		s.refused(folderfs.ErrTooLong, s.w.Mkdir(strings.Repeat("n", s.can.MaxName+1), 0o755))
		longest := strings.Repeat("n", s.can.MaxName)
		s.must(s.w.RenameNoReplace(temp, longest))
		s.holds(longest, "content")
	}},
	{"a path longer than a system call takes is walked", func(s *scene) {
		part := strings.Repeat("d", min(100, s.can.MaxName))
		name := part
		for range 60 {
			s.must(s.w.Mkdir(name, 0o755))
			name += "/" + part
		}
		temp := s.temp("t", "deep")
		s.must(s.w.RenameNoReplace(temp, name))
		f, err := s.w.Open(name)
		s.must(err)
		s.must(f.Close())
		if info := s.lstat(name); info.Size != 4 {
			s.Errorf("facts are %+v", info)
		}
	}},
	{"case and form of letters are told apart as reported", func(s *scene) {
		s.write("Straße", "1")
		info, err := s.w.Lstat("STRAßE")
		if found := err == nil; found && s.can.CaseSensitive {
			s.Error("another case was found")
		}
		if !s.can.CaseSensitive {
			s.T.Log("other case: ", err) // a disk may only play a case-insensitive one
		}
		if err == nil && info.Name != "Straße" {
			s.Errorf("it is spelled %q, says Lstat", info.Name)
		}
	}},
	{"a missing directory on the way does not exist, a file is not a directory", func(s *scene) {
		_, err := s.w.Lstat("missing/a")
		s.refused(fs.ErrNotExist, err)
		s.write("f", "")
		_, err = s.w.Lstat("f/a")
		s.refused(folderfs.ErrNotDirectory, err)
		_, err = s.w.Open("f/a/b")
		s.refused(folderfs.ErrNotDirectory, err)
		s.refused(folderfs.ErrNotDirectory, s.w.Mkdir("f/a", 0o755))
	}},
}
