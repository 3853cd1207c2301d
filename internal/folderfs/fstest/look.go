package fstest

import (
	"bytes"
	"io"
	"io/fs"

	"github.com/labsync/labsync/internal/folderfs"
)

var lookTests = []test{
	{"the root is a directory named by the empty string", func(s *scene) {
		info := s.lstat("")
		if info.Kind != folderfs.Directory || info.Name != "" {
			s.Errorf("root is %+v", info)
		}
		if info.Device != s.w.Root().Device {
			s.Errorf("root lies on device %d, Root says %d", info.Device, s.w.Root().Device)
		}
		s.must(s.w.CheckRoot())
	}},
	{"facts of a file are its own", func(s *scene) {
		s.write("f", "12345")
		s.must(s.user.Chmod("f", 0o640))
		info := s.lstat("f")
		if info.Name != "f" || info.Kind != folderfs.File || info.Size != 5 || info.Links != 1 {
			s.Errorf("facts are %+v", info)
		}
		if s.can.Modes && info.Mode != 0o640 {
			s.Errorf("mode is %o", info.Mode)
		}
		if s.can.Ctime != (info.Ctime != 0) || s.can.StableInodes != (info.Inode != 0) {
			s.Errorf("ctime %d and inode %d do not fit the capabilities", info.Ctime, info.Inode)
		}
	}},
	{"a directory is listed in order of name with the kinds of names", func(s *scene) {
		s.write("b", "x")
		s.must(s.user.Mkdir("a"))
		want := []string{".labsync", "a", "b"}
		if s.can.Symlinks {
			s.must(s.user.Symlink("b", "c"))
			want = append(want, "c")
		}
		list, err := s.w.ReadDir("")
		s.must(err)
		if len(list) != len(want) {
			s.Fatalf("%d names, want %d: %+v", len(list), len(want), list)
		}
		kinds := []folderfs.Kind{folderfs.Directory, folderfs.Directory, folderfs.File, folderfs.Symlink}
		for i, info := range list {
			if info.Name != want[i] || info.Kind != kinds[i] {
				s.Errorf("name %d is %q of kind %d, want %q of kind %d", i, info.Name, info.Kind, want[i], kinds[i])
			}
			if info != s.lstat(want[i]) {
				s.Errorf("%s: ReadDir says %+v, Lstat %+v", want[i], info, s.lstat(want[i]))
			}
		}
	}},
	{"a directory is listed again and again, from its beginning", func(s *scene) {
		s.write("d", "")
		for range 3 {
			list, err := s.w.ReadDir("")
			s.must(err)
			if len(list) != 2 {
				s.Errorf("%d names, want 2", len(list))
			}
		}
	}},
	{"listing a file is not a directory", func(s *scene) {
		s.write("f", "")
		_, err := s.w.ReadDir("f")
		s.refused(folderfs.ErrNotDirectory, err)
		_, err = s.w.ReadDir("missing")
		s.refused(fs.ErrNotExist, err)
	}},
	{"an open file is read in pieces and from its beginning", func(s *scene) {
		s.write("f", "0123456789")
		f, err := s.w.Open("f")
		s.must(err)
		part := make([]byte, 4)
		n, err := f.ReadAt(part, 8)
		if n != 2 || err != io.EOF || string(part[:n]) != "89" {
			s.Errorf("read %q, %v at the end", part[:n], err)
		}
		all, err := io.ReadAll(f)
		s.must(err)
		if !bytes.Equal(all, []byte("0123456789")) {
			s.Errorf("read %q", all)
		}
		info, err := f.Stat()
		s.must(err)
		if info != s.lstat("f") {
			s.Errorf("Stat says %+v, Lstat %+v", info, s.lstat("f"))
		}
		s.must(f.Close())
		s.refused(fs.ErrClosed, f.Close())
	}},
	{"an open file stays what it was when its name moves", func(s *scene) {
		s.write("f", "old")
		f, err := s.w.Open("f")
		s.must(err)
		s.must(s.w.RenameNoReplace("f", folderfs.DisplacedDir+"/f"))
		s.write("f", "newer")
		info, err := f.Stat()
		s.must(err)
		if info.Size != 3 {
			s.Errorf("size is %d, want 3", info.Size)
		}
		s.must(f.Close())
	}},
	{"a link's text is read, a file has none", func(s *scene) {
		s.need(s.user.Symlink("../some/where else", "l"))
		text, err := s.w.ReadLink("l")
		s.must(err)
		if text != "../some/where else" {
			s.Errorf("text is %q", text)
		}
		s.write("f", "")
		_, err = s.w.ReadLink("f")
		s.refused(folderfs.ErrKind, err)
		_, err = s.w.ReadLink("missing")
		s.refused(fs.ErrNotExist, err)
	}},
	{"only regular files open", func(s *scene) {
		s.must(s.user.Mkdir("d"))
		_, err := s.w.Open("d")
		s.refused(folderfs.ErrKind, err)
		_, err = s.w.Open("")
		s.refused(folderfs.ErrKind, err)
		_, err = s.w.Open("missing")
		s.refused(fs.ErrNotExist, err)
	}},
	{"a FIFO is another kind and does not block", func(s *scene) {
		s.need(s.user.Fifo("p"))
		if kind := s.lstat("p").Kind; kind != folderfs.Other {
			s.Errorf("kind is %d", kind)
		}
		_, err := s.w.Open("p")
		s.refused(folderfs.ErrKind, err)
		_, err = s.w.Busy("p")
		s.refused(folderfs.ErrKind, err)
		s.refused(folderfs.ErrKind, s.w.SyncFile("p"))
	}},
	{"hard links are counted", func(s *scene) {
		if !s.can.HardLinks {
			s.Skip("no hard links here")
		}
		s.write("f", "x")
		s.must(s.user.Link("f", "g"))
		if a, b := s.lstat("f"), s.lstat("g"); a.Links != 2 || a.Inode != b.Inode {
			s.Errorf("facts are %+v and %+v", a, b)
		}
	}},
	{"a probe finds the capabilities that are reported", func(s *scene) {
		found, err := folderfs.Probe(s.w, folderfs.WorkDir+"/trial")
		s.must(err)
		// Only reported, not enforced, where a disk plays one that lacks them.
		found.CaseSensitive = found.CaseSensitive && s.can.CaseSensitive
		found.UnicodeExact = found.UnicodeExact && s.can.UnicodeExact
		if found.MaxName == 143 && s.can.MaxName < 143 {
			found.MaxName = s.can.MaxName
		}
		if found != s.can {
			s.Errorf("probe found %+v\nreported are %+v", found, s.can)
		}
		s.absent(folderfs.WorkDir + "/trial")
	}},
	{"there is free space", func(s *scene) {
		free, err := s.w.Free()
		s.must(err)
		if free == 0 {
			s.Error("none")
		}
	}},
}
