package observe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Item is what a name in a folder is, as far as devices agree on it.
type Item struct {
	Mode  fs.FileMode // type, and 0o100 if a file may be executed
	Size  int64       // of files
	MTime int64       // of files, Unix time in nanoseconds
	Link  string      // target of symbolic links
}

// Tree is the content of a folder by slash-separated name.
type Tree map[string]Item

// own reports whether a name at the top of a folder belongs to a program, not
// to the user.
func own(name string) bool { return name == ".labsync" || strings.HasPrefix(name, ".st") }

// Read looks at every name below dir. It opens no file.
func Read(dir string) (Tree, error) {
	t := Tree{}
	err := walk(dir, func(name string, d fs.DirEntry) error {
		it, err := look(filepath.Join(dir, filepath.FromSlash(name)), d)
		t[name] = it
		return err
	})
	return t, err
}

// Count counts the names below dir.
func Count(dir string) (int, error) {
	n := 0
	err := walk(dir, func(string, fs.DirEntry) error { n++; return nil })
	return n, err
}

// walk calls each for every name below dir, directories before what is in them.
// What goes while it looks is left out.
func walk(dir string, each func(name string, d fs.DirEntry) error) error {
	return walkIn(dir, "", each)
}

func walkIn(dir, in string, each func(name string, d fs.DirEntry) error) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(in)))
	if errors.Is(err, fs.ErrNotExist) && in != "" {
		return nil
	}
	if err != nil {
		return err
	}
	list, err := f.ReadDir(-1)
	f.Close()
	if err != nil {
		return err
	}
	for _, d := range list {
		name := d.Name()
		if in == "" && own(name) {
			continue
		}
		if in != "" {
			name = in + "/" + name
		}
		if err := each(name, d); err != nil {
			return err
		}
		if !d.IsDir() {
			continue
		}
		if err := walkIn(dir, name, each); err != nil {
			return err
		}
	}
	return nil
}

func look(path string, d fs.DirEntry) (Item, error) {
	info, err := d.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return Item{}, nil // equal to nothing that is expected
	}
	if err != nil {
		return Item{}, err
	}
	return itemOf(path, info)
}

func itemOf(path string, info fs.FileInfo) (Item, error) {
	it := Item{Mode: info.Mode().Type()}
	switch {
	case info.Mode().IsRegular():
		it.Mode |= info.Mode() & 0o100
		it.Size, it.MTime = info.Size(), info.ModTime().UnixNano()
	case it.Mode == fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Item{}, err
		}
		it.Link = target
	}
	return it, nil
}

// Look looks at one name below dir; ok is false if there is none.
func Look(dir, name string) (it Item, ok bool, err error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Item{}, false, nil
	}
	if err != nil {
		return Item{}, false, err
	}
	it, err = itemOf(path, info)
	return it, err == nil, err
}

// Difference names one name that differs between two trees, "" for none.
func Difference(want, got Tree) string {
	for name, w := range want {
		g, ok := got[name]
		if !ok {
			return name + " is missing"
		}
		if g != w {
			return fmt.Sprintf("%s is %+v, want %+v", name, g, w)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			return name + " should not be there"
		}
	}
	return ""
}

// Moved returns the tree after the name from, and what is beneath, became to.
// The empty name stands for the folder, so Moved("", "a") puts all beneath a
// new directory a.
func (t Tree) Moved(from, to string) Tree {
	out := make(Tree, len(t)+1)
	if from == "" {
		out[to] = Item{Mode: fs.ModeDir}
	}
	for name, it := range t {
		rest, beneath := strings.CutPrefix(name, from)
		switch {
		case from == "":
			name = to + "/" + name
		case beneath && (rest == "" || rest[0] == '/'):
			name = to + rest
		}
		out[name] = it
	}
	return out
}

// Without returns the tree without a name and what is beneath it.
func (t Tree) Without(dir string) Tree {
	out := make(Tree, len(t))
	for name, it := range t {
		if name != dir && !strings.HasPrefix(name, dir+"/") {
			out[name] = it
		}
	}
	return out
}

// Bytes is the sum of the sizes of all files.
func (t Tree) Bytes() (sum int64) {
	for _, it := range t {
		sum += it.Size
	}
	return sum
}
