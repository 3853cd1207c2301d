package fstest

import (
	"bytes"
	"errors"
	"io"

	"github.com/labsync/labsync/internal/folderfs"
)

// create makes a work file and leaves it open until the test ends.
func (s *scene) create(name string) folderfs.NewFile {
	s.Helper()
	f, err := s.w.Create(folderfs.TempDir + "/" + name)
	s.must(err)
	s.Cleanup(func() { _ = f.Close() }) // some tests close it themselves
	return f
}

// content reads a whole open file.
func (s *scene) content(f folderfs.OpenFile) []byte {
	s.Helper()
	info, err := f.Stat()
	s.must(err)
	all := make([]byte, info.Size)
	if _, err := f.ReadAt(all, 0); err != nil && !errors.Is(err, io.EOF) {
		s.Fatal(err)
	}
	return all
}

var fileTests = []test{
	{"a work file is written anywhere, with zeros between", func(s *scene) {
		f := s.create("f")
		_, err := f.WriteAt([]byte("end"), 100_000)
		s.must(err)
		_, err = f.WriteAt([]byte("start"), 0)
		s.must(err)
		want := make([]byte, 100_003)
		copy(want, "start")
		copy(want[100_000:], "end")
		if !bytes.Equal(s.content(f), want) {
			s.Error("content differs")
		}
		s.must(f.Sync())
	}},
	{"a work file is cut and grown with zeros", func(s *scene) {
		f := s.create("f")
		_, err := f.WriteAt([]byte("0123456789"), 0)
		s.must(err)
		s.must(f.Truncate(4))
		s.must(f.Truncate(8))
		if got := s.content(f); string(got) != "0123\x00\x00\x00\x00" {
			s.Errorf("content is %q", got)
		}
	}},
	{"permissions and time of an open file are set", func(s *scene) {
		f := s.create("f")
		s.must(f.Chmod(0o755))
		s.must(f.Chtimes(-8_000_000_000))
		info, err := f.Stat()
		s.must(err)
		if s.can.Modes && info.Mode != 0o755 || info.Mtime != -8_000_000_000 {
			s.Errorf("facts are %+v", info)
		}
	}},
	{"writing goes on in a file opened again", func(s *scene) {
		name := s.temp("t", "01234567")
		f, err := s.w.OpenTemp(name)
		s.must(err)
		_, err = f.WriteAt([]byte("xy"), 3)
		s.must(err)
		s.must(f.Close())
		s.holds(name, "012xy567")
		_, err = s.w.OpenTemp(folderfs.TempDir)
		s.refused(folderfs.ErrKind, err)
	}},
	{"ranges are copied from another file", func(s *scene) {
		pattern := make([]byte, 300_000)
		for i := range pattern {
			pattern[i] = byte(i * 7 >> 3)
		}
		s.must(s.user.Write("src", pattern))
		src, err := s.w.Open("src")
		s.must(err)
		defer func() { _ = src.Close() }() // only read
		for _, r := range []struct{ from, at, n int64 }{
			{0, 0, 300_000}, {4096, 8192, 65536}, {1, 3, 100_001}, {299_999, 0, 1}, {0, 0, 0},
		} {
			f := s.create("copy")
			done, err := f.CopyFrom(src, r.from, r.at, r.n)
			s.must(err)
			want := append(make([]byte, r.at), pattern[r.from:r.from+r.n]...)
			if r.n == 0 {
				want = nil
			}
			if done != r.n || !bytes.Equal(s.content(f), want) {
				s.Errorf("copy of %+v: %d bytes, content right: %v", r, done, bytes.Equal(s.content(f), want))
			}
			s.must(f.Close())
			s.must(s.w.Remove(folderfs.TempDir + "/copy"))
		}
	}},
	{"a copy beyond the source's end is short and says so", func(s *scene) {
		s.write("src", "12345")
		src, err := s.w.Open("src")
		s.must(err)
		defer func() { _ = src.Close() }() // only read
		f := s.create("f")
		done, err := f.CopyFrom(src, 2, 0, 10)
		s.refused(io.ErrUnexpectedEOF, err)
		if done != 3 || string(s.content(f)) != "345" {
			s.Errorf("%d bytes, content %q", done, s.content(f))
		}
	}},
	{"a file open for writing elsewhere is busy", func(s *scene) {
		s.write("f", "x")
		held, err := s.user.Hold("f")
		s.need(err)
		busy, err := s.w.Busy("f")
		s.must(err)
		if !busy {
			s.Error("not busy while it is held")
		}
		s.must(held.Close())
		if busy, err = s.w.Busy("f"); busy || err != nil {
			s.Errorf("busy %v, %v after it was closed", busy, err)
		}
	}},
	{"a file open for reading is not busy", func(s *scene) {
		s.write("f", "x")
		f, err := s.w.Open("f")
		s.must(err)
		defer func() { _ = f.Close() }() // only read
		if busy, err := s.w.Busy("f"); busy || err != nil {
			s.Errorf("busy %v, %v", busy, err)
		}
	}},
	{"a late writer writes into the displaced file", func(s *scene) {
		if !s.can.Exchange {
			s.Skip("no exchange here")
		}
		s.write("f", "old")
		held, err := s.user.Hold("f")
		s.need(err)
		temp := s.temp("t", "NEW")
		s.must(s.w.Exchange(temp, "f"))
		_, err = held.Write([]byte("+late"))
		s.must(err)
		s.must(held.Close())
		s.holds("f", "NEW")
		s.holds(temp, "old+late")
	}},
}
