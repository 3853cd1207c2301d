package corpus

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// contents reads everything below a directory, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.Type() == fs.ModeSymlink:
			all[rel], err = os.Readlink(path)
		case d.Type().IsRegular():
			var text []byte
			text, err = os.ReadFile(path)
			all[rel] = info.Mode().String() + string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestASeedMakesTheSameFilesEveryTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		files int
		make  func(path string, seed uint64) error
	}{
		{"small files", 130, func(p string, seed uint64) error { return Small(p, 130, seed) }},
		{"a source-like tree", 200, func(p string, seed uint64) error { return Source(p, 200, 300_000, seed) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			var trees []map[string]string
			for _, seed := range []uint64{1, 1, 2} {
				dir := filepath.Join(t.TempDir(), "x")
				if err := c.make(dir, seed); err != nil {
					t.Fatal(err)
				}
				trees = append(trees, contents(t, dir))
			}
			if len(trees[0]) != c.files {
				t.Errorf("there are %d files, want %d", len(trees[0]), c.files)
			}
			differ := 0
			for name, text := range trees[0] {
				if trees[1][name] != text {
					t.Errorf("%s is another with the same seed", name)
				}
				if trees[2][name] != text {
					differ++
				}
			}
			if differ < c.files/2 {
				t.Errorf("with another seed %d of %d files differ", differ, c.files)
			}
		})
	}
}

func TestASourceTreeHasTheBytesAskedForAndSomeOfEachKind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	const n, total = 600, 1_500_000
	if err := Source(dir, n, total, 7); err != nil {
		t.Fatal(err)
	}
	var sum int64
	var empty, links, programs, dirs int
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		switch {
		case d.IsDir():
			dirs++
		case d.Type() == fs.ModeSymlink:
			links++
		case info.Size() == 0:
			empty++
		case info.Mode()&0o100 != 0:
			programs++
		}
		if d.Type().IsRegular() {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum < total*95/100 || sum > total {
		t.Errorf("the files have %d bytes, want about %d", sum, total)
	}
	if empty == 0 || links == 0 || programs == 0 || dirs != n/perDirectory {
		t.Errorf("%d empty files, %d links, %d programs, %d directories", empty, links, programs, dirs)
	}
}

func TestEditsChangeWhatTheySay(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	if err := File(a, 5000, 1); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := Insert(a, b, 10, []byte("new")); err != nil {
		t.Fatal(err)
	}
	inserted, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := string(before[:10]) + "new" + string(before[10:]); string(inserted) != want {
		t.Error("an insertion changed more than it put in")
	}
	if err := Overwrite(a, 5000, 100, 2); err != nil { // append
		t.Fatal(err)
	}
	if err := Overwrite(a, 1000, 50, 3); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != 5100 || !bytes.Equal(after[:1000], before[:1000]) || !bytes.Equal(after[1050:5000], before[1050:]) ||
		bytes.Equal(after[1000:1050], before[1000:1050]) {
		t.Error("an overwrite changed other bytes than its own")
	}
}
