package integration

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The storm: what is done, and how often a daemon is killed meanwhile.
const (
	stormEdits = 500
	stormKills = 5
	stormSeed  = 20
)

// TestTwoDevicesStayIdenticalThroughAStorm syncs a tree, at its full size the Go
// standard library's source, both ways and makes edits, renames and deletions on
// both sides, while one daemon or the other is killed.
func TestTwoDevicesStayIdenticalThroughAStorm(t *testing.T) {
	c := NewCluster(t, 2, options{adapt: func(i int, n *node) {
		if os.Getenv(fullVariable) == "" || raceEnabled {
			n.growTree(i, 300)
		} else {
			n.copyHalf(goSource(t), i)
		}
	}})
	tree := c.AwaitEqual()
	t.Logf("both hold %d names", len(tree))
	s := &storm{rand: rand.New(rand.NewPCG(stormSeed, 0)), nodes: c.nodes}
	for i := range stormEdits {
		side := s.rand.IntN(2)
		s.edit(c.nodes[side], i)
		if (i+1)%(stormEdits/stormKills) == 0 {
			victim := s.rand.IntN(2)
			c.Kill(victim)
			for k := range 10 {
				s.edit(c.nodes[s.rand.IntN(2)], stormEdits+i*10+k) // while it is away
			}
			c.Start(victim)
		}
	}
	t.Logf("made %v", s.made)
	tree = c.AwaitEqual()
	for name, text := range s.written {
		if o, ok := tree[name]; ok && o.Kind == 0 && !s.doubtful[name] && !c.nodes[0].holds(name, text) {
			t.Errorf("%s does not hold what was written there last", name)
		}
	}
	for _, n := range c.nodes {
		if f := n.folderStatus(); len(f.Errors) > 0 {
			t.Errorf("%s has problems: %v", n.name, f.Errors)
		}
	}
}

// goSource is the directory of the standard library's source.
func goSource(t *testing.T) string {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("where Go is: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "src")
}

// copyHalf copies every second file of a tree, those with odd or even numbers.
func (n *node) copyHalf(root string, half int) {
	n.t.Helper()
	count := 0
	n.must(filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if count++; count%2 != half {
			return nil
		}
		name, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(p)
		if err == nil {
			n.write(filepath.ToSlash(name), string(text))
		}
		return err
	}))
}

// growTree makes a small tree of its own kind.
func (n *node) growTree(half, files int) {
	for i := range files {
		n.write(fmt.Sprintf("p%d/q%d/f%d-%d.go", i%7, i%3, half, i), fmt.Sprintf("package q%d // %d of %d\n", i%3, i, half))
	}
}

// storm makes edits at random. What happens to a name on both sides at about
// the same time may be a conflict; then either outcome will do.
type storm struct {
	rand     *rand.Rand
	nodes    []*node
	made     [4]int
	written  map[string]string // by name: the content written last
	doubtful map[string]bool   // names touched in more than one way
}

func (s *storm) edit(n *node, number int) {
	if s.written == nil {
		s.written, s.doubtful = map[string]string{}, map[string]bool{}
	}
	name, ok := s.pick(n)
	if !ok {
		return
	}
	if _, again := s.written[name]; again {
		s.doubtful[name] = true
	}
	kind := s.rand.IntN(4)
	s.made[kind]++
	switch kind {
	case 0:
		text := fmt.Sprintf("edit %d by %s", number, n.name)
		if os.WriteFile(n.path(name), []byte(text), 0o644) == nil {
			s.written[name] = text
		}
	case 1:
		fresh := path.Join(path.Dir(name), fmt.Sprintf("new%d.txt", number))
		n.write(fresh, fresh)
		s.written[fresh] = fresh
	case 2:
		if dir := path.Dir(name); strings.Contains(dir, "/") && s.rand.IntN(4) == 0 {
			name = dir // a directory with all that it holds
		}
		to := path.Join(path.Dir(name), fmt.Sprintf("renamed%d", number))
		os.Rename(n.path(name), n.path(to)) // it may be gone: the other side is at work
		s.doubtful[name] = true
	case 3:
		os.Remove(n.path(name))
		s.doubtful[name] = true
	}
}

// pick chooses a file, by walking down from the root at random.
func (s *storm) pick(n *node) (name string, ok bool) {
	for range 20 {
		list, err := os.ReadDir(n.path(name))
		if err != nil {
			return "", false
		}
		list = slices.DeleteFunc(list, func(d fs.DirEntry) bool { return d.Name() == workDir })
		if len(list) == 0 {
			name = ""
			continue
		}
		d := list[s.rand.IntN(len(list))]
		if name = path.Join(name, d.Name()); !d.IsDir() {
			return name, true
		}
	}
	return "", false
}
