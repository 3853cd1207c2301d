package memfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// diskUser does on disk what memfs.User does in memory.
type diskUser struct{ root string }

// noLinks refuses names below a link, as memfs does for its users too.
func (u diskUser) noLinks(name string) error {
	for at, c := range name {
		if c != '/' {
			continue
		}
		info, err := os.Lstat(filepath.Join(u.root, name[:at]))
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return folderfs.ErrNotDirectory
		}
	}
	return nil
}

func (u diskUser) Write(name string, content []byte) error {
	if err := u.noLinks(name); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(u.root, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

func (u diskUser) Symlink(text, name string) error {
	if err := u.noLinks(name); err != nil {
		return err
	}
	return os.Symlink(text, filepath.Join(u.root, name))
}

func (u diskUser) Rename(old, new string) error {
	for _, name := range []string{old, new} {
		if err := u.noLinks(name); err != nil {
			return err
		}
	}
	// os.Rename looks first whether new is a directory and words it another way.
	return syscall.Rename(filepath.Join(u.root, old), filepath.Join(u.root, new))
}

// outside is what the test needs of a user.
type outside interface {
	Write(name string, content []byte) error
	Symlink(text, name string) error
	Rename(old, new string) error
}

// TestMemoryDoesWhatTheDiskDoes runs the same random operations on both and
// compares errors and trees after each.
func TestMemoryDoesWhatTheDiskDoes(t *testing.T) {
	for seed := range 20 {
		disk, err := folderfs.Open(t.TempDir(), folderfs.Options{Prepare: true})
		must(t, err)
		must(t, disk.Remove(folderfs.IdentityFile)) // memory needs none
		memory := prepared(t, memfs.Options{})
		onDisk := script{rand.New(rand.NewPCG(uint64(seed), 2)), disk, diskUser{disk.Path()}}
		inMemory := script{rand.New(rand.NewPCG(uint64(seed), 2)), memory, memory.User()}
		for step := range 200 {
			did, diskErr := onDisk.step()
			_, memoryErr := inMemory.step()
			if class(diskErr) != class(memoryErr) {
				t.Fatalf("seed %d, step %d, %s: disk says %v, memory %v", seed, step, did, diskErr, memoryErr)
			}
			if a, b := tree(t, disk, ""), tree(t, memory, ""); !reflect.DeepEqual(a, b) {
				t.Fatalf("seed %d, step %d, %s: on disk\n%s\nin memory\n%s", seed, step, did, strings.Join(a, "\n"), strings.Join(b, "\n"))
			}
		}
		must(t, disk.Close())
	}
}

// script draws operations; equal generators draw the same.
type script struct {
	rng  *rand.Rand
	w    folderfs.Writer
	user outside
}

var pool = []string{
	"a", "b", "d", "e", "d/a", "d/e", "e/a", "d/e/a",
	folderfs.TempDir + "/a", folderfs.TempDir + "/b", folderfs.DisplacedDir + "/a",
}

func (s script) step() (did string, err error) {
	op, one, two := s.rng.IntN(11), pool[s.rng.IntN(len(pool))], pool[s.rng.IntN(len(pool))]
	number := s.rng.IntN(1000)
	content := []byte(strings.Repeat("x", number))
	switch op {
	case 0:
		return "write " + one, s.user.Write(one, content)
	case 1:
		return "symlink " + one, s.user.Symlink(two, one)
	case 2:
		return "user's rename " + one + " " + two, s.user.Rename(one, two)
	case 3:
		return "mkdir " + one, s.w.Mkdir(one, 0o700|uint32(number&0o77))
	case 4:
		return "rmdir " + one, s.w.Rmdir(one)
	case 5:
		return "remove " + one, s.w.Remove(one)
	case 6:
		return "chmod " + one, s.w.Chmod(one, 0o600|uint32(number&0o77))
	case 7:
		return "exchange " + one + " " + two, s.w.Exchange(one, two)
	case 8:
		return "create " + one, s.create(one, content)
	default:
		return "rename " + one + " " + two, s.w.RenameNoReplace(one, two)
	}
}

func (s script) create(name string, content []byte) error {
	f, err := s.w.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(content, 10)
	return errors.Join(err, f.Truncate(int64(len(content))), f.Close())
}

// class names what an error means, for comparison.
func class(err error) string {
	for _, one := range []struct{ meaning, number error }{
		{folderfs.ErrNotEmpty, syscall.ENOTEMPTY},
		{folderfs.ErrNotDirectory, syscall.ENOTDIR},
		{folderfs.ErrKind, syscall.EISDIR},
		{folderfs.ErrKind, syscall.ELOOP},
		{folderfs.ErrName, folderfs.ErrName},
		{fs.ErrExist, syscall.EEXIST},
		{fs.ErrNotExist, syscall.ENOENT},
		{syscall.EINVAL, syscall.EINVAL},
	} {
		if errors.Is(err, one.meaning) || errors.Is(err, one.number) {
			return one.meaning.Error()
		}
	}
	return fmt.Sprint(err)
}

// tree lists all that is in a folder, one line a name.
func tree(t *testing.T, r folderfs.Reader, name string) (lines []string) {
	list, err := r.ReadDir(name)
	must(t, err)
	for _, info := range list {
		at := strings.TrimPrefix(name+"/"+info.Name, "/")
		line := fmt.Sprintf("%s kind %d mode %o", at, info.Kind, info.Mode)
		switch info.Kind {
		case folderfs.File:
			line += fmt.Sprintf(" size %d links %d", info.Size, info.Links)
		case folderfs.Symlink:
			text, err := r.ReadLink(at)
			must(t, err)
			line += " to " + text
		}
		lines = append(lines, line)
		if info.Kind == folderfs.Directory {
			lines = append(lines, tree(t, r, at)...)
		}
	}
	return lines
}
