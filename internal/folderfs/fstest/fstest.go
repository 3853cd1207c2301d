// Package fstest holds what every folder must do: one suite, run over the disk
// and over the one in memory, as they are and with each capability taken away.
//
// Each test gets a folder of its own and, beside the Writer under test, a User:
// the programs that change the folder without asking. What a test expects
// follows from Writer.Capabilities.
package fstest

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
)

// Fixture is a prepared, else empty folder.
type Fixture struct {
	Writer folderfs.Writer
	User   User
}

// User acts on the folder as any other program would. An operation the system
// has no means for returns folderfs.ErrUnsupported.
type User interface {
	Write(name string, content []byte) error // makes the file or saves in place
	Read(name string) ([]byte, error)
	Mkdir(name string) error
	Symlink(text, name string) error
	Link(old, new string) error
	Chmod(name string, mode uint32) error
	Fifo(name string) error
	Hold(name string) (io.WriteCloser, error) // open for writing
}

// Run runs the suite; fresh makes a new folder for each test.
func Run(t *testing.T, fresh func(t *testing.T) Fixture) {
	for _, group := range [][]test{lookTests, nameTests, changeTests, renameTests, fileTests, containTests} {
		for _, one := range group {
			t.Run(one.says, func(t *testing.T) {
				f := fresh(t)
				one.run(&scene{T: t, w: f.Writer, user: f.User, can: f.Writer.Capabilities()})
			})
		}
	}
}

type test struct {
	says string
	run  func(s *scene)
}

// scene is one test with its folder.
type scene struct {
	*testing.T
	w    folderfs.Writer
	user User
	can  folderfs.Capabilities
}

// must ends the test on an error.
func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// need ends the test on an error, and skips it where the system has no means.
func (s *scene) need(err error) {
	s.Helper()
	if errors.Is(err, folderfs.ErrUnsupported) {
		s.Skip("not on this file system: ", err)
	}
	s.must(err)
}

// refused expects an error that is want.
func (s *scene) refused(want, got error) {
	s.Helper()
	if !errors.Is(got, want) {
		s.Errorf("error is %v, want one that is %q", got, want)
	}
}

func (s *scene) write(name, content string) {
	s.Helper()
	s.must(s.user.Write(name, []byte(content)))
}

// holds expects the content of a file, as a user reads it.
func (s *scene) holds(name, want string) {
	s.Helper()
	got, err := s.user.Read(name)
	s.must(err)
	if string(got) != want {
		s.Errorf("%s holds %q, want %q", name, got, want)
	}
}

func (s *scene) absent(name string) {
	s.Helper()
	_, err := s.w.Lstat(name)
	s.refused(fs.ErrNotExist, err)
}

func (s *scene) lstat(name string) folderfs.Info {
	s.Helper()
	info, err := s.w.Lstat(name)
	s.must(err)
	return info
}

// temp makes a work file with content and closes it.
func (s *scene) temp(name, content string) string {
	s.Helper()
	name = folderfs.TempDir + "/" + name
	f, err := s.w.Create(name)
	s.must(err)
	_, err = f.WriteAt([]byte(content), 0)
	s.must(err)
	s.must(f.Close())
	return name
}
