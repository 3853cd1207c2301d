package crash

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/labsync/labsync/internal/folderfs"
)

// tree is what a folder shows, by slash-separated name.
type tree map[string]look

// shown reads a folder, the work directory left out.
func shown(root string) (tree, error) {
	t := tree{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == root {
			return err
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if name == folderfs.WorkDir {
			return filepath.SkipDir
		}
		t[filepath.ToSlash(name)], err = lookAt(p, d)
		return err
	})
	return t, err
}

// lookAt reads what stands at a path.
func lookAt(p string, d fs.DirEntry) (look, error) {
	switch {
	case d.IsDir():
		return (&state{Type: 1}).look(), nil
	case d.Type() == fs.ModeSymlink:
		target, err := os.Readlink(p)
		return linkTo(target), err
	}
	data, err := os.ReadFile(p)
	if err != nil {
		return "", err
	}
	if serial, ok := recognize(data); ok {
		return holding(serial), nil
	}
	return broken(data), nil
}

// broken is the look of a file that is no content as a whole.
func broken(data []byte) look {
	filled := len(data) - strings.Count(string(data), "\x00")
	return look(fmt.Sprintf("%s: %d bytes, of which %d are not zero, of content %d", brokenFile, len(data), filled, serialOf(int64(len(data)))))
}

const brokenFile = "a broken file"

func (l look) isBroken() bool { return strings.HasPrefix(string(l), brokenFile) }

// differing lists the names at which two trees differ.
func (t tree) differing(u tree) []string {
	names := maps.Clone(t)
	maps.Copy(names, u)
	maps.DeleteFunc(names, func(name string, _ look) bool { return t.at(name) == u.at(name) })
	return slices.Sorted(maps.Keys(names))
}

// difference tells where two trees differ, "" if nowhere.
func (t tree) difference(u tree) string {
	var out []string
	for _, name := range t.differing(u) {
		out = append(out, fmt.Sprintf("%s is %s here, %s there", name, t.at(name), u.at(name)))
	}
	return strings.Join(out, "; ")
}

func (t tree) at(name string) look {
	if l, ok := t[name]; ok {
		return l
	}
	return (*state)(nil).look()
}
